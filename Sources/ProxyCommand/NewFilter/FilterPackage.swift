import FilterKit
import Glibc

/// The files of a new package with a filter.
struct FilterPackage {
  /// The filter's name and type, for example `XORToken`.
  let name: String
  /// What its proxy is called, for example `xor-token-proxy`.
  let command: String
  private let files: [(path: String, text: String)]

  init(name: String, pinion: PackageLocation, taken: [String]) throws(NewPackageError) {
    try Self.check(name, taken: taken)
    self.name = name
    command = Self.words(of: name).joined(separator: "-") + "-proxy"
    let template = FilterPackageTemplate(name: name, command: command, dependency: pinion.dependency)
    files = template.files
  }

  /// Writes the package into a folder that is not there yet, or empty.
  func write(to folder: String) throws(NewPackageError) {
    if let entries = opendir(folder) {
      defer { closedir(entries) }
      while let entry = readdir(entries) {
        let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        guard [".", "..", ".git"].contains(name) else {
          throw NewPackageError("The folder '\(folder)' is not empty: name another one with --at")
        }
      }
    }
    for file in files { try Self.write(file.text, to: folder + "/" + file.path) }
  }

  func introduction(in folder: String) -> String {
    """
    \(folder)
    \(files.map { "  \($0.path)" }.joined(separator: "\n"))

    Next:
      cd \(folder)
      swift test            # as root, the kernel's program is tested too
      swift run \(command) explain --config proxy.yaml
      sudo make demo-ebpf   # datagrams through both paths
    """
  }

  // MARK: Names

  private static let reserved = ["Filter", "Packet", "Options", "Verdict", "Proxy", "Type", "Self", "Protocol", "Any"]

  private static func check(_ name: String, taken: [String]) throws(NewPackageError) {
    let isLetter = { (byte: UInt8) in UInt8(ascii: "a")...UInt8(ascii: "z") ~= byte | 0x20 }
    let isDigit = { (byte: UInt8) in UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }
    guard let first = name.utf8.first, UInt8(ascii: "A")...UInt8(ascii: "Z") ~= first, name.utf8.count <= 64,
      name.utf8.allSatisfy({ isLetter($0) || isDigit($0) })
    else {
      throw NewPackageError(
        "\(excerpt(name)) cannot be a filter's name: it must start with a capital letter and have letters and digits alone"
      )
    }
    guard !taken.contains(name) else { throw NewPackageError("There is a filter \(excerpt(name)) already") }
    guard !reserved.contains(name) else {
      throw NewPackageError("\(excerpt(name)) means something else in Swift or here")
    }
  }

  /// `XORToken` is `xor` and `token`.
  static func words(of name: String) -> [String] {
    var words: [String] = []
    let characters = Array(name)
    for (index, character) in characters.enumerated() {
      let isAfterLower = index > 0 && !characters[index - 1].isUppercase
      let isBeforeLower = index > 0 && index + 1 < characters.count && characters[index + 1].isLowercase
      if words.isEmpty || character.isUppercase && (isAfterLower || isBeforeLower) { words.append("") }
      words[words.count - 1] += character.lowercased()
    }
    return words
  }

  // MARK: Files

  private static func write(_ text: String, to path: String) throws(NewPackageError) {
    for (index, character) in path.enumerated() where character == "/" && index > 0 {
      mkdir(String(path.prefix(index)), 0o777)
    }
    // Not over a file that somebody put there meanwhile.
    guard let file = fopen(path, "wx") else {
      throw NewPackageError("'\(path)' cannot be written: \(String(cString: strerror(errno)))")
    }
    let written = Array(text.utf8).withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
    guard fclose(file) == 0, written == text.utf8.count else {
      throw NewPackageError("'\(path)' cannot be written: \(String(cString: strerror(errno)))")
    }
  }
}
