import Glibc

/// How the kernel finds a file: the directories that its path leads through, and those of every symbolic link on the way.
struct LookedUpPath: Equatable {
  /// A name that is looked up in a directory.
  struct Step: Hashable {
    let directory: String
    let name: String

    var path: String { directory == "/" ? "/\(name)" : "\(directory)/\(name)" }
  }

  private(set) var steps: [Step] = []
  /// Where the file is after all links. It need not exist.
  var file: String? { steps.last?.path }

  /// As many links as Linux follows in a path (path_resolution(7)).
  private static let maximumLinks = 40

  init(_ path: String) {
    var directory = path.hasPrefix("/") ? "/" : "."
    var rest = Self.names(path)
    var links = 0
    while let name = rest.popLast() {
      if name == ".." {
        directory = Step(directory: directory, name: "..").path
        continue
      }
      let step = Step(directory: directory, name: name)
      steps.append(step)
      if let target = Self.target(of: step.path) {
        links += 1
        guard links <= Self.maximumLinks else { return }
        if target.hasPrefix("/") { directory = "/" }
        rest += Self.names(target)
      } else {
        directory = step.path
      }
    }
  }

  /// The names of a path, the first one last.
  private static func names(_ path: String) -> [String] {
    path.split(separator: "/").map(String.init).filter { $0 != "." }.reversed()
  }

  /// What a symbolic link says; nil for anything else.
  private static func target(of path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX) + 1) { buffer in
      let size = readlink(path, buffer.baseAddress!, Int(PATH_MAX))
      guard size >= 0 else { return nil }
      buffer[size] = 0
      return String(cString: buffer.baseAddress!)
    }
  }
}
