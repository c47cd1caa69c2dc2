import Synchronization

/// The state of filters that outlives a configuration: a filter of the next one that has the same label and parameters goes on
/// with it.
///
/// States are held by the filters alone. Those of a configuration that was refused or replaced go away with it.
public final class FilterStates: Sendable {
  private struct Key: Hashable, Sendable {
    let label: String
    let type: ObjectIdentifier
    let parameters: Parameters
  }

  /// Made of values that are `Sendable` alone.
  private struct Parameters: Hashable, @unchecked Sendable {
    let value: AnyHashable
  }

  private struct Entry: Sendable {
    weak var state: (any AnyObject & Sendable)?
  }

  private let entries = Mutex<[Key: Entry]>([:])

  public init() {}

  func state<State: AnyObject & Sendable>(
    of label: String, _ parameters: some Hashable & Sendable, _ make: () -> State
  ) -> State {
    let key = Key(
      label: label, type: ObjectIdentifier(State.self), parameters: Parameters(value: AnyHashable(parameters)))
    if let state = entries.withLock({ $0[key]?.state }) as? State { return state }
    let state = make()
    entries.withLock { entries in
      entries = entries.filter { $0.value.state != nil }
      entries[key] = Entry(state: state)
    }
    return state
  }

  /// How many states are in use.
  package var count: Int { entries.withLock { $0.values.count { $0.state != nil } } }
}
