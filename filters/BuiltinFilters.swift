public import FilterKit

extension FilterRegistry {
  /// The filters that come with the proxy.
  public static var builtin: FilterRegistry {
    FilterRegistry(
      [
        Capture.self, TokenRouter.self, HashedTokenRouter.self, LoadBalancer.self, Firewall.self, LocalRateLimit.self,
        Match.self, Concatenate.self, Compress.self, Debug.self, Drop.self, Pass.self, Timestamp.self, PacketSize.self,
      ], program: .compiled)
  }
}
