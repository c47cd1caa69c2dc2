// Compiles the kernel's program with the packet programs of authors: what the plugin CompilePacketPrograms runs. See Request.
import Foundation

do {
  let request = try Request(Array(CommandLine.arguments.dropFirst()))
  try Compilation(request).run()
} catch {
  FileHandle.standardError.write(Data("\(error)\n".utf8))
  exit(1)
}
