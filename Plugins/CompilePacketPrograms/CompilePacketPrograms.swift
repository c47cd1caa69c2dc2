import Foundation
import PackagePlugin

/// Compiles the kernel's program with the packet programs of a target, and those of the targets that it depends on, and gives it to
/// the target as `ProgramObject.compiled`.
///
/// A packet program is a type that conforms to `PacketProgram`, in a file that is named after it and ends in `Program.swift`.
@main struct CompilePacketPrograms: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) throws -> [Command] {
    guard let kit = Self.kit(in: context.package) else {
      throw PluginError("no package that '\(context.package.displayName)' depends on has the target PacketKit")
    }
    let root = kit.directoryURL
    let output = context.pluginWorkDirectoryURL.appending(path: "ProgramObject+compiled.swift")
    // The toolchain's own, which is the one that can read what its Swift compiler writes.
    let toolchain = try (try? context.tool(named: "clang")) ?? context.tool(named: "swiftc")
    let programs = Self.programs(of: target, kit)
    var arguments = [
      "--toolchain", toolchain.url.deletingLastPathComponent().path, "--package", root.path, "--output", output.path,
    ]
    // What is set here changes the command, and so has it run again.
    if ProcessInfo.processInfo.environment["REQUIRE_PACKET_PROGRAMS"] == "1" { arguments.append("--required") }
    return [
      .buildCommand(
        displayName: "Compiling the packet programs of \(target.name)",
        executable: try context.tool(named: "CompilePrograms").url, arguments: arguments + programs.map(\.path),
        inputFiles: Self.sources(below: root) + programs, outputFiles: [output])
    ]
  }

  /// The package that this plugin is in.
  private static func kit(in package: Package) -> Package? {
    var seen: Set<Package.ID> = []
    var open = [package]
    while let next = open.popLast() {
      guard seen.insert(next.id).inserted else { continue }
      if next.targets.contains(where: { $0.name == "PacketKit" }) { return next }
      open += next.dependencies.map(\.package)
    }
    return nil
  }

  /// The files that may hold packet programs of authors. Those of the kit are always compiled.
  private static func programs(of target: any Target, _ kit: Package) -> [URL] {
    let ours = Set(kit.targets.map(\.id))
    let dependencies = target.recursiveTargetDependencies.filter { !ours.contains($0.id) }
    let targets = target.name == "Filters" && ours.contains(target.id) ? [] : [target] + dependencies
    let files = targets.compactMap { $0 as? SwiftSourceModuleTarget }.flatMap { target in
      target.sourceFiles(withSuffix: "Program.swift").map(\.url)
    }
    return Set(files).sorted { $0.path < $1.path }
  }

  /// Whatever of the kit is compiled, so that a change of it builds anew.
  private static func sources(below root: URL) -> [URL] {
    ["bpf", "filters", "Sources/PacketKit"].flatMap { folder in
      let files = FileManager.default.enumerator(at: root.appending(path: folder), includingPropertiesForKeys: nil)
      return (files?.compactMap { $0 as? URL } ?? []).filter { file in
        ["c", "h"].contains(file.pathExtension)
          || file.pathExtension == "swift" && (folder != "filters" || isForKernel(file))
      }
    }.sorted { $0.path < $1.path }
  }

  private static func isForKernel(_ file: URL) -> Bool {
    ["Program.swift", "Slot.swift"].contains { file.lastPathComponent.hasSuffix($0) }
  }
}

struct PluginError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}
