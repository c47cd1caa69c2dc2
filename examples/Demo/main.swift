import Glibc

// Shows the proxy at work, with servers and clients around it; with the argument `ebpf` its kernel path, which needs root.
// Ends with 0 where all was as expected. `make demo` and `make demo-ebpf` run it.
do {
  let isFine =
    switch Array(CommandLine.arguments.dropFirst()) {
    case ["ebpf"]: try KernelDemo().run()
    default: try SocketDemo().run()
    }
  exit(isFine ? 0 : 1)
} catch {
  print("\nThe demo cannot go on: \(error)")
  exit(1)
}
