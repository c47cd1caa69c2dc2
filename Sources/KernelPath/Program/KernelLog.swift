import CBpf
import Glibc
import Synchronization

/// Where goes what libbpf and the verifier have to say. One for the process, since libbpf has one.
public enum KernelLog {
  public enum Level: Sendable { case debug, warning }
  public typealias Sink = @Sendable (Level, String) -> Void

  private struct State {
    var sink: Sink?
    var isVerbose = false
    /// Warnings of a call that has not returned yet, by its thread.
    var held: [pthread_t: [String]] = [:]
  }
  private static let state = Mutex(State())

  /// Sends lines to `sink`, from any thread. Until this is called they go nowhere.
  ///
  /// - Parameter isVerbose: whether lines of the level `debug` are wanted. They are not made otherwise.
  public static func send(to sink: @escaping Sink, isVerbose: Bool) {
    state.withLock { ($0.sink, $0.isVerbose) = (sink, isVerbose) }
  }

  static var isVerbose: Bool { state.withLock { $0.isVerbose } }

  static func write(_ level: Level, _ text: String) {
    let (sink, isVerbose) = state.withLock { ($0.sink, $0.isVerbose) }
    guard let sink, level == .warning || isVerbose else { return }
    for line in text.split(separator: "\n") { sink(level, String(line)) }
  }

  /// Runs a call whose errors its caller reports: what libbpf warns of meanwhile is a warning only where it did not fail.
  static func whileReporting<R>(_ body: () throws(KernelPathError) -> R) throws(KernelPathError) -> R {
    let thread = pthread_self()
    connect
    state.withLock { $0.held[thread] = [] }
    var level = Level.debug
    defer { for text in state.withLock({ $0.held.removeValue(forKey: thread) }) ?? [] { write(level, text) } }
    let result = try body()
    level = .warning
    return result
  }

  private static let connect: Void = {
    _ = libbpf_set_print { level, format, arguments in
      guard level == LIBBPF_WARN || KernelLog.isVerbose, let format, let arguments else { return 0 }
      let text = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4_096) { buffer in
        vsnprintf(buffer.baseAddress!, buffer.count, format, arguments)
        return String(cString: buffer.baseAddress!)
      }
      KernelLog.take(level == LIBBPF_WARN ? .warning : .debug, text)
      return 0
    }
  }()

  private static func take(_ level: Level, _ text: String) {
    let thread = pthread_self()
    let isHeld = state.withLock { state in
      guard level == .warning, state.held[thread] != nil else { return false }
      state.held[thread]!.append(text)
      return true
    }
    if !isHeld { write(level, text) }
  }
}
