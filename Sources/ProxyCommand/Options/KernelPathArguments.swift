import ArgumentParser
import KernelPath
import Operations

/// The options of the kernel path.
struct KernelPathArguments: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "An interface to attach to; may be given several times. (default: those of the listening addresses and of the "
        + "routes to the endpoints)", valueName: "name"))
  var interface: [String] = []

  @Option(
    help: ArgumentHelp(
      "native: in the driver. generic: behind it. auto: native where the driver can, else and on interfaces of software generic. (default: auto)",
      valueName: "mode"),
    transform: Settings.attach.read)
  var attach: AttachMode?

  @Flag(help: "End with exit code 3 rather than serve on sockets alone.")
  var requireOffload = false

  @Flag(
    help: ArgumentHelp(
      "When this process ends, however that comes, leave established sessions to the kernel. The next one takes them over."
    ))
  var stay = false

  func options(_ environment: Environment) throws(UsageError) -> KernelOptions {
    var options = KernelOptions()
    options.path.interfaces = interface.isEmpty ? try Settings.interface.value(nil, environment) ?? [] : interface
    if let mode = try Settings.attach.value(attach, environment) { options.path.mode = mode }
    options.requiresOffload = requireOffload
    if !requireOffload, let required = try Settings.requireOffload.value(nil, environment) {
      options.requiresOffload = required
    }
    options.path.stays = stay
    if !stay, let stays = try Settings.stay.value(nil, environment) { options.path.stays = stays }
    return options
  }
}
