import CTestNetwork
import Glibc

extension NetworkNamespace {
  /// Connects two namespaces by a cable: a pair of virtual Ethernet interfaces, both up.
  ///
  /// Each has a link-local address, without which the kernel cannot ask whether an IPv6 neighbour is still there. Nothing is on the
  /// cable that the test did not send, apart from ARP, neighbour discovery and the membership reports of IPv6.
  public func link(to peer: NetworkNamespace, name: String = "eth0", peerName: String = "eth0") throws {
    for namespace in [self, peer] {
      for parameter in ["accept_dad", "router_solicitations"] {
        try namespace.set("net/ipv6/conf/default/\(parameter)", to: "0")
      }
    }
    let peerPath = "/proc/\(getpid())/fd/\(peer.descriptor.number)"
    try ip("link", "add", name, "type", "veth", "peer", "name", peerName, "netns", peerPath)
    for (namespace, name) in [(self, name), (peer, peerName)] {
      try namespace.ip("link", "set", name, "up")
    }
    // The kernel starts the queue of the end that came up first a moment later, and loses packets until then.
    for (namespace, name) in [(self, name), (peer, peerName)] {
      let isUp = try eventually { try namespace.ip("-oneline", "link", "show", name).contains("state UP") }
      guard isUp else { throw CommandError(command: "ip link", output: "\(name) did not come up") }
    }
  }

  /// Gives an interface an address, such as `192.0.2.1/24` or `2001:db8::1/64`. It can be used at once: no duplicate is looked for.
  public func addAddress(_ address: String, to interface: String = "eth0") throws {
    try ip(["address", "add", address, "dev", interface] + (address.contains(":") ? ["nodad"] : []))
  }

  /// Adds a route by way of a gateway. The destination is a prefix or `default`.
  public func addRoute(_ destination: String, via gateway: String) throws {
    try ip(family(of: gateway) + ["route", "add", destination, "via", gateway])
  }

  /// Adds a route to a network that is on the cable itself.
  public func addRoute(_ destination: String, interface: String) throws {
    try ip(family(of: destination) + ["route", "add", destination, "dev", interface])
  }

  /// Makes every address of a range local, so that a socket can be bound to any of them: thousands of hosts in one line.
  public func addLocalRange(_ range: String) throws {
    try ip(family(of: range) + ["route", "add", "local", range, "dev", "lo"])
    if range.contains(":") {
      // IPv6 asks for an address of an interface, where IPv4 is content with the route.
      try set("net/ipv6/ip_nonlocal_bind", to: "1")
    }
  }

  /// How many frames an interface has received.
  public func receivedFrames(on interface: String) throws -> Int {
    // Name, a colon, then the bytes and the packets received.
    let text = try run {
      let path = "/proc/thread-self/net/dev"
      let file = Descriptor(try checked(open(path, O_RDONLY | O_CLOEXEC), "open \(path)"))
      return try withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 1) { buffer in
        let size = try checked(read(file.number, buffer.baseAddress, buffer.count), "read \(path)")
        return String(decoding: buffer[..<size], as: UTF8.self)
      }
    }
    for line in text.split(separator: "\n") {
      let words = line.split { $0 == " " || $0 == ":" }
      if words.count > 2, words[0] == interface, let packets = Int(words[2]) { return packets }
    }
    throw CommandError(command: "/proc/net/dev", output: "has no \(interface)")
  }

  /// Sets a kernel parameter of the namespace, by its path below `/proc/sys`.
  public func set(_ parameter: String, to value: String) throws {
    try run {
      let path = "/proc/sys/" + parameter
      let file = Descriptor(try checked(open(path, O_WRONLY | O_CLOEXEC), "open \(path)"))
      _ = try checked(write(file.number, value, value.utf8.count), "write \(value) to \(path)")
    }
  }

  /// Lets an interface leave the checksums of what it sends to hardware, as a new one does, or has them computed before.
  public func setSendChecksums(offloaded: Bool, of interface: String = "eth0") throws {
    try run { _ = try checked(interface_set_send_checksums(interface, offloaded ? 1 : 0), "set up \(interface)") }
  }

  /// Runs the command `ip` inside of the namespace.
  /// - Returns: What it printed.
  /// - Throws: `CommandError` with what it printed, where it failed.
  @discardableResult
  public func ip(_ arguments: String...) throws -> String { try ip(arguments) }

  @discardableResult
  private func ip(_ arguments: [String]) throws -> String {
    let process = try ChildProcess("ip", arguments, in: self)
    let status = try process.awaitExit()
    guard status == .exited(0) else {
      throw CommandError(command: (["ip"] + arguments).joined(separator: " "), output: process.output)
    }
    return process.output
  }

  private func family(of address: String) -> [String] { [address.contains(":") ? "-6" : "-4"] }
}

/// A command that failed.
public struct CommandError: Error, CustomStringConvertible, Sendable {
  public let command: String
  /// What it printed.
  public let output: String

  public init(command: String, output: String) {
    self.command = command
    self.output = output
  }

  public var description: String { "\(command): \(output)" }
}
