public import KernelPath

/// How the kernel path of a proxy is set up.
public struct KernelOptions: Sendable {
  public var path = KernelPathOptions()
  /// Rather not serve at all than on sockets alone.
  public var requiresOffload = false

  public init() {}
}
