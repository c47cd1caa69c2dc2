import ArgumentParser
import FilterKit
import Operations

/// The option that says where a running proxy is asked.
struct AdminOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The address of the proxy's admin pages. (default: 127.0.0.1:8000)", valueName: "address:port"),
    transform: Settings.admin.read)
  var admin: SocketAddress?

  /// - Parameter help: The command that tells more.
  func address(_ environment: Environment, help: String) throws(UsageError) -> SocketAddress {
    let address = try Settings.admin.value(admin, environment, help: help) ?? ProxyServerOptions.defaultAdmin
    guard address.port != 0 else {
      throw UsageError(
        "No proxy can be asked on port 0: name the port that it has chosen, which its log says", help: help)
    }
    return address
  }
}
