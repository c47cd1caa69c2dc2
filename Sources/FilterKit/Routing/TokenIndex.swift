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
  let count: Int

  /// `tokens` of each endpoint, by the endpoint's number.
  init(_ tokens: [[[UInt8]]]) {
    var owners: [[UInt8]: [UInt32]] = [:]
    for (endpoint, tokens) in tokens.enumerated() {
      for token in tokens where owners[token]?.last != UInt32(endpoint) {
        owners[token, default: []].append(UInt32(endpoint))
      }
    }
    count = owners.count
    let capacity = max(8, (count * 2).nextPowerOfTwo)
    mask = capacity - 1
    slots = .allocate(capacity: capacity)
    slots.initialize(repeating: Slot(hash: 0, offset: 0, size: 0, first: 0, count: 0), count: capacity)
    bytes = .allocate(byteCount: max(1, owners.keys.reduce(0) { $0 + $1.count }), alignment: 8)
    endpoints = .allocate(capacity: max(1, owners.values.reduce(0) { $0 + $1.count }))
    seed = .random(in: .min ... .max)

    var offset = 0
    var first = 0
    for (token, owners) in owners {
      token.withUnsafeBytes {
        (bytes + offset).copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(bytes), byteCount: $0.count)
      }
      (endpoints + first).initialize(from: owners, count: owners.count)
      let hash = Self.hash(UnsafeRawBufferPointer(start: bytes + offset, count: token.count), seed: seed)
      var place = Int(truncatingIfNeeded: hash) & mask
      while slots[place].count != 0 { place = (place + 1) & mask }
      slots[place] = Slot(
        hash: hash, offset: UInt32(offset), size: UInt32(token.count), first: UInt32(first), count: UInt32(owners.count)
      )
      offset += token.count
      first += owners.count
    }
  }

  deinit {
    slots.deallocate()
    bytes.deallocate()
    endpoints.deallocate()
  }

  /// The numbers of the endpoints that have `token`. Empty where none has. Valid as long as the index lives.
  func endpoints(having token: UnsafeRawBufferPointer) -> UnsafeBufferPointer<UInt32> {
    let hash = Self.hash(token, seed: seed)
    var place = Int(truncatingIfNeeded: hash) & mask
    // At least half of the slots are free, so a run of taken ones ends.
    while slots[place].count != 0 {
      let slot = slots[place]
      if slot.hash == hash, Int(slot.size) == token.count,
        token.count == 0 || memcmp(bytes + Int(slot.offset), token.baseAddress!, token.count) == 0
      {
        return UnsafeBufferPointer(start: endpoints + Int(slot.first), count: Int(slot.count))
      }
      place = (place &+ 1) & mask
    }
    return UnsafeBufferPointer(start: nil, count: 0)
  }

  private static func hash(_ token: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    var hash = mix(seed ^ UInt64(token.count))
    var at = 0
    while at &+ 8 <= token.count {
      hash = mix(hash ^ token.loadUnaligned(fromByteOffset: at, as: UInt64.self)) &+ seed
      at &+= 8
    }
    var rest: UInt64 = 0
    while at < token.count {
      rest = rest << 8 | UInt64(token[at])
      at &+= 1
    }
    return mix(hash ^ rest)
  }
}

extension Int {
  var nextPowerOfTwo: Int { self <= 1 ? 1 : 1 << (Int.bitWidth - (self - 1).leadingZeroBitCount) }
}
