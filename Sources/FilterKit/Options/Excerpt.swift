/// Text of a configuration file as messages quote it: cut at 60 characters, and with what a terminal would act on made visible.
///
/// The file may come from anyone, and the message goes to a terminal or a log.
public func excerpt(_ text: String, quote: Character = "'") -> String {
  let limit = 60
  var result = String(quote)
  var count = 0
  for scalar in text.unicodeScalars {
    if count == limit {
      result += "…"
      break
    }
    count += 1
    switch scalar {
    case "\n": result += "\\n"
    case "\t": result += "\\t"
    case "\r": result += "\\r"
    default:
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned, .surrogate:
        result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
  }
  result.append(quote)
  return result
}
