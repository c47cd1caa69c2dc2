/// A filter of a random chain, with what shrinking can take away from it.
struct FilterTree {
  var name: String
  /// The config as YAML, or nil for none; of a `Match` without its branches, which stand below.
  var config: String?
  var match: Branches?
  /// The whole entry without its braces, where the test gives it.
  var written: String?

  /// One direction of a `Match`.
  struct Branches {
    var direction: String
    var key: String
    var branches: [(value: String, filter: FilterTree)]
    /// None or one. An array, since a value cannot hold itself.
    private var last: [FilterTree]

    init(direction: String, key: String, branches: [(value: String, filter: FilterTree)], otherwise: FilterTree?) {
      (self.direction, self.key, self.branches) = (direction, key, branches)
      last = otherwise.map { [$0] } ?? []
    }

    /// The fallthrough, where there is one.
    var otherwise: FilterTree? {
      get { last.first }
      set { last = newValue.map { [$0] } ?? [] }
    }
  }

  /// An entry of a chain, in YAML on one line.
  var text: String { "{\(fields)}" }

  private var fields: String {
    if let written { return written }
    guard let match else { return "name: \(name)" + (config.map { ", config: \($0)" } ?? "") }
    let branches = match.branches.map { "{value: \($0.value), \($0.filter.fields)}" }.joined(separator: ", ")
    let otherwise = match.otherwise.map { ", fallthrough: \($0.text)" } ?? ""
    return
      "name: \(name), config: {\(match.direction): {metadataKey: \(match.key), branches: [\(branches)]\(otherwise)}}"
  }

  /// The same filter with one thing less, the largest things first.
  var smaller: [FilterTree] {
    guard let match else { return [] }
    var result = match.branches.map(\.filter) + (match.otherwise.map { [$0] } ?? [])
    func with(_ change: (inout Branches) -> Void) {
      var copy = self
      change(&copy.match!)
      result.append(copy)
    }
    for index in match.branches.indices where match.branches.count > 1 { with { $0.branches.remove(at: index) } }
    if match.otherwise != nil { with { $0.otherwise = nil } }
    for (index, branch) in match.branches.enumerated() {
      for filter in branch.filter.smaller { with { $0.branches[index].filter = filter } }
    }
    for filter in match.otherwise?.smaller ?? [] { with { $0.otherwise = filter } }
    return result
  }
}
