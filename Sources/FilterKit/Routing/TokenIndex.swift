import Glibc

/// Tokens and the endpoints that have them: a hash table in raw memory that is built once and then only read.
///
/// Tokens compare by all their bytes. The hash is seeded for each table, so that nobody can prepare tokens that collide.
struct TokenIndex: ~Copyable, @unchecked Sendable {
  struct Slot {
    var hash: UInt64
    /// Where the token's bytes are in `bytes`.
    var offset: UInt32
    var size: UInt32
    /// Where the token's endpoints are in `endpoints`. No slot in use has a count of 0.
    var first: UInt32
    var count: UInt32
  }

  private let slots: UnsafeMutablePointer<Slot>
  private let mask: Int
  private let bytes: UnsafeMutableRawPointer
  private let endpoints: UnsafeMutablePointer<UInt32>
  private let seed: UInt64
  /// How many different tokens there are.
  private(set) var count = 0

  /// `tokens` of each endpoint, by the endpoint's number.
  init(_ tokens: [[[UInt8]]]) {
    let total = tokens.reduce(0) { $0 + $1.count }
    let capacity = max(8, (total * 2).nextPowerOfTwo)
    mask = capacity - 1
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: Slot(hash: 0, offset: 0, size: 0, first: 0, count: 0), count: capacity)
    let size = tokens.reduce(0) { $0 + $1.reduce(0) { $0 + $1.count } }
    bytes = .allocate(byteCount: max(1, size), alignment: 8)
    endpoints = .allocate(capacity: max(1, total))
    seed = .random(in: .min ... .max)

    // Each token gets a slot, which counts its endpoints and knows the last one of them…
    var pairs: [(place: Int, endpoint: UInt32)] = []
    pairs.reserveCapacity(total)
    var offset = 0
    for (endpoint, tokens) in tokens.enumerated() {
      for token in tokens {
        let place = token.withUnsafeBytes { token in
          let hash = TokenHash.of(token, seed: seed)
          let place = slotPlace(of: token, hash: hash)
          if slots[place].count == 0 {
            slots[place] = Slot(hash: hash, offset: UInt32(offset), size: UInt32(token.count), first: 0, count: 0)
            (bytes + offset).copyMemory(from: token.baseAddress ?? UnsafeRawPointer(bytes), byteCount: token.count)
            offset += token.count
          }
          return place
        }
        if slots[place].count == 0 { count += 1 }
        if slots[place].count > 0, slots[place].first == UInt32(endpoint) { continue }
        slots[place].first = UInt32(endpoint)
        slots[place].count += 1
        pairs.append((place, UInt32(endpoint)))
      }
    }
    // …then room for them…
    var first: UInt32 = 0
    for place in 0..<capacity {
      let count = slots[place].count
      slots[place].first = first
      slots[place].count = 0
      first += count
    }
    // …and them, in their order.
    for (place, endpoint) in pairs {
      (endpoints + Int(slots[place].first + slots[place].count)).initialize(to: endpoint)
      slots[place].count += 1
    }
  }

  deinit {
    slots.deallocate()
    bytes.deallocate()
    endpoints.deallocate()
  }

  /// The numbers of the endpoints that have `token`. Empty where none has. Valid as long as the index lives.
  func endpoints(having token: UnsafeRawBufferPointer) -> UnsafeBufferPointer<UInt32> {
    let slot = slots[slotPlace(of: token, hash: TokenHash.of(token, seed: seed))]
    return UnsafeBufferPointer(start: endpoints + Int(slot.first), count: Int(slot.count))
  }

  /// The place of a token's slot; where it has none, of a free one.
  private func slotPlace(of token: UnsafeRawBufferPointer, hash: UInt64) -> Int {
    var place = Int(truncatingIfNeeded: hash) & mask
    // At least half of the slots are free, so a run of taken ones ends.
    while slots[place].count != 0 {
      let slot = slots[place]
      if slot.hash == hash, Int(slot.size) == token.count,
        token.count == 0 || memcmp(bytes + Int(slot.offset), token.baseAddress!, token.count) == 0
      {
        return place
      }
      place = (place &+ 1) & mask
    }
    return place
  }
}

extension Int {
  var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
