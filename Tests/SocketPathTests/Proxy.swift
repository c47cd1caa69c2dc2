import DataPath
import FilterKit
import ProxyConfiguration
import SocketPath
import TestNetwork

/// A socket path with the filters of these tests, in a namespace of its own.
///
/// The namespace takes packets for any address of 192.0.2.0/24, 198.51.100.0/24 and 2001:db8::/32.
final class Proxy: Sendable {
  let namespace: NetworkNamespace
  let metrics = Metrics()
  let path: SocketPath
  private let configuration: Configuration

  init(
    filters: String = "[]", endpoints: [String], in namespace: NetworkNamespace? = nil,
    _ change: (inout SocketPathOptions) -> Void = { _ in }
  ) throws {
    self.namespace = try namespace ?? Self.network()
    configuration = try Self.configuration(filters, endpoints, metrics)
    var options = SocketPathOptions()
    options.listen = SocketAddress(literal: "192.0.2.1:7777")
    options.workers = 2
    change(&options)
    let snapshot = Snapshot(chain: configuration.chain, routing: configuration.routing)
    path = try self.namespace.run { [options, metrics] in try SocketPath(options, snapshot: snapshot, metrics: metrics)
    }
    // The sockets of new sessions are opened by the workers, so these must live in the namespace too.
    try self.namespace.run { try path.start() }
  }

  deinit { path.stop() }

  static func network() throws -> NetworkNamespace {
    let namespace = try NetworkNamespace()
    for range in ["192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32"] { try namespace.addLocalRange(range) }
    return namespace
  }

  func apply(filters: String = "[]", endpoints: [String]) throws {
    let new = try Self.configuration(filters, endpoints, metrics)
    path.apply(Snapshot(chain: new.chain, routing: new.routing))
  }

  /// A client that has sent nothing yet.
  func client(_ address: String = "198.51.100.1:0") throws -> UDPSocket { try UDPSocket(bind: address, in: namespace) }

  func echo(_ address: String, prefix: String = "") throws -> EchoServer {
    try EchoServer(bind: address, in: namespace, prefix: prefix)
  }

  var address: SocketAddress { path.listening[0] }

  /// Drops by filter and reason, those that are not 0.
  var drops: [String: UInt64] {
    var drops: [String: UInt64] = [:]
    for (family, totals) in metrics.snapshot() where family.name == Metrics.drops {
      for (series, total) in zip(family.series, totals) where total[0] > 0 {
        drops[series.labels.map(\.value).joined(separator: " ")] = total[0]
      }
    }
    return drops
  }

  /// The total of a family with these label values.
  func total(_ name: String, _ labels: String...) -> UInt64 {
    for (family, totals) in metrics.snapshot() where family.name == name {
      for (series, total) in zip(family.series, totals) where labels.allSatisfy(series.labels.map(\.value).contains) {
        return total[0]
      }
    }
    return 0
  }

  private static func configuration(
    _ filters: String, _ endpoints: [String], _ metrics: Metrics
  ) throws -> Configuration {
    let list = endpoints.map { "{address: '\($0)'}" }.joined(separator: ", ")
    let text = "version: v1alpha1\nfilters: \(filters)\nclusters: [{endpoints: [\(list)]}]\n"
    return try ConfigurationFile.read(
      text, file: "test.yaml", registry: FilterRegistry([Choose.self, DropLetter.self, Tag.self]), metrics: metrics)
  }
}

extension Configuration {
  var routing: RoutingTable {
    RoutingTable(endpoints.map { RoutingTable.Endpoint($0.address.socketAddress!, tokens: $0.tokens) })
  }
}

/// Sends a packet to the endpoint whose number is its first byte as a digit; any other packet chooses nothing.
struct Choose: Filter {
  static let name = "Choose"
  init(options: inout Options, context: inout FilterContext) {}

  func read(_ packet: inout Packet) -> Verdict {
    guard packet.count > 0 else { return .forward }
    let digit = packet.bytes.unsafeLoad(as: UInt8.self)
    if digit >= UInt8(ascii: "0"), digit <= UInt8(ascii: "9") {
      packet.addDestination(UInt32(digit - UInt8(ascii: "0")))
    }
    return .forward
  }
}

/// Drops packets that contain an 'x'.
struct DropLetter: Filter {
  static let name = "DropLetter"
  init(options: inout Options, context: inout FilterContext) {}

  func read(_ packet: inout Packet) -> Verdict {
    for index in 0..<Int(packet.count)
    where packet.bytes.unsafeLoad(fromByteOffset: index, as: UInt8.self) == UInt8(ascii: "x") {
      return .drop(.dropped)
    }
    return .forward
  }
}

/// Puts a letter behind the payload: a configured one on read, '<' on write.
struct Tag: Filter {
  static let name = "Tag"
  private let letter: UInt8

  init(options: inout Options, context: inout FilterContext) { letter = options.string("letter").utf8.first ?? 0 }

  func read(_ packet: inout Packet) -> Verdict { append(letter, &packet) }
  func write(_ packet: inout Packet) -> Verdict { append(UInt8(ascii: "<"), &packet) }

  private func append(_ letter: UInt8, _ packet: inout Packet) -> Verdict {
    let fits = withUnsafeBytes(of: letter) { packet.append(RawSpan(_unsafeBytes: $0)) }
    return fits ? .forward : .drop(.payloadTooLarge)
  }
}
