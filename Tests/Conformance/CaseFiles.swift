import FilterKit
import Glibc
import ProxyConfiguration

extension ConformanceCase {
  /// Why a cases file cannot be used.
  public struct FileError: Error, CustomStringConvertible {
    public let description: String
  }

  /// The cases of all filters, in the order of their folders' names.
  public static func all() throws(FileError) -> [ConformanceCase] {
    var cases: [ConformanceCase] = []
    for folder in folders() { cases += try read(folder: folder) }
    return cases
  }

  /// The folders of filters that have a cases file.
  public static func folders() -> [String] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob("\(directory)/*/cases.yaml", 0, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).map { index in
      let path = String(cString: found.gl_pathv[index]!)
      return String(path.split(separator: "/").dropLast().last!)
    }
  }

  /// The cases of one filter.
  public static func read(folder: String) throws(FileError) -> [ConformanceCase] {
    let path = "\(directory)/\(folder)/cases.yaml"
    let bytes = try contents(of: path)
    let diagnostics = Diagnostics()
    let root = YAMLDocument.read(bytes.span, diagnostics: diagnostics)
    let cases = root.map { CaseReader(folder: folder, diagnostics: diagnostics).cases(in: $0) } ?? []
    let report = diagnostics.report
    guard report.isEmpty else { throw FileError(description: report.lines(in: path).joined(separator: "\n")) }
    return cases
  }

  /// `filters/` beside the folder of the tests.
  static var directory: String {
    #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/") + "/filters"
  }

  static func contents(of path: String) throws(FileError) -> [UInt8] {
    guard let file = fopen(path, "r") else {
      throw FileError(description: "\(path): \(String(cString: strerror(errno)))")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { chunk in
      while true {
        let count = fread(chunk.baseAddress, 1, chunk.count, file)
        guard count > 0 else { return }
        bytes += chunk.prefix(count)
      }
    }
    return bytes
  }
}
