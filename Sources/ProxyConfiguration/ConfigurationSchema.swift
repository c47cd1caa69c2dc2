package import FilterKit

/// The JSON Schema (draft 2020-12) of the configuration file, with the options of all filters of a registry, for editors.
///
/// It is made by what reads the file, so it says the same keys, ranges and defaults. What takes more than one key to say, such as
/// "exactly one of these", only `proxy check` knows.
package struct ConfigurationSchema {
  private let registry: FilterRegistry

  package init(_ registry: FilterRegistry) { self.registry = registry }

  package var json: JSONValue {
    let shape = OptionShape()
    var root = Options(noting: shape)
    var reader = ConfigurationReader()
    reader.read(&root)
    var schema = members(of: shape, replacing: ["filters": Self.chain])
    schema.insert(("$schema", "https://json-schema.org/draft/2020-12/schema"), at: 0)
    schema.insert(("title", "Configuration of proxy"), at: 1)
    schema.append(("$defs", .object(definitions)))
    return .object(schema)
  }

  private var definitions: [(name: String, value: JSONValue)] {
    let filters = registry.filters
    let allNames = filters.flatMap { [$0.name] + $0.aliases }
    let choices = filters.map { filter -> JSONValue in
      var result: [(String, JSONValue)] = [("properties", ["config": ["$ref": .string("#/$defs/\(filter.name)")]])]
      if registry.shape(of: filter).properties.contains(where: \.isRequired) { result.append(("required", ["config"])) }
      let names = JSONValue.array(([filter.name] + filter.aliases).map(JSONValue.string))
      return ["if": ["properties": ["name": ["enum": names]]], "then": .object(result)]
    }
    let filter: JSONValue = [
      "type": "object",
      "properties": [
        "name": ["enum": .array(allNames.map(JSONValue.string))], "label": ["type": "string"],
        "config": ["type": "object"],
      ],
      "required": ["name"],
      "allOf": .array(choices),
    ]
    return [("filter", filter)]
      + filters.map { filter in
        let description: [(String, JSONValue)] =
          filter.summary.isEmpty ? [] : [("description", .string(filter.summary))]
        return (filter.name, .object(description + members(of: registry.shape(of: filter))))
      }
  }

  private func members(
    of shape: OptionShape, replacing others: [String: JSONValue] = [:]
  ) -> [(name: String, value: JSONValue)] {
    let required = shape.properties.filter(\.isRequired).map { JSONValue.string($0.key) }
    var properties = shape.properties.map { ($0.key, others[$0.key] ?? schema(of: $0.value)) }
    var members: [(String, JSONValue)] = [("type", "object")]
    if shape.isFilter {
      // Their values are looked at by the schema of a filter.
      let others = ["name", "label", "config"].filter { key in !shape.properties.contains { $0.key == key } }
      properties += others.map { ($0, [:]) }
      members.insert(("$ref", "#/$defs/filter"), at: 0)
    }
    members.append(("properties", .object(properties)))
    if !required.isEmpty { members.append(("required", .array(required))) }
    members.append(("additionalProperties", false))
    return members
  }

  private static let chain: JSONValue = [
    "type": "array",
    "items": [
      "$ref": "#/$defs/filter", "properties": ["name": [:], "label": [:], "config": [:]], "additionalProperties": false,
    ],
  ]

  private func schema(of value: OptionShape.Value) -> JSONValue {
    switch value {
    case .anything: return [:]
    case .string(let fallback):
      // Text without quotes may look like something else.
      return Self.scalar(["string", "number", "boolean"], fallback.map(JSONValue.string))
    case .base64:
      return ["type": "string", "contentEncoding": "base64", "pattern": "^[A-Za-z0-9+/]*={0,2}$"]
    case .choice(let names, let fallback):
      let choice: [(String, JSONValue)] = [("enum", .array(names.map(JSONValue.string)))]
      return .object(choice + (fallback.map { [("default", .string($0))] } ?? []))
    case .integer(let range, let fallback):
      var members: [(String, JSONValue)] = [("type", "integer"), ("minimum", .number(range.lowerBound))]
      if range.upperBound != .max { members.append(("maximum", .number(range.upperBound))) }
      if let fallback { members.append(("default", .number(fallback))) }
      return .object(members)
    case .boolean(let fallback): return Self.scalar("boolean", fallback.map(JSONValue.bool))
    case .constant:
      return ["type": ["boolean", "integer", "string", "array"]]
    case .mapping(let shape): return .object(members(of: shape))
    case .list(let item): return ["type": "array", "items": schema(of: item)]
    }
  }

  private static func scalar(_ type: JSONValue, _ fallback: JSONValue?) -> JSONValue {
    .object([("type", type)] + (fallback.map { [("default", $0)] } ?? []))
  }
}
