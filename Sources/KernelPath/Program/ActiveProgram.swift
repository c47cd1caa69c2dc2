import CDataPath
import FilterKit

/// A program that runs, with its interfaces and the sheet that its counters go to.
struct ActiveProgram {
  let program: KernelProgram
  let places: InterfacePlaces
  let tokenCapacity: Int
  /// Where its maps say that packets go.
  private(set) var routing: KernelRouting
  var attachments: [Attachment] = []
  /// When the endpoints to choose among changed last, in nanoseconds of `CLOCK_MONOTONIC`.
  private var chosenAt: UInt64 = 0
  let plan: ChainPlan
  private let image: image
  private let counters: PathCounters
  private let sheet: CounterSheet

  init(
    _ program: KernelProgram, _ image: image, _ plan: ChainPlan, _ routing: KernelRouting, _ places: InterfacePlaces,
    tokenCapacity: Int, _ metrics: Metrics, _ counters: PathCounters
  ) {
    self.program = program
    self.image = image
    self.plan = plan
    self.routing = routing
    self.places = places
    self.tokenCapacity = tokenCapacity
    self.counters = counters
    sheet = metrics.makeSheet()
  }

  func refreshCounters() {
    program.counters.write(to: sheet, of: plan.tables)
    counters.write(program.counters, to: sheet)
  }

  /// Whether it is the program of this image, with what this plan has beside it.
  func runs(_ image: image, _ plan: ChainPlan) -> Bool {
    let (old, new) = (self.plan.tables, plan.tables)
    return self.image == image && old.drops == new.drops && old.counters == new.counters
      && old.prefixes == new.prefixes && old.portSets == new.portSets
      && old.states.elementsEqual(new.states) { $0 === $1 }
  }

  /// Whether its maps have room for what they hold together with `routing`.
  func hasRoom(for routing: KernelRouting) -> Bool {
    routing.tokens.count(with: self.routing.tokens) <= tokenCapacity
      && program.maps.balance.room == program.maps.balance.room.holding(routing)
  }

  /// Changes where packets go, while it runs.
  mutating func update(_ routing: KernelRouting) throws(KernelPathError) {
    if !routing.choosesAlike(self.routing) {
      let now = SystemClock.monotonic
      // The list that is written now was in use before the last change: nobody may be reading it still.
      if now &- chosenAt < 1_000_000_000 { KernelWork.awaitEnd() }
      chosenAt = now
    }
    try routing.write(to: program.maps, replacing: self.routing)
    self.routing = routing
  }

  /// Leaves it where it is, for another process, and counts it no more.
  func leave(_ metrics: Metrics) {
    refreshCounters()
    metrics.retire(sheet)
  }

  /// Ends it: it is taken off the interfaces that no other program has taken over, and counted to its last packet.
  func retire(_ metrics: Metrics, successor: ActiveProgram? = nil) {
    for attachment in attachments where successor?.attachments.contains(where: { $0 === attachment }) != true {
      attachment.detach()
    }
    KernelWork.awaitEnd()
    refreshCounters()
    metrics.retire(sheet)
  }
}
