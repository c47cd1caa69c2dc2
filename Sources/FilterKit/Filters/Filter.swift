/// A step of the chain.
///
/// An author writes `read` for packets from clients to servers and `write` for the way back; either may be left out, and
/// then passes every packet on. They run on every packet: they allocate nothing, keep nothing of the packet, and share what
/// they change between workers by `Atomic` or `Mutex`.
///
/// A filter whose work the kernel can run puts it into static functions that are generic over `PacketAccess`, and calls
/// them here; see there for their rules.
public protocol Filter: Sendable {
  /// The name in configuration files, for example `Capture`.
  static var name: String { get }
  /// Other names that mean the same, for example those of other proxies.
  static var aliases: [String] { get }
  /// What it does, in one sentence.
  static var summary: String { get }
  /// Names of its own for why it drops packets, at most `DropReason.customCount`: `.drop(.custom(0))` is counted under the first one.
  /// Lowercase words with underscores.
  static var dropReasons: [String] { get }

  /// Reads the options and asks the context for metadata keys and counters. Mistakes are reported through `options`.
  init(options: inout Options, context: inout FilterContext)

  /// Looks at a packet from a client.
  func read(_ packet: inout Packet) -> Verdict
  /// Looks at a packet from a server.
  func write(_ packet: inout Packet) -> Verdict

  /// Runs `read` on a batch. The default does so packet by packet, and is what nearly every filter wants.
  func read(batch: inout PacketBatch)
  /// Runs `write` on a batch. The default does so packet by packet, and is what nearly every filter wants.
  func write(batch: inout PacketBatch)

  /// Adds what the filter does in `image.direction` to the chain that the kernel runs; nothing where it does nothing. The default
  /// refuses, which leaves the whole chain to the sockets.
  func encode(into image: inout ChainEncoder) throws(KernelRefusal)
}

extension Filter {
  public static var aliases: [String] { [] }
  public static var summary: String { "" }
  public static var dropReasons: [String] { [] }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    throw KernelRefusal("it has no packet program for the kernel")
  }

  @inlinable public func read(_ packet: inout Packet) -> Verdict { .forward }
  @inlinable public func write(_ packet: inout Packet) -> Verdict { .forward }

  // One call through the protocol serves the whole batch; the loop is specialised in the author's module.
  @inlinable public func read(batch: inout PacketBatch) {
    var rest = batch.live
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      var packet = batch.packet(index)
      let verdict = read(&packet)
      if !verdict.isForward { batch.drop(index, verdict.reason) }
    }
  }

  @inlinable public func write(batch: inout PacketBatch) {
    var rest = batch.live
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      var packet = batch.packet(index)
      let verdict = write(&packet)
      if !verdict.isForward { batch.drop(index, verdict.reason) }
    }
  }
}
