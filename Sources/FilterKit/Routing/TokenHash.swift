import PacketKit

/// A hash of a token's bytes. Its seed is nobody's to know, so that nobody can prepare tokens that collide.
package enum TokenHash {
  package static func of(_ token: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
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
