public import CDataPath
public import FilterKit

extension image {
  /// The image of a chain, for a proxy that listens on `addresses` and `port` and sends over `interfaces`.
  public init(
    _ plan: ChainPlan, addresses: [IPAddress], port: UInt16, interfaces: [interface], hopLifetime: UInt64,
    needsFullChecksums: Bool = false
  ) throws(KernelPathError) {
    guard let read = plan.read, let write = plan.write else { throw .refused(plan.refusal!) }
    guard addresses.count <= Int(CHAIN_ADDRESSES) else {
      throw .refused(
        KernelRefusal("it listens on \(addresses.count) addresses, and the kernel's program knows \(CHAIN_ADDRESSES)"))
    }
    guard interfaces.count <= Int(CHAIN_INTERFACES) else {
      throw .refused(
        KernelRefusal("it has \(interfaces.count) interfaces, and the kernel's program knows \(CHAIN_INTERFACES)"))
    }
    self.init()
    Self.copy(read, to: &self.read)
    Self.copy(write, to: &self.write)
    Self.copy(addresses.map { KernelBytes($0) }, to: &self.addresses)
    Self.copy(interfaces, to: &self.interfaces)
    hop_lifetime = hopLifetime
    self.port = port.bigEndian
    full_checksums = needsFullChecksums ? 1 : 0
    fixed_front = (read + write).allSatisfy(\.leavesFront) ? 1 : 0
  }

  /// Writes elements to the front of a C array, whose rest stays as it was.
  private static func copy<Element: BitwiseCopyable, Tuple>(_ elements: [Element], to tuple: inout Tuple) {
    precondition(elements.count * MemoryLayout<Element>.stride <= MemoryLayout<Tuple>.size)
    withUnsafeMutableBytes(of: &tuple) { memory in
      elements.withUnsafeBytes { memory.copyMemory(from: $0) }
    }
  }
}

extension slot {
  /// Whether nothing is cut off or added in front. Of a kind that is not named here nothing is known.
  fileprivate var leavesFront: Bool {
    switch UInt32(kind) {
    case SLOT_END.rawValue, SLOT_JUMP.rawValue, SLOT_MATCH.rawValue, SLOT_ROUTE.rawValue, SLOT_SIZE.rawValue,
      SLOT_DROP.rawValue:
      true
    // A prefix that is removed has the second flag alone.
    case SLOT_CAPTURE.rawValue: flags & 3 != 2
    default: false
    }
  }
}

/// An address as the kernel's maps hold it: 16 bytes in network order.
struct KernelBytes: BitwiseCopyable {
  private let high: UInt64
  private let low: UInt64

  init(_ ip: IPAddress) {
    high = ip.high.bigEndian
    low = ip.low.bigEndian
  }

  /// The same bytes as a C array.
  var array: C16 { unsafeBitCast(self, to: C16.self) }

  typealias C16 = (
    UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8, UInt8
  )
}
