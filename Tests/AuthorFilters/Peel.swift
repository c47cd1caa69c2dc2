public import FilterKit
import Filters

/// Takes bytes off the front and keeps them; a packet without as many is dropped. On the way back it cuts them off the end.
public struct Peel: Filter {
  public static let name = "Peel"
  private let options: PeelProgram.Options

  public init(options: inout Options, context: inout FilterContext) {
    let key = context.key("quilkin.dev/capture", setOn: .read)
    self.options = PeelProgram.Options(key: key, size: UInt32(options.integer("size", in: 1...32)))
  }

  public func read(_ packet: inout Packet) -> Verdict { PeelProgram.read(&packet, options) }
  public func write(_ packet: inout Packet) -> Verdict { PeelProgram.write(&packet, options) }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    var options = options
    options.key = try image.place(setting: options.key)
    try image.append(PeelProgram.self, options)
  }
}
