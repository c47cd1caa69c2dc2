import FilterKit

/// The numbers by which the kernel's maps know endpoints. They stay small: an endpoint that left the configuration gives its
/// number back with its last session.
struct EndpointNumbers {
  private struct Entry {
    let number: UInt32
    var sessions = 0
    var isConfigured = true
  }
  private var entries: [SocketAddress: Entry] = [:]
  private var free: [UInt32] = []
  private var next: UInt32 = 0
  private var adopted: Set<UInt32> = []
  /// Far above what a configuration can have: a larger number was not ours.
  private static let limit: UInt32 = 1 << 20

  subscript(_ endpoint: SocketAddress) -> UInt32? { entries[endpoint]?.number }

  /// Numbers the endpoints of a configuration. Those of the one before keep theirs.
  /// - Returns: Whether a number means another endpoint from now on.
  mutating func configure(_ endpoints: [SocketAddress]) -> Bool {
    var isReused = false
    for endpoint in entries.keys { entries[endpoint]!.isConfigured = false }
    for endpoint in endpoints {
      if entries[endpoint] != nil {
        entries[endpoint]!.isConfigured = true
      } else if let number = free.popLast() {
        entries[endpoint] = Entry(number: number)
        isReused = true
      } else {
        entries[endpoint] = Entry(number: next)
        next += 1
      }
    }
    // Freed last: a number that goes now has packets on their way to its endpoint still.
    for (endpoint, entry) in entries where !entry.isConfigured && entry.sessions == 0 { release(endpoint) }
    return isReused
  }

  /// Takes over the number of a session's endpoint from a process before this one. False where it means another endpoint.
  mutating func adopt(_ endpoint: SocketAddress, as number: UInt32) -> Bool {
    if let entry = entries[endpoint] {
      guard entry.number == number else { return false }
    } else {
      guard !adopted.contains(number), number < Self.limit else { return false }
      entries[endpoint] = Entry(number: number, isConfigured: false)
      adopted.insert(number)
      if number >= next {
        free += next..<number
        next = number + 1
      } else {
        free.removeAll { $0 == number }
      }
    }
    sessionBegan(with: endpoint)
    return true
  }

  mutating func sessionBegan(with endpoint: SocketAddress) { entries[endpoint]?.sessions += 1 }

  mutating func sessionEnded(with endpoint: SocketAddress) {
    guard let entry = entries[endpoint] else { return }
    entries[endpoint]!.sessions -= 1
    if entry.sessions == 1, !entry.isConfigured { release(endpoint) }
  }

  private mutating func release(_ endpoint: SocketAddress) {
    guard let entry = entries.removeValue(forKey: endpoint) else { return }
    free.append(entry.number)
  }
}
