import Foundation
import PackagePlugin

/// Compiles the XDP program, the filters' Swift packet programs in it, and embeds the object as `ProgramObject.proxy`.
@main struct CompileBPF: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: Target) throws -> [Command] {
    let root = context.package.directoryURL
    let script = root.appending(path: "bpf/build.sh")
    let output = context.pluginWorkDirectoryURL.appending(path: "ProgramObject+proxy.swift")
    let toolchain = try context.tool(named: "clang").url.deletingLastPathComponent()
    return [
      .buildCommand(
        displayName: "Compiling the XDP program", executable: URL(fileURLWithPath: "/bin/sh"),
        arguments: [script.path, toolchain.path, root.path, output.path],
        inputFiles: [script] + sources(below: root), outputFiles: [output])
    ]
  }

  /// Whatever the script reads, so that a change of it builds anew.
  private func sources(below root: URL) -> [URL] {
    ["bpf", "filters", "Sources/PacketKit"].flatMap { folder in
      let files = FileManager.default.enumerator(at: root.appending(path: folder), includingPropertiesForKeys: nil)
      return (files?.compactMap { $0 as? URL } ?? []).filter { file in
        ["c", "h", "sed"].contains(file.pathExtension)
          || file.pathExtension == "swift" && (folder != "filters" || isForKernel(file))
      }
    }.sorted { $0.path < $1.path }
  }

  private func isForKernel(_ file: URL) -> Bool {
    ["Program.swift", "Slot.swift"].contains { file.lastPathComponent.hasSuffix($0) }
  }
}
