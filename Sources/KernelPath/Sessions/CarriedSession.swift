import FilterKit

/// A session as the kernel's maps hold it.
struct CarriedSession {
  let client: SocketAddress
  let server: SocketAddress
  /// The number of the server as an endpoint.
  let endpoint: UInt32
  /// The proxy's address and port toward the server.
  let proxy: SocketAddress
}
