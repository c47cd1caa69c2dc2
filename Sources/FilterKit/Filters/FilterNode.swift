/// A filter in its place in a chain, or in a branch of a filter.
public struct FilterNode: Sendable {
  /// The name by which metrics, logs and explanations call this filter. No other filter of the chain has it.
  public let label: String
  public let filter: any Filter
  /// Its place among all filters of the configuration, in the order in which they were made.
  public let number: Int
  /// Where its drops are counted.
  let drops: DropRow
  /// Where the time is counted that it takes on sockets, filters inside it included.
  let time: Counter
}

extension [FilterNode] {
  /// Runs one of the filters over the packets of the batch that are still live.
  public func run(_ index: Int, _ direction: Direction, _ batch: inout PacketBatch) {
    guard batch.live != 0 else { return }
    // Each field for itself: whatever takes a whole node copies it, and so retains what it holds.
    let before = batch.countDrops(in: self[index].drops)
    let start = batch.isTimed ? PacketBatch.clock : 0
    switch direction {
    case .read: self[index].filter.read(batch: &batch)
    case .write: self[index].filter.write(batch: &batch)
    }
    if start != 0 { batch.countTime(since: start, in: self[index].time) }
    batch.countDrops(at: before)
  }
}
