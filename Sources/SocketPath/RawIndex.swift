/// A hash index from keys, which live elsewhere, to numbers. Open addressing in raw memory with linear probing.
///
/// The owner gives the hash of a key and says whether a number's key is the one that is looked for.
struct RawIndex: ~Copyable {
  private struct Slot {
    var hash: UInt32
    /// The number, plus one; 0 is a free slot.
    var value: UInt32
  }

  private var slots: UnsafeMutablePointer<Slot>
  private var mask: Int
  private(set) var count = 0

  init() {
    mask = 63
    slots = .allocate(capacity: 64)
    slots.initialize(repeating: Slot(hash: 0, value: 0), count: 64)
  }

  deinit { slots.deallocate() }

  @inline(__always) func find(_ hash: UInt64, where isKey: (UInt32) -> Bool) -> UInt32? {
    let tag = UInt32(truncatingIfNeeded: hash)
    var place = Int(tag) & mask
    while slots[place].value != 0 {
      if slots[place].hash == tag, isKey(slots[place].value &- 1) { return slots[place].value &- 1 }
      place = (place &+ 1) & mask
    }
    return nil
  }

  /// Adds a number whose key is not in the index yet.
  mutating func insert(_ hash: UInt64, _ value: UInt32) {
    if (count + 1) * 2 > mask + 1 { grow() }
    place(Slot(hash: UInt32(truncatingIfNeeded: hash), value: value + 1))
    count += 1
  }

  /// Takes a number out.
  mutating func remove(_ hash: UInt64, _ value: UInt32) {
    var hole = Int(UInt32(truncatingIfNeeded: hash)) & mask
    while slots[hole].value != value + 1 {
      precondition(slots[hole].value != 0, "the number is not in the index")
      hole = (hole + 1) & mask
    }
    // What comes behind moves up, so that no probe ends early at the hole.
    var next = (hole + 1) & mask
    while slots[next].value != 0 {
      let home = Int(slots[next].hash) & mask
      if (next - home) & mask >= (next - hole) & mask {
        slots[hole] = slots[next]
        hole = next
      }
      next = (next + 1) & mask
    }
    slots[hole].value = 0
    count -= 1
  }

  private mutating func place(_ slot: Slot) {
    var place = Int(slot.hash) & mask
    while slots[place].value != 0 { place = (place + 1) & mask }
    slots[place] = slot
  }

  private mutating func grow() {
    let (old, oldCount) = (slots, mask + 1)
    mask = oldCount * 2 - 1
    slots = .allocate(capacity: oldCount * 2)
    slots.initialize(repeating: Slot(hash: 0, value: 0), count: oldCount * 2)
    for index in 0..<oldCount where old[index].value != 0 { place(old[index]) }
    old.deallocate()
  }
}
