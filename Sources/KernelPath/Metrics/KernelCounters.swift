import CBpf
public import CDataPath
public import FilterKit
import Glibc

/// The program's counters: a cell for each processor.
public struct KernelCounters: Sendable {
  private let descriptor: Int32
  private let flows: Int32
  package let processors: Int

  init(_ descriptor: Int32, flows: Int32) {
    self.descriptor = descriptor
    self.flows = flows
    processors = Int(libbpf_num_possible_cpus())
  }

  /// Packets handed to the sockets for a cause.
  public func handOvers(_ cause: hand_over) -> UInt64 { self[cause.rawValue] }

  /// `FIRST_FILTER_COUNTER`, which Swift cannot read: what filters count stands behind it, from 1.
  package static let firstFilterPlace = HAND_OVER_COUNT.rawValue + UInt32(CHAIN_FILTERS) * UInt32(DropReason.count)

  /// All cells: those of a place for each of `processors`, and the places as `reasons.h` numbers them. For tests that want to know
  /// what else was counted.
  package func cells() throws(KernelPathError) -> [UInt64] {
    let count = Int(Self.firstFilterPlace) + Int(CHAIN_COUNTERS) + 1
    var keys = [UInt32](repeating: 0, count: count)
    var cells = [UInt64](repeating: 0, count: count * processors)
    var (end, read) = (UInt32(0), UInt32(count))
    let result = bpf_map_lookup_batch(descriptor, nil, &end, &keys, &cells, &read, nil)
    // The end of the map is told as an error.
    guard result == 0 || errno == ENOENT, Int(read) == count else {
      throw .system(call: "reading of the counters", errno: errno)
    }
    return cells
  }

  /// The traffic of a direction that was not handed over.
  public func traffic(_ direction: Direction) -> flow {
    var place = direction == .read ? FLOW_READ.rawValue : FLOW_WRITE.rawValue
    return withUnsafeTemporaryAllocation(of: flow.self, capacity: processors) { cells in
      var sum = flow()
      guard bpf_map_lookup_elem(flows, &place, cells.baseAddress) == 0 else { return sum }
      for cell in cells {
        sum.packets_received &+= cell.packets_received
        sum.bytes_received &+= cell.bytes_received
        sum.packets_sent &+= cell.packets_sent
        sum.bytes_sent &+= cell.bytes_sent
      }
      return sum
    }
  }

  /// Writes what filters dropped and counted to a sheet that nothing else writes to.
  public func write(to sheet: CounterSheet, of tables: KernelTables) {
    let reasons = UInt32(DropReason.count)
    for (number, row) in tables.drops {
      for reason in 1..<reasons {
        let place = HAND_OVER_COUNT.rawValue + UInt32(number) * reasons + reason
        sheet.set(row[DropReason(rawValue: reason)], to: self[place])
      }
    }
    for (index, counter) in tables.counters.enumerated() {
      sheet.set(counter, to: self[Self.firstFilterPlace + UInt32(index) + 1])
    }
  }

  /// The sum of a place over all processors.
  private subscript(_ place: UInt32) -> UInt64 {
    var place = place
    return withUnsafeTemporaryAllocation(of: UInt64.self, capacity: processors) { cells in
      bpf_map_lookup_elem(descriptor, &place, cells.baseAddress) == 0 ? cells.reduce(0, &+) : 0
    }
  }
}
