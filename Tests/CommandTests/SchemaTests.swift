import TestNetwork
import Testing

/// `proxy schema` and `proxy filters`: what configurations may say.
@Suite("proxy schema") struct SchemaTests {
  private func output(_ arguments: String...) throws -> String {
    let process = try ChildProcess.proxy(arguments)
    #expect(try process.awaitExit() == .exited(0))
    return process.output
  }

  @Test("The schema has every filter, with keys, ranges and defaults") func schema() throws {
    let schema = try output("schema")
    for definition in [
      """
          "LocalRateLimit": {
            "description": "Limits packets per client and period.",
            "type": "object",
            "properties": {
              "max_packets": {"type": "integer", "minimum": 0, "maximum": 4294967295},
              "period": {"type": "integer", "minimum": 1, "maximum": 4294967295, "default": 1},
      """,
      """
              "key": {
                "enum": ["SOURCE", "ADDRESS"],
                "default": "SOURCE"
              }
            },
            "required": ["max_packets"],
            "additionalProperties": false
      """,
      """
                    "$ref": "#/$defs/filter",
      """,
    ] {
      #expect(schema.contains(definition), "\(schema)")
    }
  }

  @Test("The options of a filter, one a line") func filter() throws {
    #expect(
      try output("filters", "Capture") == """
        Capture: Keeps bytes of the payload, for filters further down; may cut them off.
        Also: quilkin.filters.capture.v1alpha1.Capture

        metadataKey    text; default "quilkin.dev/capture"
        prefix.size    0 to 65507, required
        prefix.remove  true or false; default false
        suffix.size    0 to 65507, required
        suffix.remove  true or false; default false
        regex.pattern  text, required

        """)
  }

  @Test("All filters, with what they do") func filters() throws {
    let lines = try output("filters").split(separator: "\n")
    #expect(lines.contains("Match              Runs one of several filters, by what was captured."))
    #expect(lines.count == 14)
  }

  @Test("A filter that there is not") func unknown() throws {
    let process = try ChildProcess.proxy(["filters", "Captur"])
    #expect(try process.awaitExit() == .exited(2))
    #expect(process.output.contains("Unknown filter 'Captur' (did you mean 'Capture'?)"))
  }
}
