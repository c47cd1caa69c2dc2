import CSys
public import FilterKit
import Glibc

/// The command `proxy`.
///
/// A proxy with filters of one's own is three lines, where `withMine` is `FilterRegistry.builtin.adding(MyFilter.self, program: .compiled)`:
/// ```swift
/// import Mine
/// import ProxyCommand
/// await Proxy.main(filters: .withMine)
/// ```
public enum Proxy {
  /// Does what the command line says, with the filters that configurations may name, and ends the process.
  public static func main(filters: FilterRegistry) async -> Never {
    // A reader of the output who went away is no reason to end.
    signal(SIGPIPE, SIG_IGN)
    csys_name_crashes()
    let arguments = Array(CommandLine.arguments.dropFirst())
    exit(await CommandRunner(filters: filters, environment: .process).run(arguments).rawValue)
  }
}
