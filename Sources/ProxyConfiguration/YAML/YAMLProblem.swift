import FilterKit

/// What libyaml says about broken text, in words for someone who does not know its scanner.
struct YAMLProblem {
  /// libyaml's words for what is wrong, and for what it was reading.
  let problem: String
  let context: String?
  let mark: Mark
  let contextMark: Mark
  /// The line with the problem, and where in it the problem stands.
  let line: UnsafeRawBufferPointer
  let offset: Int

  var error: YAMLSyntaxError {
    YAMLSyntaxError(message: cause ?? "\(words)\(place)\(addressAdvice ?? advice)", mark: mark)
  }

  /// Problems that one character explains.
  private var cause: String? {
    guard problem == "found character that cannot start any token", offset < line.count else { return nil }
    switch line[offset] {
    case UInt8(ascii: "\t"): return "a tab cannot indent YAML: use spaces"
    case let character where character > 0x20 && character < 0x7f:
      return "a value cannot start with '\(Unicode.Scalar(character))': put it in quotes"
    default: return nil
    }
  }

  private var words: String {
    switch problem {
    case "did not find expected key": return "expected another key"
    case "did not find expected '-' indicator": return "expected another '- '"
    case "did not find expected node content": return "expected a value"
    case "did not find expected <document start>": return "expected the end of the file"
    case "mapping values are not allowed in this context":
      return "a mapping cannot start here"
    case "could not find expected ':'": return "expected ': ' behind a key"
    case "found unexpected end of stream": return "the file ends"
    case "found unknown escape character": return "unknown escape"
    case "found incompatible YAML document": return "the file asks for a version of YAML other than 1.1 and 1.2"
    default:
      let prefix = "did not find expected "
      return problem.hasPrefix(prefix) ? "expected \(problem.dropFirst(prefix.count))" : problem
    }
  }

  /// Where the piece began that could not be finished.
  private var place: String {
    let piece: String
    switch context {
    case "while parsing a block mapping": piece = "mapping"
    case "while parsing a flow mapping": piece = "'{' mapping"
    case "while parsing a block collection", "while parsing a block sequence": piece = "list"
    case "while parsing a flow sequence": piece = "'[' list"
    case "while scanning a quoted scalar": piece = "quoted text"
    case "while scanning a block scalar": piece = "block of text"
    case "while scanning a simple key": piece = "key"
    default: return ""
    }
    return contextMark == mark
      ? "" : " in the \(piece) that starts at line \(contextMark.line), column \(contextMark.column)"
  }

  /// The likely cause.
  private var advice: String {
    switch problem {
    case "did not find expected key", "did not find expected '-' indicator": " (is the indentation right?)"
    case "mapping values are not allowed in this context":
      " (is the indentation right, or is text with ': ' in it without quotes?)"
    case "found unknown escape character": " (text in single quotes has no escapes)"
    default: ""
    }
  }

  /// `address: [::1]:7777` is a list with something behind it, and in a list `::1` starts with an indicator.
  private var addressAdvice: String? {
    let advice = " (put an IPv6 address in quotes: \"[::1]:7777\")"
    if problem == "did not find expected node content", offset < line.count, line[offset] == UInt8(ascii: ":") {
      return advice
    }
    guard let bracket = line.firstIndex(of: UInt8(ascii: "]")), line[bracket...].dropFirst().first == UInt8(ascii: ":"),
      line[..<bracket].contains(UInt8(ascii: "["))
    else { return nil }
    return advice
  }
}
