import CDataPath
public import FilterKit

/// Sends a packet to every endpoint that has the token which an earlier filter captured.
public struct TokenRouter: Filter {
  public static let name = "TokenRouter"
  public static let aliases = ["quilkin.filters.token_router.v1alpha1.TokenRouter"]
  public static let summary = "Sends to the endpoints that have the captured token."

  private let token: MetadataKey

  public init(options: inout Options, context: inout FilterContext) {
    token = context.key(options.string("metadataKey", default: Capture.defaultKey))
  }

  public func read(_ packet: inout Packet) -> Verdict { TokenRouterProgram.read(&packet, token: token) }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    guard image.direction == .read else { return }
    let key = try image.place(reading: token)
    try image.append { slot in
      slot.kind = UInt8(SLOT_ROUTE.rawValue)
      slot.key = key.index
    }
  }
}
