public import FilterKit
import Glibc

/// Reads YAML text into a tree, by libyaml's events.
///
/// What the tree cannot say is refused: anchors and aliases (they expand without bound), tags other than `!!str`, keys that are
/// no scalars, a second document. Depth and size are bounded, and libyaml itself does not recurse.
public enum YAMLDocument {
  /// How deep lists and mappings may nest.
  public static let maximumDepth = 64
  /// How many values a file may hold. It bounds the memory that the tree of a large file takes.
  public static let maximumValues = 8_000_000

  /// How many keys one mapping may have. What has very many items is a list.
  public static let maximumKeys = 100_000

  private static let maximumTagDirectives = 100

  /// The tree of the one document in `bytes`. Nil where there is none to read; why is in `diagnostics`.
  public static func read(_ bytes: borrowing Span<UInt8>, diagnostics: Diagnostics) -> ConfigurationNode? {
    bytes.withUnsafeBufferPointer { buffer in
      guard !isUTF16(buffer) else {
        diagnostics.error("the file is UTF-16: save it as UTF-8", at: .start)
        return nil
      }
      let text = withoutByteOrderMark(buffer)
      guard !text.isEmpty else {
        diagnostics.error("the file is empty", at: .start)
        return nil
      }
      guard !hasManyTagDirectives(text) else {
        diagnostics.error("the file has more than \(maximumTagDirectives) %TAG directives", at: .start)
        return nil
      }
      let reader = YAMLTreeReader(events: YAMLEventParser(text), diagnostics: diagnostics)
      do throws(YAMLSyntaxError) {
        return try reader.document()
      } catch {
        diagnostics.error(error.message, at: error.mark)
        return nil
      }
    }
  }

  /// The tree of the one document in `text`.
  public static func read(_ text: String, diagnostics: Diagnostics) -> ConfigurationNode? {
    read(Array(text.utf8).span, diagnostics: diagnostics)
  }

  private static func withoutByteOrderMark(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    text.starts(with: [0xef, 0xbb, 0xbf]) ? UnsafeBufferPointer(rebasing: text[3...]) : text
  }

  /// libyaml compares each directive with all before it, so very many of them would keep it busy for hours.
  private static func hasManyTagDirectives(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let start = UnsafeRawPointer(text.baseAddress) else { return false }
    let end = start + text.count
    var count = 0
    var next = start
    while let found = memchr(next, Int32(UInt8(ascii: "%")), end - next) {
      next = UnsafeRawPointer(found) + 1
      guard UnsafeRawBufferPointer(start: next, count: end - next).starts(with: "TAG".utf8) else { continue }
      count += 1
      if count > maximumTagDirectives { return true }
    }
    return false
  }

  private static func isUTF16(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    text.starts(with: [0xff, 0xfe]) || text.starts(with: [0xfe, 0xff])
  }
}

/// Why reading cannot go on.
struct YAMLSyntaxError: Error {
  let message: String
  let mark: Mark
}
