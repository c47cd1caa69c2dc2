import FilterKit
import Filters
import Synchronization

extension FilterRegistry {
  /// The builtin filters with those that tests need.
  static var withFakes: FilterRegistry {
    var registry = FilterRegistry.builtin
    registry.register(TwoFaced.self)
    registry.register(Counting.self)
    registry.register(Moody.self)
    return registry
  }
}

/// Runs one filter on sockets and another one in the kernel.
struct TwoFaced: Filter {
  static let name = "TwoFaced"
  private let sockets: [FilterNode]
  private let kernel: [FilterNode]

  init(options: inout Options, context: inout FilterContext) {
    sockets = [options.requiredObject("sockets") { context.filter(in: &$0) }].compactMap(\.self)
    kernel = [options.requiredObject("kernel") { context.filter(in: &$0) }].compactMap(\.self)
  }

  func read(batch: inout PacketBatch) { sockets.run(0, .read, &batch) }
  func write(batch: inout PacketBatch) { sockets.run(0, .write, &batch) }
  func encode(into image: inout ChainEncoder) throws(KernelRefusal) { try image.append(kernel[0]) }
}

/// Counts packets on sockets, and forgets to in the kernel unless told to count there.
struct Counting: Filter {
  static let name = "Counting"
  private let counter: Counter

  init(options: inout Options, context: inout FilterContext) {
    counter = context.counter("counting_packets_total", help: "Packets.")
  }

  func read(_ packet: inout Packet) -> Verdict {
    packet.add(to: counter)
    return .forward
  }

  func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    if image.direction == .read { _ = try image.number(of: counter) }
  }
}

/// Cuts off one byte more in every second chain that it is in.
struct Moody: Filter {
  static let name = "Moody"
  private static let number = Atomic<UInt32>(0)
  private let size: UInt32

  init(options: inout Options, context: inout FilterContext) {
    size = Self.number.wrappingAdd(1, ordering: .relaxed).newValue % 2
  }

  func read(_ packet: inout Packet) -> Verdict {
    _ = packet.removeFirst(size)
    return .forward
  }
}
