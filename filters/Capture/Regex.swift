import CPCRE2
import Synchronization

/// A compiled regular expression over bytes, shared by all workers.
final class Regex: Sendable {
  /// Why a pattern is none.
  struct Failure: Error, CustomStringConvertible {
    let reason: String
    /// Where in the pattern's UTF-8 PCRE2 stopped, counted from 0.
    let offset: Int
    var description: String { "the pattern is not valid at offset \(offset): \(reason)" }
  }

  // Immutable once compiled, and freed with this object.
  nonisolated(unsafe) private let code: OpaquePointer
  /// Whether a single step can scan the rest of the payload; see `RegexMatcher`.
  private let hasLongSteps: Bool
  private let idle = Mutex<[RegexMatcher]>([])

  init(_ pattern: String) throws(Failure) {
    // Bytes, never UTF-8: a payload is anything. '$' is the end and not also the line break before it. A repeat that PCRE2 makes
    // possessive by itself would scan without counting steps, and so slip through the limit.
    let options =
      PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_USE_OFFSET_LIMIT | PCRE2_DOLLAR_ENDONLY | PCRE2_NO_AUTO_POSSESS
    var number: Int32 = 0
    var offset = 0
    var pattern = pattern
    let code = pattern.withUTF8 { pcre2_compile_8($0.baseAddress, $0.count, options, &number, &offset, nil) }
    guard let code else { throw Failure(reason: Self.message(number), offset: offset) }
    // Where the machine has no JIT, or does not let us make code, the interpreter serves.
    _ = pcre2_jit_compile_8(code, PCRE2_JIT_COMPLETE)
    self.code = code
    hasLongSteps = Self.hasLongSteps(pattern)
  }

  deinit { pcre2_code_free_8(code) }

  /// A matcher for the caller alone, until it gives it back. There are as many as there were callers at one time.
  func takeMatcher() -> RegexMatcher {
    idle.withLock { $0.popLast() } ?? RegexMatcher(code, hasLongSteps: hasLongSteps)
  }

  func giveBack(_ matcher: RegexMatcher) { idle.withLock { $0.append(matcher) } }

  /// Whether a pattern has possessive repeats, atomic groups or assertions. What only looks like one, in a class for example, makes
  /// a search a little slower and does no other harm.
  private static func hasLongSteps(_ pattern: String) -> Bool {
    let bytes = Array(pattern.utf8)
    let signs = ["*+", "++", "?+", "}+", "(?>", "(?=", "(?!", "(?<", "(*"].map { Array($0.utf8) }
    return bytes.indices.contains { start in signs.contains { bytes[start...].starts(with: $0) } }
  }

  private static func message(_ number: Int32) -> String {
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 256) { text in
      let size = pcre2_get_error_message_8(number, text.baseAddress, text.count)
      return size < 0 ? "error \(number)" : String(decoding: text.prefix(Int(size)), as: UTF8.self)
    }
  }
}
