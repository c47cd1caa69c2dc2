import CSys
import DataPath
import FilterKit
import Glibc
import ProxyConfiguration

/// Reads the configuration file whenever it may have changed, on a thread of its own, until its owner goes away.
///
/// It follows in-place writes, files that are renamed over it, and symbolic links that are swapped, however far up the path. What
/// is read was at rest: what somebody was still writing to meanwhile is thrown away.
final class ConfigurationWatch: Sendable {
  /// What was read.
  struct Reading: Sendable {
    let contents: Result<[UInt8], ConfigurationError>
    /// Whether somebody asked for it, and so wants an answer even where nothing has changed.
    let wasAsked: Bool

    var isEmpty: Bool { if case .success(let bytes) = contents { bytes.isEmpty } else { false } }
  }

  private final class Body: @unchecked Sendable {
    private let path: String
    // Only the thread looks at it.
    private var file: SettlingFile
    let requests: Int32
    private let receive: @Sendable (Reading) -> Void

    init(_ path: String, _ receive: @escaping @Sendable (Reading) -> Void) throws(ConfigurationWatchError) {
      self.path = path
      self.receive = receive
      file = try SettlingFile(path)
      requests = eventfd(0, Int32(EFD_CLOEXEC) | Int32(EFD_NONBLOCK))
      guard requests >= 0 else { throw ConfigurationWatchError(call: "eventfd", errno: errno) }
      try file.check()
    }

    deinit { if requests >= 0 { close(requests) } }

    func run(until end: Int32) {
      // What has changed since the start.
      read(SettlingFile.Look(wasAsked: false, isSecond: false))
      while true {
        guard wait(end) else { return }
        let now = SystemClock.monotonic
        if let due = file.due, due <= now {
          let look = file.begin(now: now)
          if look.wasAsked || file.exists { read(look) }
        }
      }
    }

    /// Waits until something happens or is due. False for the end.
    private func wait(_ end: Int32) -> Bool {
      var descriptors = [file.descriptor, requests, end].map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
      let now = SystemClock.monotonic
      let timeout = file.due.map { $0 > now ? Int32(clamping: ($0 - now + 999_999) / 1_000_000) : 0 } ?? -1
      poll(&descriptors, nfds_t(descriptors.count), timeout)
      if descriptors[2].revents != 0 { return false }
      var count: eventfd_t = 0
      if eventfd_read(requests, &count) == 0 { file.ask(now: SystemClock.monotonic) }
      _ = file.collect(now: SystemClock.monotonic)
      return true
    }

    private func read(_ look: SettlingFile.Look) {
      let reading = Reading(of: path, wasAsked: look.wasAsked)
      let now = SystemClock.monotonic
      // Whoever began to write meanwhile says so when he is done.
      if file.collect(now: now) { return file.putOff(look, now: now) }
      if reading.isEmpty, !look.isSecond { return file.doubt(look, now: now) }
      receive(reading)
    }
  }

  private let body: Body
  private let thread: CompanionThread

  /// - Parameter receive: Gets each reading, on the watch's thread: the first one at once.
  init(_ path: String, _ receive: @escaping @Sendable (Reading) -> Void) throws(ConfigurationWatchError) {
    let body = try Body(path, receive)
    self.body = body
    do throws(CompanionThread.Failure) {
      thread = try CompanionThread("configuration") { body.run(until: $0) }
    } catch { throw ConfigurationWatchError(call: error.call, errno: error.errno) }
  }

  /// Lets the file be read as soon as nobody writes to it, for a second at most.
  func requestReading() { eventfd_write(body.requests, 1) }
}

extension ConfigurationWatch.Reading {
  /// Reads a file as it is now.
  init(of path: String, wasAsked: Bool) {
    self.wasAsked = wasAsked
    do throws(ConfigurationError) {
      contents = .success(try ConfigurationFile.contents(of: path))
    } catch {
      contents = .failure(error)
    }
  }
}
