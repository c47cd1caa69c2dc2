import CSys
import Glibc

/// A worker before it runs. Starting it hands the worker over to a thread of its own, which frees it at its end.
final class Thread: @unchecked Sendable {
  private var worker: Worker?
  private let name: String

  init(_ worker: consuming Worker, name: String) {
    self.worker = consume worker
    self.name = name
  }

  /// Prepares the worker. To be called before `start`.
  func prepare<Result>(_ body: (inout Worker) -> Result) -> Result { body(&worker!) }

  struct Failure: Error { let errno: Int32 }

  /// Called once.
  func start() -> Result<pthread_t, Failure> {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(self)
    let error = csys_thread_start(
      &thread, name,
      { argument in
        let thread = Unmanaged<Thread>.fromOpaque(argument!).takeRetainedValue()
        // Out of the object: what a struct on the stack has needs no exclusivity checks.
        guard var worker = thread.worker.take() else { return nil }
        worker.run()
        return nil
      }, argument.toOpaque())
    guard error == 0 else {
      argument.release()
      return .failure(Failure(errno: error))
    }
    return .success(thread)
  }
}
