import CDataPath
public import FilterKit

/// Drops packets whose payload is smaller or larger than allowed.
public struct PacketSize: Filter {
  public static let name = "PacketSize"
  public static let summary = "Limits the size of datagrams."

  private let onRead: PacketSizeBounds
  private let onWrite: PacketSizeBounds?

  public init(options: inout Options, context: inout FilterContext) {
    onRead = Self.bounds(&options)
    onWrite = options.object("on_write") { Self.bounds(&$0) }
  }

  private static func bounds(_ options: inout Options) -> PacketSizeBounds {
    let range = 0...PacketBatch.maximumPayload
    let minimum = options.optionalInteger("min", in: range)
    let maximum = options.optionalInteger("max", in: range)
    if minimum == nil, maximum == nil { options.report("give 'min', 'max' or both: without them nothing is checked") }
    if let minimum, let maximum, minimum > maximum {
      options.report("'min' is \(minimum) and 'max' is \(maximum): no packet fits", at: options.mark(of: "min"))
    }
    return PacketSizeBounds(
      minimum: UInt32(minimum ?? range.lowerBound), maximum: UInt32(maximum ?? range.upperBound))
  }

  public func read(_ packet: inout Packet) -> Verdict { PacketSizeProgram.run(&packet, onRead) }

  public func write(_ packet: inout Packet) -> Verdict {
    guard let onWrite else { return .forward }
    return PacketSizeProgram.run(&packet, onWrite)
  }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    guard let bounds = image.direction == .read ? onRead : onWrite else { return }
    try image.append { bounds.encode(into: &$0) }
  }
}
