import CDataPath
public import FilterKit

/// Runs one of several filters, chosen by a metadata value.
public struct Match: Filter {
  public static let name = "Match"
  public static let aliases = ["quilkin.filters.match.v1alpha1.Match"]
  public static let summary = "Runs one of several filters, by what was captured."

  // Not optionals: taking branches out of an optional would copy, and so retain, them for every batch.
  private let onRead: MatchBranches
  private let onWrite: MatchBranches

  public init(options: inout Options, context: inout FilterContext) {
    onRead = options.object("on_read") { MatchBranches(&$0, &context, .read) } ?? .none
    onWrite = options.object("on_write") { MatchBranches(&$0, &context, .write) } ?? .none
    if onRead.isNone, onWrite.isNone { options.report("give 'on_read', 'on_write' or both") }
  }

  public func read(batch: inout PacketBatch) { onRead.run(.read, &batch) }
  public func write(batch: inout PacketBatch) { onWrite.run(.write, &batch) }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    try (image.direction == .read ? onRead : onWrite).encode(into: &image)
  }
}
