/// Rows of cells in columns that are as wide as they must be.
enum TextTable {
  /// - Parameters:
  ///   - names: How many columns are of words, which begin below each other; numbers, behind them, end below each other.
  static func lines(_ rows: [[String]], names: Int) -> [String] {
    let columns = rows.map(\.count).max() ?? 0
    let widths = (0..<columns).map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
    return rows.map { row in
      var line = ""
      for (column, cell) in row.enumerated() {
        let space = String(repeating: " ", count: widths[column] - cell.count)
        line += (column == 0 ? "" : "  ") + (column < names ? cell + space : space + cell)
      }
      while line.last == " " { line.removeLast() }
      return line
    }
  }
}
