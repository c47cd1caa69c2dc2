public import FilterKit
public import SocketPath

/// How a proxy is set up; fixed for its life.
public struct ProxyServerOptions: Sendable {
  /// The configuration file; it is read again at each reload.
  public var configurationFile = "proxy.yaml"
  public var sockets = SocketPathOptions()
  /// How long sessions are served on after the proxy was asked to end.
  public var drainTimeout: Duration = .seconds(30)
  /// Where the admin pages are; nil for none.
  public var admin: SocketAddress? = ProxyServerOptions.defaultAdmin

  /// The kernel path; nil for sockets alone.
  public var kernel: KernelOptions?

  /// How often endpoints' names are looked up again.
  public var lookupInterval: Duration = .seconds(30)
  /// Who finds the addresses of names.
  var findAddresses: EndpointNames.Find = EndpointLookup.find

  public static let defaultAdmin = SocketAddress(IPAddress(v4: 0x7f00_0001), port: 8000)

  public init() {}
}
