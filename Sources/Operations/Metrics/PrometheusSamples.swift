/// The samples of a text in Prometheus' format, as `PrometheusText` prints it: without time stamps, and with one space in front of
/// each value.
package struct PrometheusSamples: Sendable {
  /// One line: a set of labels and a number.
  package struct Sample: Hashable, Sendable {
    package let labels: [String: String]
    package let value: Double
    /// The number as a count: exact where it is written as one, never negative.
    package let count: Int

    package init(labels: [String: String], value: Double, count: Int) {
      self.labels = labels
      self.value = value
      self.count = count
    }
  }

  /// Why a text cannot be read.
  package struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// From 1.
    package let line: Int
    package let reason: String
    package var description: String { "line \(line): \(reason)" }

    package init(line: Int, reason: String) {
      self.line = line
      self.reason = reason
    }
  }

  /// How many samples a text may have: more than fit into the largest one that `PrometheusText` prints.
  package static let limit = 1 << 20

  private var families: [String: [Sample]] = [:]

  package init(_ text: some Collection<UInt8>, limit: Int = Self.limit) throws(Failure) {
    var number = 0
    var count = 0
    for line in text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      guard let first = line.first, first != UInt8(ascii: "#") else { continue }
      count += 1
      guard count <= limit else {
        throw Failure(line: number, reason: "there are more than \(limit) samples")
      }
      var reader = SampleReader(Array(line))
      do throws(SampleReader.Problem) {
        let (name, sample) = try reader.sample()
        families[name, default: []].append(sample)
      } catch {
        throw Failure(line: number, reason: error.text)
      }
    }
  }

  /// The samples of a name, in the order of the text.
  package subscript(name: String) -> [Sample] { families[name] ?? [] }
}

/// Reads one line.
private struct SampleReader {
  struct Problem: Error { let text: String }

  private let line: [UInt8]
  private var position = 0

  init(_ line: [UInt8]) { self.line = line }

  private var next: UInt8? { position < line.count ? line[position] : nil }

  mutating func sample() throws(Problem) -> (String, PrometheusSamples.Sample) {
    let name = try word(for: "metric", mayHaveColon: true)
    var labels: [String: String] = [:]
    if take("{") {
      repeat {
        let label = try word(for: "label", mayHaveColon: false)
        guard take("="), take("\"") else { throw Problem(text: "expected '=\"' behind the label's name") }
        guard labels.updateValue(try quoted(), forKey: label) == nil else {
          throw Problem(text: "the label '\(label)' stands there twice")
        }
      } while take(",")
      guard take("}") else { throw Problem(text: "expected ',' or '}' behind a label") }
    }
    guard take(" ") else { throw Problem(text: "expected a space and the value") }
    let text = String(decoding: line[position...], as: UTF8.self)
    guard let value = Self.number(text) else { throw Problem(text: "the value is no number") }
    return (name, PrometheusSamples.Sample(labels: labels, value: value, count: Self.count(text, value)))
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func word(for what: String, mayHaveColon: Bool) throws(Problem) -> String {
    let start = position
    while let byte = next {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"): break
      case UInt8(ascii: "0")...UInt8(ascii: "9") where position > start: break
      case UInt8(ascii: ":") where mayHaveColon: break
      default: return try ended(start, what)
      }
      position += 1
    }
    return try ended(start, what)
  }

  private func ended(_ start: Int, _ what: String) throws(Problem) -> String {
    guard position > start else { throw Problem(text: "expected the name of a \(what)") }
    return String(decoding: line[start..<position], as: UTF8.self)
  }

  /// The rest of a label's value, up to its closing quote.
  private mutating func quoted() throws(Problem) -> String {
    var bytes: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: bytes, as: UTF8.self)
      case UInt8(ascii: "\\"):
        if take("\\") {
          bytes.append(UInt8(ascii: "\\"))
        } else if take("\"") {
          bytes.append(UInt8(ascii: "\""))
        } else if take("n") {
          bytes.append(UInt8(ascii: "\n"))
        } else {
          throw Problem(text: "a '\\' stands before what needs none")
        }
      default: bytes.append(byte)
      }
    }
    throw Problem(text: "a label's value has no end")
  }

  private static func number(_ text: String) -> Double? {
    switch text {
    case "+Inf": .infinity
    case "-Inf": -.infinity
    case "NaN": .nan
    // Swift reads hexadecimal numbers and names as well, which are none here.
    case _ where text.utf8.allSatisfy { "0123456789+-.eE".utf8.contains($0) }: Double(text)
    default: nil
    }
  }

  private static func count(_ text: String, _ value: Double) -> Int {
    if let count = Int(text) { return max(0, count) }
    guard value > 0 else { return 0 }
    return Int(exactly: value.rounded(.down)) ?? .max
  }
}
