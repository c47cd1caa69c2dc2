/// Tells one waiting task that something is wanted. Signals that were not received yet count as one.
struct Signal: Sendable {
  private let stream: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  init() { (stream, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  func send() { continuation.yield() }

  /// Waits for a signal. False where the task was cancelled instead.
  func received() async -> Bool {
    var signals = stream.makeAsyncIterator()
    return await signals.next() != nil
  }
}
