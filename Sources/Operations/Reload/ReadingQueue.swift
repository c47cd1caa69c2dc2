import Synchronization

/// The reading of the configuration that was not looked at yet: of several the last one.
final class ReadingQueue: Sendable {
  private let waiting = Mutex<ConfigurationWatch.Reading?>(nil)
  private let signal = Signal()

  func put(_ reading: ConfigurationWatch.Reading) {
    waiting.withLock { waiting in
      let wasAsked = waiting?.wasAsked == true || reading.wasAsked
      waiting = ConfigurationWatch.Reading(contents: reading.contents, wasAsked: wasAsked)
    }
    signal.send()
  }

  /// Waits for a reading; nil where the task was cancelled instead.
  func next() async -> ConfigurationWatch.Reading? {
    while await signal.received() {
      if let reading = waiting.withLock({ $0.take() }) { return reading }
    }
    return nil
  }
}
