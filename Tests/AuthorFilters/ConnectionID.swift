public import FilterKit
import Filters

/// Keeps the connection id of a QUIC packet (RFC 9000, 17), by which a router finds the server.
public struct ConnectionID: PacketProgramFilter {
  public typealias Program = ConnectionIDProgram
  public static let name = "ConnectionID"
  public static let dropReasons = ["no_connection_id", "long_connection_id"]
  public static let directions: Directions = .read
  public let program: ConnectionIDProgram.Options

  public init(options: inout Options, context: inout FilterContext) {
    program = ConnectionIDProgram.Options(
      shortSize: UInt32(options.integer("size", in: 1...20)), id: context.key(Capture.defaultKey, setOn: .read),
      isLong: context.key("long", setOn: .read))
  }

  public func place(_ program: inout ConnectionIDProgram.Options, in image: inout ChainEncoder) throws(KernelRefusal) {
    program.id = try image.place(setting: program.id)
    program.isLong = try image.place(setting: program.isLong)
  }
}
