package import CDataPath
public import FilterKit

/// One direction of a session as the kernel's program carries it on.
public struct KernelRoute: Sendable {
  /// What the packet's addresses become.
  public var source: SocketAddress
  public var destination: SocketAddress
  /// The next hop, where it is known; the program looks it up itself otherwise.
  public var hop: Hop?

  public init(from source: SocketAddress, to destination: SocketAddress, hop: Hop? = nil) {
    self.source = source
    self.destination = destination
    self.hop = hop
  }

  /// A neighbour on one of the image's interfaces.
  public struct Hop: Sendable {
    let word: UInt64
    let mtu: UInt32

    /// - Parameter interface: the place of the interface in the image.
    public init(mac: [UInt8], interface: Int, mtu: UInt32) {
      precondition(mac.count == 6 && interface >= 0 && interface < Int(CHAIN_INTERFACES))
      word = mac.reversed().reduce(0) { $0 << 8 | UInt64($1) } | UInt64(interface) << 48
      self.mtu = mtu
    }
  }

  var entry: route_entry {
    var entry = route_entry()
    entry.source = KernelBytes(source.ip).array
    entry.destination = KernelBytes(destination.ip).array
    entry.source_port = source.port.bigEndian
    entry.destination_port = destination.port.bigEndian
    if !destination.ip.isV4 { entry.next_hop = NEXT_HOP_V6 }
    if let hop {
      entry.next_hop |= hop.word
      entry.mtu = hop.mtu
    }
    return entry
  }
}

extension KernelMaps {
  var sessionMaps: SessionMaps { SessionMaps(sessions: sessions, replies: replies) }

  /// Lets packets of `client` that the chain sends to `endpoint` go this way.
  public func setRoute(client: SocketAddress, endpoint: UInt32, _ route: KernelRoute) throws(KernelPathError) {
    try sessions.set(Self.key(client, endpoint), route.entry)
  }

  /// Lets packets from `server` to `proxy` go this way.
  public func setRoute(server: SocketAddress, proxy: SocketAddress, _ route: KernelRoute) throws(KernelPathError) {
    try replies.set(Self.key(server, proxy), route.entry)
  }

  /// A client's route with what was noted of its traffic, for tests; nil without the route.
  package func route(client: SocketAddress, endpoint: UInt32) -> route_entry? { sessions[Self.key(client, endpoint)] }

  /// Sets which interface stands at a place of the image, for packets that leave over another one than they came in.
  package func setInterface(_ place: UInt32, index: UInt32) throws(KernelPathError) { try interfaces.set(place, index) }

  /// The bytes of the longest token that a chain in the kernel can capture.
  static var maximumToken: Int { Int(CHAIN_VALUE_SIZE) }

  /// Sets which endpoints have a token. None: the token is not known.
  public func setToken(_ token: [UInt8], endpoints: [UInt32]) throws(KernelPathError) {
    let key = Self.key(token)
    guard let first = endpoints.first else {
      tokens.remove(key)
      return
    }
    try tokens.set(key, token_entry(endpoint: first, count: UInt32(endpoints.count)))
  }

  /// Sets where packets go that no filter chose an endpoint for.
  public func setEndpoints(_ endpoints: [UInt32]) throws(KernelPathError) {
    try set(KernelRouting.Target(endpoint: endpoints.first ?? 0, count: UInt32(endpoints.count)))
  }

  func set(_ all: KernelRouting.Target) throws(KernelPathError) {
    try defaults.set(0, default_route(endpoint: all.endpoint, count: all.count))
  }

  static func key(_ token: [UInt8]) -> token_key {
    precondition(token.count <= maximumToken, "the plan refuses chains that capture more")
    var key = token_key()
    withUnsafeMutableBytes(of: &key.words) { $0.copyBytes(from: token) }
    key.tag = UInt64(MetadataKind.bytes.rawValue) << 32 | UInt64(token.count)
    return key
  }

  static func key(_ client: SocketAddress, _ endpoint: UInt32) -> session_key {
    var key = session_key()
    key.client = KernelBytes(client.ip).array
    key.client_port = client.port.bigEndian
    key.endpoint = endpoint
    return key
  }

  static func key(_ server: SocketAddress, _ proxy: SocketAddress) -> reply_key {
    var key = reply_key()
    key.server = KernelBytes(server.ip).array
    key.proxy = KernelBytes(proxy.ip).array
    key.server_port = server.port.bigEndian
    key.proxy_port = proxy.port.bigEndian
    return key
  }
}
