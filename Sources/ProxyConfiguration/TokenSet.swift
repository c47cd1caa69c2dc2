import FilterKit

/// Tells whether a token was there before.
struct TokenSet {
  private var tokens: [[UInt8]] = []
  /// A hash table of places in `tokens`, from 1, below the upper half of the tokens' hashes; 0 for none.
  private var places: [UInt64]
  private let seed = UInt64.random(in: .min ... .max)

  /// - Parameter capacity: how many tokens there are at most.
  init(capacity: Int) {
    tokens.reserveCapacity(capacity)
    // At least half of it is free.
    var size = 8
    while size < 2 * capacity { size *= 2 }
    places = [UInt64](repeating: 0, count: size)
  }

  /// False where it was there.
  mutating func insert(_ token: [UInt8]) -> Bool {
    let hash = token.withUnsafeBytes { TokenHash.of($0, seed: seed) }
    var place = Int(truncatingIfNeeded: hash) & (places.count - 1)
    while places[place] != 0 {
      let (upper, number) = (places[place] >> 32, Int(UInt32(truncatingIfNeeded: places[place])))
      if upper == hash >> 32, tokens[number - 1] == token { return false }
      place = (place + 1) & (places.count - 1)
    }
    tokens.append(token)
    places[place] = hash & ~0xffff_ffff | UInt64(tokens.count)
    return true
  }
}
