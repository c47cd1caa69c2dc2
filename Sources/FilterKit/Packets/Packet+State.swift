// The state of the filter whose packet program runs.
extension Packet: PacketEffects {
  /// A number of the filter's state (`ProgramState`) by its place; 0 where it has none there.
  public func number(at place: UInt32) -> UInt64 {
    context.pointee.state.map { $0._withUnsafeGuaranteedRef { $0.number(at: place) } } ?? 0
  }

  /// What the table of the filter's state has for a key; nil where it has nothing.
  public func entry(for key: ShortBytes) -> UInt64? {
    context.pointee.state.flatMap { $0._withUnsafeGuaranteedRef { $0.entry(for: key) } }
  }

  /// Adds to a number of the filter's state, whose sum wraps around. Gives the number before; 0, and nothing done, where it has none
  /// at `place`.
  @discardableResult
  public mutating func add(_ amount: UInt64, toNumberAt place: UInt32) -> UInt64 {
    context.pointee.state.map { $0._withUnsafeGuaranteedRef { $0.add(amount, toNumberAt: place) } } ?? 0
  }

  /// Makes a number of the filter's state another one, unless somebody changed it since it was `old`: then it gives false.
  public mutating func exchangeNumber(at place: UInt32, _ old: UInt64, for new: UInt64) -> Bool {
    context.pointee.state.map { $0._withUnsafeGuaranteedRef { $0.exchangeNumber(at: place, old, for: new) } } ?? false
  }
}

extension PacketBatch {
  /// Lets packet programs use a state, or none; gives the one before.
  @inlinable mutating func use(_ state: Unmanaged<ProgramState>?) -> Unmanaged<ProgramState>? {
    let context = context
    let before = context.pointee.state
    context.pointee.state = state
    return before
  }
}
