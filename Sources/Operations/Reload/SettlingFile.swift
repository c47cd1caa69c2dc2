import Glibc

/// When a watched file is worth reading: what has happened to it and to the way there decides, and how long ago that was.
///
/// A burst of changes is one. A file that somebody is writing to is not looked at before it is closed.
struct SettlingFile: ~Copyable {
  /// A change is looked at when it has been quiet for so long, in nanoseconds…
  static let quiet: UInt64 = 5_000_000
  /// …or at the latest after this, where it never is.
  static let longest: UInt64 = 50_000_000
  /// How long a reading that was asked for waits for whoever writes, and how long a file must stay empty to be taken for one.
  static let patience: UInt64 = 1_000_000_000

  /// What is read next.
  struct Look: Equatable {
    let wasAsked: Bool
    /// Whether the file was empty the last time, and nothing was heard of it since.
    let isSecond: Bool
  }

  private let path: String
  private let events: FileEvents
  private var lookedUp: LookedUpPath
  /// The names that matter in a directory, by its watch.
  private var names: [Int32: Set<String>] = [:]
  private var fileWatch: Int32?
  private var identity: Identity?
  /// The watches that saw somebody write who was not done.
  private var writes: Set<Int32> = []
  private var firstChange: UInt64?
  private var lastChange: UInt64 = 0
  private var asked: UInt64?
  /// Where the last look found the file empty: when the next one is.
  private var doubt: (end: UInt64, wasAsked: Bool)?

  private struct Identity: Equatable {
    let device: dev_t
    let number: ino_t
    // The number of a file that is gone is soon another's.
    let seconds: Int
    let nanoseconds: Int

    init(_ status: stat) {
      (device, number) = (status.st_dev, status.st_ino)
      (seconds, nanoseconds) = (status.st_ctim.tv_sec, status.st_ctim.tv_nsec)
    }
  }

  private static let ofDirectory =
    Int(IN_CREATE) | Int(IN_MOVED_TO) | Int(IN_MOVED_FROM) | Int(IN_DELETE) | Int(IN_CLOSE_WRITE) | Int(IN_MODIFY)
    | Int(IN_ATTRIB) | Int(IN_DELETE_SELF) | Int(IN_MOVE_SELF) | Int(IN_ONLYDIR) | Int(IN_EXCL_UNLINK)
  // By the file itself too: one that is mounted alone is written to in a directory that is not seen here.
  private static let ofFile = Int(IN_CLOSE_WRITE) | Int(IN_MODIFY)

  /// The path is looked up from now on.
  init(_ path: String) throws(ConfigurationWatchError) {
    self.path = path
    events = try FileEvents()
    lookedUp = LookedUpPath(path)
    aim()
  }

  /// Fails where nothing would ever be heard of the file.
  func check() throws(ConfigurationWatchError) {
    guard let directory = lookedUp.steps.last?.directory, fileWatch == nil else { return }
    guard events.watch(directory, Self.ofDirectory) != nil else {
      throw ConfigurationWatchError(call: "inotify_add_watch for \(directory)", errno: errno)
    }
  }

  /// Readable when something has happened.
  var descriptor: Int32 { events.descriptor }

  /// Wants the file to be read, whether it has changed or not.
  mutating func ask(now: UInt64) { asked = now }

  /// When the file is to be read as things are now, in nanoseconds of the monotonic clock; nil for not before something happens.
  var due: UInt64? {
    if let asked { return isBeingWritten ? asked + Self.patience : asked }
    if isBeingWritten { return doubt.flatMap { $0.wasAsked ? $0.end : nil } }
    if let firstChange { return min(lastChange + Self.quiet, firstChange + Self.longest) }
    return doubt?.end
  }

  /// The file is read now.
  mutating func begin(now: UInt64) -> Look {
    defer { (asked, firstChange, doubt) = (nil, nil, nil) }
    return Look(
      wasAsked: asked != nil || doubt?.wasAsked == true,
      isSecond: firstChange == nil && doubt.map { $0.end <= now } == true)
  }

  /// What was read is of no use: the file is to be read again.
  mutating func putOff(_ look: Look, now: UInt64) {
    if look.wasAsked { asked = now }
    change(now)
  }

  /// The file was empty. Whoever opens a file to write it anew empties it before the system says so, a while before where it was
  /// large: it is looked at again.
  mutating func doubt(_ look: Look, now: UInt64) { doubt = (now + Self.patience, look.wasAsked) }

  var exists: Bool { Self.identity(of: path) != nil }

  /// Takes what has happened into account. False where nothing has that matters.
  mutating func collect(now: UInt64) -> Bool {
    var isMoved = false
    var matters = false
    for event in events.collect() {
      if event.has(Int(IN_Q_OVERFLOW)) {
        isMoved = true
        writes = []
        change(now)
      } else if event.watch == fileWatch {
        note(event, now)
      } else if let names = names[event.watch], event.name.isEmpty || names.contains(event.name) {
        isMoved = isMoved || event.has(Self.moves)
        note(event, now)
      } else {
        continue
      }
      matters = true
    }
    if isMoved, aim() { change(now) }
    return matters
  }

  private static let moves =
    Int(IN_CREATE) | Int(IN_MOVED_TO) | Int(IN_MOVED_FROM) | Int(IN_DELETE) | Int(IN_DELETE_SELF) | Int(IN_MOVE_SELF)
    | Int(IN_IGNORED)

  private mutating func note(_ event: FileEvents.Event, _ now: UInt64) {
    if event.has(Int(IN_MODIFY)) { writes.insert(event.watch) }
    // Whoever writes to a file that has gone is not waited for.
    if event.has(Int(IN_CLOSE_WRITE) | Int(IN_MOVED_TO) | Int(IN_MOVED_FROM) | Int(IN_DELETE)) { writes = [] }
    if event.has(Int(IN_CLOSE_WRITE) | Int(IN_MOVED_TO)) { change(now) }
    if event.has(Int(IN_ATTRIB)) { change(now) }
  }

  private var isBeingWritten: Bool { !writes.isEmpty }

  private mutating func change(_ now: UInt64) {
    if firstChange == nil { firstChange = now }
    lastChange = now
  }

  /// Watches the way to the file as it is now. True where it leads to another file that is complete.
  @discardableResult private mutating func aim() -> Bool {
    // What changes while watches are set is seen by those that are, as they are set from the root on.
    var next: LookedUpPath
    var names: [Int32: Set<String>]
    repeat {
      next = LookedUpPath(path)
      names = [:]
      for step in next.steps {
        if let watch = events.watch(step.directory, Self.ofDirectory) { names[watch, default: []].insert(step.name) }
      }
      lookedUp = LookedUpPath(path)
    } while lookedUp != next
    let file = next.file.flatMap { events.watch($0, Self.ofFile) }
    for watch in Array(self.names.keys) + [fileWatch].compactMap(\.self) where names[watch] == nil && watch != file {
      events.forget(watch)
    }
    self.names = names
    fileWatch = file
    // What is not watched any more does not say when it is done.
    writes = writes.filter { names[$0] != nil || $0 == file }
    let before = identity
    identity = Self.identity(of: path)
    guard identity != before, identity != nil else { return false }
    // One that was made just now is written to next.
    return !Self.isEmpty(path)
  }

  private static func status(_ path: String) -> stat? {
    var status = stat()
    return stat(path, &status) == 0 ? status : nil
  }

  private static func identity(of path: String) -> Identity? {
    status(path).map(Identity.init)
  }

  private static func isEmpty(_ path: String) -> Bool { status(path)?.st_size == 0 }
}
