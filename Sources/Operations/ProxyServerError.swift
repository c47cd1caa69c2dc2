public import KernelPath
public import ProxyConfiguration
public import SocketPath

/// Why a proxy does not serve.
public enum ProxyServerError: Error, CustomStringConvertible {
  /// The file has errors.
  case configuration(ConfigurationError)
  /// The file is right, and names servers that do not exist.
  case endpoints(EndpointLookupError)
  /// The packets' sockets cannot be had.
  case sockets(SocketPathError)
  /// The admin pages' address cannot be had.
  case admin(AdminServerError)
  /// The kernel path was required and cannot be had.
  case kernel(KernelPathError)

  /// What to tell, one problem a line.
  public var lines: [String] {
    switch self {
    case .configuration(let error): error.lines
    case .endpoints(let error): error.lines
    case .sockets(let error): ["\(error)"]
    case .admin(let error): ["\(error)"]
    case .kernel(let error): ["the kernel path is required and cannot be had: \(error)"]
    }
  }

  public var description: String { lines.joined(separator: "\n") }
}
