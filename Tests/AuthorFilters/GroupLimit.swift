public import FilterKit

/// Lets so many packets of each group pass in all. A packet begins with the name of its group, behind a byte with the name's size.
public struct GroupLimit: PacketProgramFilter {
  public typealias Program = GroupLimitProgram
  public static let name = "GroupLimit"
  public static let dropReasons = ["no_group", "group_limit"]
  public static let directions: Directions = .read
  public let program: GroupLimitProgram.Options
  public let state: ProgramState?

  public init(options: inout Options, context: inout FilterContext) {
    let names = options.strings("groups").map(\.text)
    let limit = options.integer("limit", in: 1...1_000_000)
    program = GroupLimitProgram.Options(
      limit: UInt64(limit), group: context.key(context.label + "/group", setOn: .read),
      passed: context.counter("author_group_passed_total", help: "Packets that passed."))
    state = context.state(of: names) {
      let state = ProgramState(numbers: names.count, entries: names.count + 1)
      for (number, name) in names.enumerated() {
        if let key = ShortBytes(Array(name.utf8)) { state.setEntry(for: key, to: UInt64(number)) }
      }
      return state
    }
  }

  public func place(_ program: inout GroupLimitProgram.Options, in image: inout ChainEncoder) throws(KernelRefusal) {
    program.group = try image.place(observing: program.group)
    program.passed = try image.place(program.passed)
  }
}
