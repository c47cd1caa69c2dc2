import CSys
import Glibc

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
  /// The label for the line of a crash. Beside its owner, which is not to be retained for a packet.
  fileprivate nonisolated(unsafe) let labelText: UnsafePointer<CChar>
  private let labelOwner: LabelText

  init(label: String, filter: any Filter, number: Int, drops: DropRow, time: Counter) {
    self.label = label
    self.filter = filter
    self.number = number
    self.drops = drops
    self.time = time
    labelOwner = LabelText(label)
    labelText = labelOwner.start
  }
}

/// A label as C has texts.
final class LabelText: Sendable {
  nonisolated(unsafe) let start: UnsafePointer<CChar>

  init(_ label: String) { start = UnsafePointer(strdup(label)) }
  deinit { free(UnsafeMutableRawPointer(mutating: start)) }

  /// Names whatever crashes in `body` by this label.
  func whileRunning<Result>(_ body: () -> Result) -> Result {
    let outer = csys_run(start)
    defer { _ = csys_run(outer) }
    return body()
  }
}

extension [FilterNode] {
  /// Runs one of the filters over the packets of the batch that are still live.
  public func run(_ index: Int, _ direction: Direction, _ batch: inout PacketBatch) {
    guard batch.live != 0 else { return }
    // Each field for itself: whatever takes a whole node copies it, and so retains what it holds.
    let before = batch.countDrops(in: self[index].drops)
    let outer = csys_run(self[index].labelText)
    let start = batch.isTimed ? SystemClock.monotonic : 0
    switch direction {
    case .read: self[index].filter.read(batch: &batch)
    case .write: self[index].filter.write(batch: &batch)
    }
    if start != 0 { batch.countTime(since: start, in: self[index].time) }
    _ = csys_run(outer)
    batch.countDrops(at: before)
  }
}
