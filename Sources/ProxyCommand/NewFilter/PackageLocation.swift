import Glibc
import ProxyConfiguration

/// Where the package of this proxy is, for packages that depend on it.
struct PackageLocation {
  /// The dependency in a package's manifest.
  let dependency: String

  /// A folder, or an address of Git.
  init(_ text: String) throws(NewPackageError) {
    if text.contains("://") || text.hasPrefix("git@") {
      dependency = ".package(url: \"\(text)\", branch: \"main\")"
      return
    }
    guard let folder = realpath(text, nil) else {
      throw NewPackageError("There is no folder '\(text)' for --pinion")
    }
    defer { free(folder) }
    let path = String(cString: folder)
    guard Self.isCheckout(path) else {
      throw NewPackageError("'\(path)' is not a checkout of Pinion: it has no Package.swift of that name")
    }
    dependency = ".package(name: \"pinion\", path: \"\(path)\")"
  }

  /// The checkout in whose build folder this command is.
  static func ofThisExecutable() throws(NewPackageError) -> PackageLocation {
    if let executable = realpath("/proc/self/exe", nil) {
      defer { free(executable) }
      var path = String(cString: executable)
      while let slash = path.lastIndex(of: "/"), slash != path.startIndex {
        path = String(path[..<slash])
        if isCheckout(path) { return try PackageLocation(path) }
      }
    }
    throw NewPackageError(
      "This command is not in a checkout of Pinion: say with --pinion where one is, as a folder or an address of Git")
  }

  private static func isCheckout(_ folder: String) -> Bool {
    guard let manifest = try? ConfigurationFile.contents(of: folder + "/Package.swift") else { return false }
    return String(decoding: manifest, as: UTF8.self).contains("name: \"pinion\",")
  }
}
