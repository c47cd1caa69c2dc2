import Glibc

/// Memory for the captured values of one batch: handed out in a row and taken back all at once.
///
/// It grows to what the largest batch needed and stays there, so that a running proxy allocates nothing. Places are offsets,
/// which stay true when it grows.
struct Arena: ~Copyable {
  private(set) var base: UnsafeMutableRawPointer
  private var capacity: Int
  private(set) var used = 0
  /// Memory that it grew out of in this batch: somebody may hold a value of another packet that lies in it.
  private var outgrown: [UnsafeMutableRawPointer] = []

  init(capacity: Int) {
    base = .allocate(byteCount: capacity, alignment: 8)
    self.capacity = capacity
  }

  deinit {
    for memory in outgrown { memory.deallocate() }
    base.deallocate()
  }

  mutating func reset() {
    used = 0
    guard !outgrown.isEmpty else { return }
    for memory in outgrown { memory.deallocate() }
    outgrown = []
  }

  /// The offset of `size` fresh bytes, aligned to 8.
  mutating func take(_ size: Int) -> Int {
    let start = (used &+ 7) & ~7
    if start &+ size > capacity { grow(to: start + size) }
    used = start &+ size
    return start
  }

  private mutating func grow(to size: Int) {
    let larger = UnsafeMutableRawPointer.allocate(byteCount: max(size, capacity * 2), alignment: 8)
    larger.copyMemory(from: base, byteCount: used)
    outgrown.append(base)
    base = larger
    capacity = max(size, capacity * 2)
  }
}

/// The destinations of all packets of a batch. Grows as `Arena` does.
struct DestinationNodes: ~Copyable {
  private var nodes: UnsafeMutablePointer<DestinationNode>
  private var capacity: Int
  private var used = 0

  init(capacity: Int) {
    nodes = .allocate(capacity: capacity)
    self.capacity = capacity
  }

  deinit { nodes.deallocate() }

  mutating func reset() { used = 0 }

  subscript(_ place: UInt32) -> DestinationNode { nodes[Int(place)] }

  /// Adds a node behind `last` of a packet's list.
  mutating func append(_ endpoint: UInt32, to packet: UnsafeMutablePointer<PacketState>) {
    if used == capacity { grow() }
    nodes[used] = DestinationNode(endpoint: endpoint, next: DestinationNode.end)
    let place = UInt32(truncatingIfNeeded: used)
    used &+= 1
    if packet.pointee.lastDestination == DestinationNode.end {
      packet.pointee.firstDestination = place
    } else {
      nodes[Int(packet.pointee.lastDestination)].next = place
    }
    packet.pointee.lastDestination = place
  }

  private mutating func grow() {
    let larger = UnsafeMutablePointer<DestinationNode>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: nodes, count: used)
    nodes.deallocate()
    nodes = larger
    capacity *= 2
  }
}
