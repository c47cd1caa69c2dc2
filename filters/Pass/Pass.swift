public import FilterKit

/// Passes every packet on. Useful as a branch of `Match`.
public struct Pass: Filter {
  public static let name = "Pass"
  public static let aliases = ["quilkin.filters.pass.v1alpha1.Pass"]
  public static let summary = "Does nothing."

  public init(options: inout Options, context: inout FilterContext) {}

  // The loops over the batch have nothing to do.
  public func read(batch: inout PacketBatch) {}
  public func write(batch: inout PacketBatch) {}

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {}
}
