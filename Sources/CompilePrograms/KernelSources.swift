import Foundation

/// The sources of the kernel's program that come with the proxy.
struct KernelSources {
  let root: URL

  /// The program in C.
  var program: URL { root.appending(path: "bpf/proxy.bpf.c") }
  /// The headers that C and Swift share.
  var headers: URL { root.appending(path: "bpf/shared/include") }

  /// The kit and the kernel's packet: what each program needs.
  func kit() throws(BuildError) -> [URL] { try list("Sources/PacketKit") + list("bpf") }

  /// The filters of the proxy. One is in the kernel when it has a slot in the chain image: its folder holds the program and the slot.
  func filters() throws(BuildError) -> [URL] {
    var files: [URL] = []
    for folder in try list("filters", isFolder: true) {
      for slot in try list("filters/\(folder.lastPathComponent)")
      where slot.lastPathComponent.hasSuffix("Slot.swift") {
        let name = slot.lastPathComponent.dropLast("Slot.swift".count)
        files += [slot, slot.deletingLastPathComponent().appending(path: "\(name)Program.swift")]
      }
    }
    return files
  }

  private func list(_ folder: String, isFolder: Bool = false) throws(BuildError) -> [URL] {
    let folder = root.appending(path: folder)
    do {
      return try FileManager.default.contentsOfDirectory(
        at: folder, includingPropertiesForKeys: [.isDirectoryKey]
      )
      .filter { file in
        isFolder ? file.hasDirectoryPath : file.pathExtension == "swift"
      }
      .sorted { $0.path < $1.path }
    } catch {
      throw BuildError("cannot read \(folder.path)")
    }
  }
}
