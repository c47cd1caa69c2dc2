import FilterKit

/// Tells whether a token was there before.
struct TokenSet {
  private var tokens: [[UInt8]] = []
  /// A hash table of places in `tokens`, from 1; 0 for none.
  private var places: [UInt32]
  private let seed = UInt64.random(in: .min ... .max)

  /// - Parameter capacity: how many tokens there are at most.
  init(capacity: Int) {
    tokens.reserveCapacity(capacity)
    // At least half of it is free.
    var size = 8
    while size < 2 * capacity { size *= 2 }
    places = [UInt32](repeating: 0, count: size)
  }

  /// False where it was there.
  mutating func insert(_ token: [UInt8]) -> Bool {
    let hash = token.withUnsafeBytes { TokenHash.of($0, seed: seed) }
    var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
    while places[place] != 0 {
      if tokens[Int(places[place]) - 1] == token { return false }
      place = (place + 1) & (places.count - 1)
    }
    tokens.append(token)
    places[place] = UInt32(tokens.count)
    return true
  }
}
