/// A place in a configuration file.
public struct Mark: Hashable, Comparable, Sendable {
  // A file is at most 64 MiB, so 32 bits hold both, and a large file has a mark on every node.
  private let packedLine: UInt32
  private let packedColumn: UInt32

  /// The line, counted from 1.
  public var line: Int { Int(packedLine) }
  /// The column in characters (Unicode code points), counted from 1.
  public var column: Int { Int(packedColumn) }

  public init(line: Int, column: Int) {
    packedLine = UInt32(clamping: line)
    packedColumn = UInt32(clamping: column)
  }

  /// Where a file starts. It also stands for the file as a whole.
  public static let start = Mark(line: 1, column: 1)

  public static func < (a: Mark, b: Mark) -> Bool { (a.packedLine, a.packedColumn) < (b.packedLine, b.packedColumn) }
}
