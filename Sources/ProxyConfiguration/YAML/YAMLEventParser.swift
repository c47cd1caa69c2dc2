import CLibYAML
import FilterKit
import Glibc

/// What a YAML text consists of.
enum YAMLEvent {
  case scalar(String, isPlain: Bool)
  case sequenceStart
  case sequenceEnd
  case mappingStart
  case mappingEnd
  case alias(String)
  case documentStart
  case documentEnd
  case streamEnd
}

/// libyaml's parser over text that outlives it.
final class YAMLEventParser {
  /// An event with its place and what is attached to it.
  struct Located {
    let event: YAMLEvent
    let mark: Mark
    let anchor: String?
    let tag: String?
  }

  private let text: UnsafeBufferPointer<UInt8>
  // libyaml keeps a pointer to the parser inside of it, so it must not move.
  private let parser: UnsafeMutablePointer<yaml_parser_t>

  /// `text` must stay as it is for as long as the parser lives.
  init(_ text: UnsafeBufferPointer<UInt8>) {
    self.text = text
    parser = .allocate(capacity: 1)
    guard yaml_parser_initialize(parser) == 1 else { fatalError("out of memory") }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, text.baseAddress, text.count)
  }

  deinit {
    yaml_parser_delete(parser)
    parser.deallocate()
  }

  func next() throws(YAMLSyntaxError) -> Located {
    while true {
      var event = yaml_event_t()
      guard yaml_parser_parse(parser, &event) == 1 else { throw problem }
      defer { yaml_event_delete(&event) }
      if let located = Self.located(event) { return located }
    }
  }

  private static func located(_ event: yaml_event_t) -> Located? {
    func result(_ kind: YAMLEvent, anchor: UnsafePointer<UInt8>? = nil, tag: UnsafePointer<UInt8>? = nil) -> Located {
      Located(event: kind, mark: Mark(event.start_mark), anchor: anchor.map(string), tag: tag.map(string))
    }
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let text = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return result(
        .scalar(text, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE), anchor: scalar.anchor, tag: scalar.tag)
    case YAML_SEQUENCE_START_EVENT:
      return result(.sequenceStart, anchor: event.data.sequence_start.anchor, tag: event.data.sequence_start.tag)
    case YAML_MAPPING_START_EVENT:
      return result(.mappingStart, anchor: event.data.mapping_start.anchor, tag: event.data.mapping_start.tag)
    case YAML_SEQUENCE_END_EVENT: return result(.sequenceEnd)
    case YAML_MAPPING_END_EVENT: return result(.mappingEnd)
    case YAML_ALIAS_EVENT: return result(.alias(string(event.data.alias.anchor)))
    case YAML_DOCUMENT_START_EVENT: return result(.documentStart)
    case YAML_DOCUMENT_END_EVENT: return result(.documentEnd)
    case YAML_STREAM_END_EVENT, YAML_NO_EVENT: return result(.streamEnd)
    default: return nil
    }
  }

  private static func string(_ text: UnsafePointer<UInt8>) -> String { String(cString: text) }
}

// MARK: - Problems

extension YAMLEventParser {
  /// Why the last call failed.
  private var problem: YAMLSyntaxError {
    let problem = parser.pointee.problem.map { String(cString: $0) } ?? "this is not YAML"
    switch parser.pointee.error {
    case YAML_READER_ERROR: return unreadableCharacter(problem)
    case YAML_MEMORY_ERROR: return YAMLSyntaxError(message: "there is not enough memory for this file", mark: .start)
    default:
      let mark = Mark(parser.pointee.problem_mark)
      let line = line(mark.line)
      return YAMLProblem(
        problem: problem, context: parser.pointee.context.map { String(cString: $0) }, mark: mark,
        contextMark: Mark(parser.pointee.context_mark), line: line, offset: Self.offset(of: mark.column, in: line)
      ).error
    }
  }

  private func unreadableCharacter(_ problem: String) -> YAMLSyntaxError {
    let mark = mark(at: min(Int(parser.pointee.problem_offset), text.count))
    guard problem == "control characters are not allowed" else {
      return YAMLSyntaxError(message: "the file is not UTF-8 here: \(problem)", mark: mark)
    }
    let value = String(UInt32(bitPattern: parser.pointee.problem_value), radix: 16, uppercase: true)
    let padded = String(repeating: "0", count: max(0, 4 - value.count)) + value
    return YAMLSyntaxError(message: "the character U+\(padded) is not allowed in YAML", mark: mark)
  }

  /// The place of a byte.
  private func mark(at offset: Int) -> Mark {
    var number = 1
    var start = 0
    while let end = lineEnd(from: start), end < offset {
      number += 1
      start = end + 1
    }
    let column = text[start..<offset].reduce(1) { $1 & 0xc0 == 0x80 ? $0 : $0 + 1 }
    return Mark(line: number, column: column)
  }

  /// A line without its end; empty past the last one.
  private func line(_ number: Int) -> UnsafeRawBufferPointer {
    var start = 0
    for _ in 1..<max(1, number) { start = lineEnd(from: start).map { $0 + 1 } ?? text.count }
    return UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: text[start..<(lineEnd(from: start) ?? text.count)]))
  }

  private func lineEnd(from start: Int) -> Int? {
    guard let base = UnsafeRawPointer(text.baseAddress) else { return nil }
    return memchr(base + start, Int32(UInt8(ascii: "\n")), text.count - start).map { UnsafeRawPointer($0) - base }
  }

  /// The byte that the character at `column` starts with.
  private static func offset(of column: Int, in line: UnsafeRawBufferPointer) -> Int {
    var characters = 0
    for (offset, byte) in line.enumerated() where byte & 0xc0 != 0x80 {
      characters += 1
      if characters == column { return offset }
    }
    return line.count
  }
}

extension Mark {
  init(_ mark: yaml_mark_t) { self.init(line: mark.line + 1, column: mark.column + 1) }
}
