import CDataPath
import PacketKit

/// `LocalRateLimit` in the chain image: `flags` 1 = ports count apart; `second_size` = which of the direction's limits it is;
/// `words` = the packets and the nanoseconds; `state` = the first cell of its windows.
extension RateLimit {
  @inline(__always) init(_ slot: UnsafePointer<slot>) {
    self.init(maximumPackets: slot.pointee.words.0, period: Int64(bitPattern: slot.pointee.words.1))
  }

  func encode(into slot: inout slot, countsPorts: Bool, number: UInt32) {
    slot.kind = UInt8(SLOT_LIMIT.rawValue)
    slot.flags = countsPorts ? 1 : 0
    slot.second_size = number
    slot.words = (maximumPackets, UInt64(bitPattern: period), 0, 0)
  }
}

#if hasFeature(Embedded)
  /// A window in the maps.
  private struct CellWindow: RateLimitWindow {
    let cell: UnsafeMutablePointer<cell>

    @inline(__always) var start: UInt64 { cell.pointee.first }
    @inline(__always) var count: UInt64 { cell.pointee.second }

    @inline(__always) func renew(from start: UInt64, at now: UInt64) -> Bool {
      guard kernel_exchange(&cell.pointee.first, start, now) == start else { return false }
      cell.pointee.second = 1
      return true
    }

    @inline(__always) func countOne() -> UInt64 { kernel_fetch_add(&cell.pointee.second, 1) }
  }

  /// Drops what is over the limit. What is not is counted later: a packet that is handed over is counted by the sockets, and so are
  /// those of a new key.
  @_cdecl("limit_run")
  public func limitRun(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    guard let cell = kernel_cell_of_source(raw, slot.pointee.state, UInt32(slot.pointee.flags & 1)) else {
      return UInt32(RUN_HAND_OVER)
    }
    let (window, limit) = (CellWindow(cell: cell), RateLimit(slot))
    if window.count >= limit.maximumPackets, !LocalRateLimitProgram.isOver(window, limit, now: kernel_now()) {
      return DropReason.rateLimited.rawValue
    }
    if slot.pointee.second_size == 0 { raw.pointee.limits.0 = cell } else { raw.pointee.limits.1 = cell }
    return 0
  }

  @_cdecl("limit_commit")
  public func limitCommit(_ raw: UnsafeMutablePointer<packet>, _ slot: UnsafePointer<slot>) -> UInt32 {
    let met = slot.pointee.second_size == 0 ? raw.pointee.limits.0 : raw.pointee.limits.1
    guard let cell = met else { return 0 }
    let isAdmitted = LocalRateLimitProgram.admit(CellWindow(cell: cell), RateLimit(slot), now: kernel_now())
    return isAdmitted ? 0 : DropReason.rateLimited.rawValue
  }
#endif
