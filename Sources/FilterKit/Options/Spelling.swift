/// Finds what a misspelt name was meant to be.
public enum Spelling {
  /// The candidate nearest to `name`, if one is near enough to be meant. The first one wins among equals.
  ///
  /// Near is a third of the name, at most 4 edits: letters added, left out, replaced, or swapped with their neighbour
  /// (optimal string alignment). Upper and lower case count as the same.
  public static func nearest(to name: String, among candidates: some Sequence<String>) -> String? {
    let letters = lowercased(name)
    // A longer name than any key is no slip of the finger, and the table of edits grows with its length.
    guard letters.count <= 128 else { return nil }
    let limit = min(4, max(1, letters.count / 3))
    var best: (candidate: String, edits: Int)?
    for candidate in candidates where candidate != name {
      let other = lowercased(candidate)
      guard abs(other.count - letters.count) <= limit else { continue }
      let edits = edits(from: letters, to: other)
      if edits <= limit, edits < best?.edits ?? .max { best = (candidate, edits) }
    }
    return best?.candidate
  }

  /// ` (did you mean 'size'?)`, or nothing where no candidate is near.
  public static func hint(for name: String, among candidates: some Sequence<String>) -> String {
    nearest(to: name, among: candidates).map { " (did you mean '\($0)'?)" } ?? ""
  }

  private static func lowercased(_ name: String) -> [UInt8] {
    name.utf8.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
  }

  private static func edits(from a: [UInt8], to b: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...b.count)
    for i in a.indices {
      var row = [i + 1]
      row.reserveCapacity(b.count + 1)
      for j in b.indices {
        var cost = min(last[j + 1] + 1, row[j] + 1, last[j] + (a[i] == b[j] ? 0 : 1))
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, beforeLast[j - 1] + 1) }
        row.append(cost)
      }
      beforeLast = last
      last = row
    }
    return last[b.count]
  }
}
