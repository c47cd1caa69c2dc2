import Glibc

/// Tells what happens in directories and to files (inotify).
struct FileEvents: ~Copyable {
  struct Event {
    /// The watch that it belongs to; -1 where events were lost.
    let watch: Int32
    let kinds: UInt32
    /// The entry of a directory; empty where the event is about the watched object itself.
    let name: String

    func has(_ kinds: Int) -> Bool { self.kinds & UInt32(kinds) != 0 }
  }

  let descriptor: Int32

  init() throws(ConfigurationWatchError) {
    descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    guard descriptor >= 0 else { throw ConfigurationWatchError(call: "inotify_init1", errno: errno) }
  }

  deinit { close(descriptor) }

  /// Watches what a path leads to; nil where there is nothing. What is watched already keeps its number.
  func watch(_ path: String, _ kinds: Int) -> Int32? {
    let watch = inotify_add_watch(descriptor, path, UInt32(kinds))
    return watch >= 0 ? watch : nil
  }

  func forget(_ watch: Int32) { inotify_rm_watch(descriptor, watch) }

  /// What has happened since the last call.
  func collect() -> [Event] {
    var events: [Event] = []
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 8) { buffer in
      while true {
        let size = read(descriptor, buffer.baseAddress!, buffer.count)
        guard size > 0 else { return }
        var at = 0
        while at < size {
          let head = buffer.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
          at += MemoryLayout<inotify_event>.size
          let name = buffer[at..<(at + Int(head.len))].prefix { $0 != 0 }
          events.append(Event(watch: head.wd, kinds: head.mask, name: String(decoding: name, as: UTF8.self)))
          at += Int(head.len)
        }
      }
    }
    return events
  }
}
