public import FilterKit
import Filters

/// Takes a token off the end that is hidden under a mask, and keeps it in the clear for the router.
public struct XORToken: PacketProgramFilter {
  public typealias Program = XORTokenProgram
  public static let name = "XORToken"
  public static let summary = "Takes a token off the end that is hidden under a mask."
  public static let dropReasons = ["no_token"]
  /// Packets from servers pass as they are.
  public static let directions: Directions = .read
  public let program: XORTokenProgram.Options

  public init(options: inout Options, context: inout FilterContext) {
    let mask = options.integer("mask", in: 0...255)
    let size = options.integer("size", in: 1...32)
    program = XORTokenProgram.Options(
      mask: UInt64(mask) &* 0x0101_0101_0101_0101, size: UInt32(size),
      token: context.key(Capture.defaultKey, setOn: .read))
  }

  public func place(_ program: inout XORTokenProgram.Options, in image: inout ChainEncoder) throws(KernelRefusal) {
    program.token = try image.place(setting: program.token)
  }
}

extension FilterRegistry {
  /// The proxy's own filters and `XORToken`.
  public static var withXORToken: FilterRegistry { .builtin.adding(XORToken.self, program: .compiled) }
}
