public import FilterKit

/// Reads YAML text into a tree, by libyaml's events.
///
/// What the tree cannot say is refused: anchors and aliases (they expand without bound), tags other than `!!str`, keys that are
/// no scalars, a second document. Depth and size are bounded, and libyaml itself does not recurse.
public enum YAMLDocument {
  /// How deep lists and mappings may nest.
  public static let maximumDepth = 64
  /// How many values a file may hold. It bounds the memory that the tree of a large file takes.
  public static let maximumValues = 8_000_000

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
      let reader = YAMLTreeReader(events: YAMLEventParser(text), diagnostics: diagnostics)
      do throws(YAMLSyntaxError) {
        return try reader.document()
      } catch {
        diagnostics.error(error.message, at: error.mark)
        return nil
      }
    }
  }

  private static func withoutByteOrderMark(_ text: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
    text.starts(with: [0xef, 0xbb, 0xbf]) ? UnsafeBufferPointer(rebasing: text[3...]) : text
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
