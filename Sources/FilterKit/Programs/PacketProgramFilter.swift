public import PacketKit

/// A filter whose work per packet is a packet program, and nothing else: it says with which options, and the rest is done here, in
/// both paths.
///
/// ```swift
/// public struct VersionCheck: PacketProgramFilter {
///   public static let name = "VersionCheck"
///   public static let dropReasons = ["bad_version"]
///   public let program: VersionCheckProgram.Options
///
///   public init(options: inout Options, context: inout FilterContext) {
///     program = .init(version: UInt8(options.integer("version", in: 0...255)))
///   }
/// }
/// ```
public protocol PacketProgramFilter: Filter {
  associatedtype Program: PacketProgram

  /// What the program is called with on sockets.
  var program: Program.Options { get }
  /// What the program remembers; nil by default.
  var state: ProgramState? { get }
  /// The directions in which the program does something; both by default.
  static var directions: Directions { get }

  /// Puts the kernel's places in for metadata keys and counters in the program's options: for each one what `image.place` gives. The
  /// default does nothing, which is right for options without any. Throws where the kernel cannot run the program with these options.
  func place(_ program: inout Program.Options, in image: inout ChainEncoder) throws(KernelRefusal)
}

extension PacketProgramFilter {
  public var state: ProgramState? { nil }
  public static var directions: Directions { [.read, .write] }
  public func place(_ program: inout Program.Options, in image: inout ChainEncoder) throws(KernelRefusal) {}

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    guard Self.directions.contains(Directions(image.direction)) else { return }
    var options = program
    try place(&options, in: &image)
    try image.append(Program.self, options, state: state)
  }

  @inlinable public func read(_ packet: inout Packet) -> Verdict {
    Self.directions.contains(.read) ? Program.run(&packet, .read, program, state) : .forward
  }

  @inlinable public func write(_ packet: inout Packet) -> Verdict {
    Self.directions.contains(.write) ? Program.run(&packet, .write, program, state) : .forward
  }

  @inlinable public func read(batch: inout PacketBatch) {
    if Self.directions.contains(.read) { run(.read, &batch) }
  }

  @inlinable public func write(batch: inout PacketBatch) {
    if Self.directions.contains(.write) { run(.write, &batch) }
  }

  @inlinable @inline(__always) func run(_ direction: Direction, _ batch: inout PacketBatch) {
    let options = program
    let state = state
    let before = batch.use(state.map(Unmanaged.passUnretained))
    var rest = batch.live
    while rest != 0 {
      let index = rest.trailingZeroBitCount
      rest &= rest &- 1
      var packet = batch.packet(index)
      let verdict = Program.run(&packet, direction, options)
      if !verdict.isForward { batch.drop(index, verdict.reason) }
    }
    _ = batch.use(before)
    withExtendedLifetime(state) {}
  }
}

extension PacketProgram {
  /// Runs the program on sockets, for a filter that does more than that: `read` or `write`, and `note` if the packet passed.
  @inlinable public static func run(
    _ packet: inout Packet, _ direction: Direction, _ options: Options, _ state: ProgramState?
  ) -> Verdict {
    let context = packet.context
    let before = context.pointee.state
    context.pointee.state = state.map(Unmanaged.passUnretained)
    let verdict = run(&packet, direction, options)
    context.pointee.state = before
    withExtendedLifetime(state) {}
    return verdict
  }

  @inlinable @inline(__always) static func run(
    _ packet: inout Packet, _ direction: Direction, _ options: Options
  ) -> Verdict {
    let verdict = direction == .read ? read(&packet, options) : write(&packet, options)
    return verdict.isForward ? note(&packet, options) : verdict
  }
}
