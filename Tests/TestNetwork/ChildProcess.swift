import CTestNetwork
import Glibc

/// How a process ended.
public enum ExitStatus: Equatable, Sendable {
  /// By itself, with this status.
  case exited(Int32)
  /// By this signal.
  case signalled(Int32)
}

/// A process that a test started. It is always reaped; it is killed when its last owner goes away, or when this process ends,
/// however that ends.
public final class ChildProcess: Sendable {
  /// Its id.
  public let id: Int32
  private let monitor: Monitor<State>
  private let thread: Thread

  private struct State {
    var start: Result<pid_t, SystemError>?
    var output = ""
    var status: ExitStatus?
  }

  /// Starts a program.
  /// - Parameters:
  ///   - program: A path, or a name that is looked up in `PATH`.
  ///   - environment: What is added to the environment of this process.
  ///   - namespace: The network that it lives in; that of the calling thread where left out.
  public init(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], in namespace: NetworkNamespace? = nil
  ) throws {
    let launch = Launch(
      path: try Self.path(of: program), arguments: [program] + arguments,
      environment: Self.variables(adding: environment))
    let monitor = Monitor(State())
    // The thread that starts the child stays until its end: the kernel kills the child when that thread is no more.
    let work: @Sendable () -> Void = { Self.attend(launch, monitor) }
    thread = try namespace?.run { try Thread(work) } ?? Thread(work)
    self.monitor = monitor
    do {
      id = try monitor.wait { $0.start }!.get()
    } catch {
      thread.join()
      throw error
    }
  }

  deinit {
    try? signal(SIGKILL)
    thread.join()
  }

  /// What it has printed so far, to its standard output and error.
  public var output: String { monitor.read { $0.output } }

  /// Waits for a line of its output that contains a text.
  /// - Throws: `LineMissing` where the process ended, or the time was over, without one.
  @discardableResult
  public func awaitLine(containing text: String, within time: Duration = .patience) throws -> String {
    let found = monitor.wait(within: time) { state -> Result<String, LineMissing>? in
      // The last line counts only when it is complete.
      let lines = state.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
      if let line = lines.first(where: { $0.contains(text) }) { return .success(String(line)) }
      return state.status.map { .failure(LineMissing(text: text, status: $0, output: state.output)) }
    }
    return try found?.get() ?? { throw LineMissing(text: text, status: nil, output: output) }()
  }

  /// Waits for its end.
  /// - Throws: `StillRunning` where the time was over before.
  public func awaitExit(within time: Duration = .patience) throws -> ExitStatus {
    guard let status = monitor.wait(within: time, until: { $0.status }) else { throw StillRunning(output: output) }
    return status
  }

  /// Stops it, until `resume`: it does nothing any more when this returns. Its sockets go on receiving.
  public func pause() throws {
    try signal(SIGSTOP)
    _ = try checked(child_await_stop(id), "wait until process \(id) is stopped")
  }

  /// Lets it go on after `pause`.
  public func resume() throws { try signal(SIGCONT) }

  /// Sends it a signal. Does nothing where it has ended.
  public func signal(_ number: Int32) throws {
    try monitor.read { state in
      // Its id is its own until it is reaped, which happens under the same lock.
      if state.status == nil { _ = try checked(kill(id, number), "send signal \(number) to process \(id)") }
    }
  }
}

/// A process did not print what was awaited.
public struct LineMissing: Error, CustomStringConvertible, Sendable {
  let text: String
  let status: ExitStatus?
  let output: String

  public var description: String {
    "no line contains \"\(text)\"; the process \(status.map { "ended (\($0))" } ?? "still runs") and printed:\n\(output)"
  }
}

/// A process did not end in time.
public struct StillRunning: Error, CustomStringConvertible, Sendable {
  let output: String

  public var description: String { "the process still runs and printed:\n\(output)" }
}

// MARK: - The thread of the child

extension ChildProcess {
  private struct Launch {
    let path: String
    let arguments: [String]
    let environment: [String]
  }

  /// Starts the child, collects what it prints, and reaps it.
  private static func attend(_ launch: Launch, _ monitor: Monitor<State>) {
    let child: pid_t
    let output: Descriptor
    let end: Descriptor
    do throws(SystemError) {
      (child, output) = try start(launch)
      // Without the descriptor there is no way to attend to it.
      do throws(SystemError) {
        end = Descriptor(try checked(child_descriptor(child), "watch process \(child)"))
      } catch {
        kill(child, SIGKILL)
        var code: Int32 = 0
        _ = child_reap(child, &code)
        throw error
      }
    } catch {
      monitor.update { $0.start = .failure(error) }
      return
    }
    monitor.update { $0.start = .success(child) }

    collect(output, until: end) { text in monitor.update { $0.output += text } }
    _ = child_await_end(child)
    monitor.update { state in
      var code: Int32 = 0
      state.status = child_reap(child, &code) ? .exited(code) : .signalled(code)
    }
  }

  private static func start(_ launch: Launch) throws(SystemError) -> (pid_t, Descriptor) {
    var ends: (Int32, Int32) = (-1, -1)
    _ = try checked(pipe_open(&ends.0, &ends.1), "make a pipe")
    let (reading, writing) = (Descriptor(ends.0), Descriptor(ends.1))
    let child = withCStrings(launch.arguments) { arguments in
      withCStrings(launch.environment) { environment in
        ForkGate.shared.whileOpen {
          child_start(launch.path, arguments, environment, writing.number, writing.number)
        }
      }
    }
    return (try checked(child, "start \(launch.path)"), reading)
  }

  /// Hands on what arrives until the process has ended. Its own children may hold the pipe open for longer.
  private static func collect(_ output: Descriptor, until end: Descriptor, _ body: (String) -> Void) {
    var pending: [UInt8] = []
    var requests = [
      pollfd(fd: output.number, events: Int16(POLLIN), revents: 0),
      pollfd(fd: end.number, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      if poll(&requests, nfds_t(requests.count), -1) < 0 && errno != EINTR { return }
      let hasEnded = requests[1].revents != 0
      // A character of several bytes may be split between two reads: whole lines are handed on.
      pending += available(in: output, isClosed: &requests[0].fd)
      let complete = hasEnded ? pending.endIndex : (pending.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1
      if complete > 0 {
        body(String(decoding: pending[..<complete], as: UTF8.self))
        pending.removeSubrange(..<complete)
      }
      if hasEnded { return }
    }
  }

  /// All that can be read now. A pipe that has been closed is taken out of the set: `poll` ignores -1.
  private static func available(in output: Descriptor, isClosed polled: inout Int32) -> [UInt8] {
    var bytes: [UInt8] = []
    withUnsafeTemporaryAllocation(byteCount: 4096, alignment: 1) { buffer in
      while true {
        let size = read(output.number, buffer.baseAddress, buffer.count)
        if size > 0 {
          bytes += buffer[..<size]
        } else if size == 0 {
          polled = -1
          return
        } else if errno != EINTR {
          return
        }
      }
    }
    return bytes
  }

  private static func withCStrings<Result>(
    _ strings: [String], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> Result
  ) -> Result {
    let copies: [UnsafeMutablePointer<CChar>?] = strings.map { strdup($0) } + [nil]
    defer { copies.forEach { free($0) } }
    return copies.withUnsafeBufferPointer { body($0.baseAddress!) }
  }

  private static func variables(adding added: [String: String]) -> [String] {
    var variables: [String] = []
    guard var next = environment_variables() else { return variables }
    while let variable = next.pointee {
      let text = String(cString: variable)
      if added[String(text.prefix { $0 != "=" })] == nil { variables.append(text) }
      next += 1
    }
    return variables + added.map { "\($0)=\($1)" }
  }

  private static func path(of program: String) throws(SystemError) -> String {
    if program.contains("/") { return program }
    let directories = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
    for directory in directories.split(separator: ":") where access("\(directory)/\(program)", X_OK) == 0 {
      return "\(directory)/\(program)"
    }
    throw SystemError("find \(program) in PATH", code: ENOENT)
  }
}
