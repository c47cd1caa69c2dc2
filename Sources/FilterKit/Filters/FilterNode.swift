/// A filter in its place in a chain, or in a branch of a filter.
public struct FilterNode: Sendable {
  /// The name by which metrics, logs and explanations call this filter. No other filter of the chain has it.
  public let label: String
  public let filter: any Filter
  /// Its place among all filters of the configuration, in the order in which they were made.
  public let number: Int
  /// Where its drops are counted.
  let drops: DropRow

  /// Runs the filter over the packets of the batch that are still live.
  public func run(_ direction: Direction, _ batch: inout PacketBatch) {
    guard batch.live != 0 else { return }
    let before = batch.countDrops(in: drops)
    switch direction {
    case .read: filter.read(batch: &batch)
    case .write: filter.write(batch: &batch)
    }
    batch.countDrops(at: before)
  }
}
