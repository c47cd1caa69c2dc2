public import FilterKit

/// The same as `TokenRouter`, under the name that configurations of another proxy use.
///
/// Every look-up of a token goes through a hash here, and tokens compare by all their bytes, so there is nothing to choose.
public struct HashedTokenRouter: Filter {
  public static let name = "HashedTokenRouter"
  public static let aliases = ["quilkin.filters.token_router.v1alpha1.HashedTokenRouter"]
  public static let summary = "Sends to the endpoints that have the captured token."

  private let router: TokenRouter

  public init(options: inout Options, context: inout FilterContext) {
    router = TokenRouter(options: &options, context: &context)
  }

  public func read(_ packet: inout Packet) -> Verdict { router.read(&packet) }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) { try router.encode(into: &image) }
}
