public import FilterKit
import Filters

/// Takes bytes off the front that stand there under a mask, and keeps them as they are without; a packet without as many is dropped. On
/// the way back it cuts them off the end.
public struct Peel: Filter {
  public static let name = "Peel"
  private let options: PeelProgram.Options

  public init(options: inout Options, context: inout FilterContext) {
    self.options = PeelProgram.Options(
      mask: UInt64(options.integer("mask", in: 0...0xff, default: 0)) &* 0x0101_0101_0101_0101,
      key: context.key(Capture.defaultKey, setOn: .read), size: UInt32(options.integer("size", in: 1...32)))
  }

  public func read(_ packet: inout Packet) -> Verdict { PeelProgram.read(&packet, options) }
  public func write(_ packet: inout Packet) -> Verdict { PeelProgram.write(&packet, options) }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    var options = options
    options.key = try image.place(setting: options.key)
    try image.append(PeelProgram.self, options)
  }
}
