import Glibc

/// A thread of the system that runs one closure. Its owner joins it.
final class Thread: Sendable {
  private let handle: pthread_t

  init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    final class Body {
      let run: @Sendable () -> Void
      init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    let argument = Unmanaged.passRetained(Body(body))
    var handle = pthread_t()
    let code = pthread_create(
      &handle, nil,
      { argument in
        Unmanaged<Body>.fromOpaque(argument!).takeRetainedValue().run()
        return nil
      }, argument.toOpaque())
    if code != 0 {
      argument.release()
      throw SystemError("create a thread", code: code)
    }
    self.handle = handle
  }

  /// Waits until the closure has returned. To be called once.
  func join() { pthread_join(handle, nil) }
}
