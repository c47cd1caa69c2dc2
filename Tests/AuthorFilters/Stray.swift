public import FilterKit
import Filters

/// A filter that the kernel refuses: its program takes what stands in the packet for an address.
public struct Stray: Filter {
  public static let name = "Stray"
  public init(options: inout Options, context: inout FilterContext) {}

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    try image.append(StrayProgram.self, StrayProgram.Options())
  }
}
