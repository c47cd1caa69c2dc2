public import FilterKit
import Filters

/// Takes a token off the end that stands there under a mask, and keeps it as it is without.
public struct XORToken: PacketProgramFilter {
  public typealias Program = XORTokenProgram
  public static let name = "XORToken"
  public static let directions: Directions = .read
  public let program: XORTokenProgram.Options

  public init(options: inout Options, context: inout FilterContext) {
    program = XORTokenProgram.Options(
      mask: UInt64(options.integer("mask", in: 0...0xff)) &* 0x0101_0101_0101_0101,
      size: UInt32(options.integer("size", in: 1...32)), token: context.key(Capture.defaultKey, setOn: .read))
  }

  public func place(_ program: inout XORTokenProgram.Options, in image: inout ChainEncoder) throws(KernelRefusal) {
    program.token = try image.place(setting: program.token)
  }
}
