import CDataPath
import FilterKit

/// Where packets go, as the kernel's maps hold it.
struct KernelRouting: Equatable {
  /// Endpoints by their number: one where there is one, and how many there are.
  struct Target: Equatable {
    var endpoint: UInt32
    var count: UInt32
  }

  let tokens: TokenRoutes
  /// Of a packet that no filter chose an endpoint for.
  private var all: Target

  /// The endpoints' numbers in the order of the configuration, where a filter chooses among them.
  private(set) var choices: [UInt32] = []
  /// Where it does so by consistent hashing. It follows from the choices.
  private(set) var ring: HashRing?

  /// - Parameter number: gives the number of an endpoint.
  init(_ routing: RoutingTable, _ tables: KernelTables, number: (SocketAddress) -> UInt32) {
    let endpoints = routing.endpoints
    all = Target(endpoint: endpoints.first.map { number($0.address) } ?? 0, count: UInt32(endpoints.count))
    if tables.choosesEndpoints { choices = endpoints.map { number($0.address) } }
    if tables.choosesConsistently { ring = routing.hashRing }
    tokens = TokenRoutes(endpoints.map { (number($0.address), $0.tokens) })
  }

  /// Whether a filter that chooses among endpoints does so alike by both.
  func choosesAlike(_ other: KernelRouting) -> Bool { choices == other.choices && ring == other.ring }

  /// Writes it to maps that hold `old`, or nothing. Each packet sees one of both, whole: what is new comes before what is old
  /// goes, and what moves does so in one step.
  func write(to maps: KernelMaps, replacing old: KernelRouting? = nil) throws(KernelPathError) {
    var new: [TokenRoutes.Route] = []
    var gone: [token_key] = []
    tokens.forEachChange(since: old?.tokens ?? TokenRoutes([]), added: { new.append($0) }, gone: { gone.append($0) })
    try maps.tokens.set(
      new.map(\.key), new.map { token_entry(endpoint: $0.target.endpoint, count: $0.target.count) })
    if all != old?.all { try maps.set(all) }
    if choices != old?.choices ?? [] || ring != old?.ring { try maps.balance.write(choices, ring: ring) }
    for token in gone { maps.tokens.remove(token) }
  }
}
