public import FilterKit

/// Sends a packet to every endpoint that has the token which an earlier filter captured.
public struct TokenRouter: Filter {
  public static let name = "TokenRouter"
  public static let aliases = ["quilkin.filters.token_router.v1alpha1.TokenRouter"]

  private let token: MetadataKey

  public init(options: inout Options, context: inout FilterContext) {
    token = context.key(options.string("metadataKey", default: Capture.defaultKey))
  }

  public func read(_ packet: inout Packet) -> Verdict { TokenRouterProgram.read(&packet, token: token) }
}
