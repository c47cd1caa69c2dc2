import CPCRE2
import Glibc

/// What one thread needs to look for a regular expression, made once and used again and again.
///
/// It walks over the matches of one datagram. Two matches never overlap, and an empty one right behind another does not count.
///
/// A search always ends. PCRE2 bounds the steps from one starting place, but not the places: a pattern such as `a*[bc]` is quadratic
/// without any single long try. So the search goes window by window over the starting places, and ends with `.limit` when it used up
/// its `SearchTime`.
///
/// PCRE2 counts no step for what a possessive repeat, an atomic group or an assertion scans. With these one starting place can take
/// a time that is quadratic in the size, about a second for the largest datagram.
///
/// The matches live in `idle` of their `Regex` between two uses, so one thread at a time has it.
final class RegexMatcher: @unchecked Sendable {
  enum Step {
    case match(Range<UInt32>)
    case end
    /// The search gave up.
    case limit
  }

  /// Steps from one starting place: two for each byte that a datagram can have.
  private static let stepLimit: UInt32 = 131_072
  /// The interpreter's memory for backtracking, in KiB.
  private static let heapLimit: UInt32 = 16_384
  /// The memory for backtracking of JIT code, in bytes.
  private static let stackLimit = 4 << 20

  private let code: OpaquePointer
  private let data: OpaquePointer
  private let context: OpaquePointer
  private let stack: OpaquePointer?
  private let hasLongSteps: Bool

  /// Where the next match may start, and where the last one ended (-1: there was none).
  private var position = 0
  private var lastEnd = -1
  /// Starting places to go until the clock is read.
  private var unclocked = 0
  private var time = SearchTime(size: 0, hasLongSteps: false)

  /// `code` must outlive the matcher.
  init(_ code: OpaquePointer, hasLongSteps: Bool) {
    // One pair of offsets: only the whole match is of use.
    guard let data = pcre2_match_data_create_8(1, nil), let context = pcre2_match_context_create_8(nil) else {
      fatalError("out of memory")
    }
    self.code = code
    self.hasLongSteps = hasLongSteps
    self.data = data
    self.context = context
    stack = pcre2_jit_stack_create_8(32 << 10, Self.stackLimit, nil)
    if let stack { pcre2_jit_stack_assign_8(context, nil, UnsafeMutableRawPointer(stack)) }
    pcre2_set_match_limit_8(context, Self.stepLimit)
    pcre2_set_depth_limit_8(context, Self.stepLimit)
    pcre2_set_heap_limit_8(context, Self.heapLimit)
  }

  deinit {
    pcre2_match_context_free_8(context)
    pcre2_match_data_free_8(data)
    if let stack { pcre2_jit_stack_free_8(stack) }
  }

  /// Starts the search in a datagram of `size` bytes.
  func begin(size: UInt32) {
    position = 0
    lastEnd = -1
    time = SearchTime(size: size, hasLongSteps: hasLongSteps)
    unclocked = time.window
  }

  /// The next match. `subject` is the same in all calls since `begin`.
  func next(in subject: UnsafeRawBufferPointer) -> Step {
    while position <= subject.count {
      let last = position &+ unclocked &- 1
      pcre2_set_offset_limit_8(context, last)
      let result = pcre2_match_8(
        code, subject.baseAddress?.assumingMemoryBound(to: UInt8.self), subject.count, position, 0, data, context)
      if result >= 0 {
        let offsets = pcre2_get_ovector_pointer_8(data)!
        let (start, end) = (offsets[0], offsets[1])
        // '\K' can move the start of a match, but not before the place where the search began.
        guard start >= position, start <= end, end <= subject.count else { return .limit }
        unclocked &-= end &- position &+ 1
        position = start == end ? end &+ 1 : end
        guard hasTime() else { return .limit }
        if start == end, end == lastEnd { continue }
        lastEnd = end
        return .match(UInt32(truncatingIfNeeded: start)..<UInt32(truncatingIfNeeded: end))
      }
      guard result == PCRE2_ERROR_NOMATCH else { return .limit }
      position = last &+ 1
      unclocked = 0
      if position <= subject.count, !hasTime() { return .limit }
    }
    return .end
  }

  /// Reads the clock when a window is over. False when the time is used up.
  private func hasTime() -> Bool {
    guard unclocked <= 0 else { return true }
    var clock = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &clock)
    let isLeft = time.endWindow(at: UInt64(clock.tv_sec) &* 1_000_000_000 &+ UInt64(clock.tv_nsec))
    unclocked = time.window
    return isLeft
  }
}
