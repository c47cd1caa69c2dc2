import CDataPath
public import FilterKit

/// Drops every packet. Useful at the end of a branch of `Match`.
public struct Drop: Filter {
  public static let name = "Drop"
  public static let aliases = ["quilkin.filters.drop.v1alpha1.Drop"]
  public static let summary = "Drops every packet."

  public init(options: inout Options, context: inout FilterContext) {}

  public func read(_ packet: inout Packet) -> Verdict { DropProgram.run(&packet) }
  public func write(_ packet: inout Packet) -> Verdict { DropProgram.run(&packet) }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    try image.append { $0.kind = UInt8(SLOT_DROP.rawValue) }
  }
}
