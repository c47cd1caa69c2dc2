import Foundation

/// The Swift source that the build adds to a target.
enum ObjectSource {
  static func holding(_ object: Data, _ programs: [ProgramSource]) -> String {
    let names = programs.map { "\"\($0.name)\"" }.joined(separator: ", ")
    return source("ProgramObject(\n    digits: \"\(digits(of: object))\",\n    names: [\(names)])")
  }

  static func without(_ obstacle: String) -> String {
    let text = obstacle.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    return source("ProgramObject(obstacle: \"\(text)\")")
  }

  private static func source(_ value: String) -> String {
    """
    import FilterKit

    extension ProgramObject {
      /// The packet programs of this target and of those that it depends on.
      static let compiled = \(value)
    }

    """
  }

  private static func digits(of object: Data) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: object.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
