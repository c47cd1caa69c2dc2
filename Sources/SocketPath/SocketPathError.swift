public import FilterKit
import Glibc

/// Why the socket path could not start.
public enum SocketPathError: Error, Equatable, CustomStringConvertible {
  /// Another socket has the address.
  case addressInUse(SocketAddress)
  /// No interface of this machine has the address.
  case addressNotHere(SocketAddress)
  /// The port needs a privilege.
  case portForbidden(SocketAddress)
  /// A system call failed.
  case system(call: String, errno: Int32)

  public var description: String {
    switch self {
    case .addressInUse(let address):
      "cannot listen on \(address): another program, or another proxy, has this address; stop it or choose another with --listen"
    case .addressNotHere(let address):
      "cannot listen on \(address): no interface of this machine has this address; choose one of its own, or [::]:\(address.port) for all"
    case .portForbidden(let address):
      "cannot listen on \(address): ports below 1024 need root or CAP_NET_BIND_SERVICE"
    case .system(let call, let errno): "\(call) failed: \(String(cString: strerror(errno)))"
    }
  }
}
