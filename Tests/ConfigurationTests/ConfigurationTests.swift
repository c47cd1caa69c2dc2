import FilterKit
import Filters
import PacketKit
import ProxyConfiguration
import Testing

@Suite struct ConfigurationTests {
  private func load(_ text: String) throws -> Configuration {
    try ConfigurationFile.read(text, file: "proxy.yaml", registry: .builtin, metrics: Metrics())
  }

  /// All lines that the file is refused with. Nothing where it is not.
  private func errors(_ text: String) -> [String] {
    do throws(ConfigurationError) {
      _ = try ConfigurationFile.read(text, file: "f", registry: .builtin, metrics: Metrics())
      return []
    } catch { return error.lines }
  }

  // MARK: What is read

  @Test func theSmallestFile() throws {
    let configuration = try load("version: v1alpha1\n")
    #expect(configuration.id == nil)
    #expect(configuration.endpoints.isEmpty)
    #expect(configuration.chain.nodes.isEmpty)
    #expect(configuration.warnings.isEmpty)
  }

  @Test func readsEverything() throws {
    let configuration = try load(
      """
      version: v1alpha1
      id: proxy-1
      filters:
        - name: Capture
          label: token
          config: {suffix: {size: 3, remove: true}}
        - name: quilkin.filters.token_router.v1alpha1.TokenRouter
        - name: Drop
          config:
      clusters:
        - endpoints:
            - address: 127.0.0.1:26000
              metadata:
                quilkin.dev: {tokens: [MXg3, ""]}
                team: {name: blue, size: 3, ratio: 0.5, on: true, none: ~, list: [1, "2"]}
            - address: udp://Game.Example:7000
        - locality: eu:north:1
          endpoints:
            - address: "[2001:db8::1]:7"
              metadata: {quilkin.dev: {tokens: [MXg3]}}
        - locality: {region: us, zone: east, sub_zone: ""}
          endpoints: []
      """)
    #expect(configuration.id == "proxy-1")
    #expect(configuration.chain.nodes.map(\.label) == ["token", "TokenRouter", "Drop"])
    let token = Array("1x7".utf8)
    let team: EndpointMetadata = .mapping([
      "name": .string("blue"), "size": .integer(3), "ratio": .number(0.5), "on": .bool(true), "none": .null,
      "list": .list([.integer(1), .string("2")]),
    ])
    #expect(
      configuration.endpoints == [
        Endpoint(
          address: EndpointAddress(.ip(IPAddress(v4: 0x7f00_0001), scope: 0), port: 26000), tokens: [token, []],
          metadata: ["team": team]),
        Endpoint(address: EndpointAddress(.name("game.example"), port: 7000)),
        Endpoint(
          address: try EndpointAddress("[2001:db8::1]:7"), tokens: [token],
          locality: Locality(region: "eu", zone: "north", subZone: "1")),
      ])
    #expect(configuration.warnings.isEmpty)
  }

  @Test func warnsOfWhatIsLikelyNotMeant() throws {
    let configuration = try load(
      """
      version: v1alpha1
      icao_code: EIDW
      qcmp_port: 7600
      datacenters: {127.0.0.1: {icao_code: EIDW, qcmp_port: 7600}}
      clusters:
        - endpoints:
            - address: a:1
              metadata:
                quilkin.dve: {tokens: [MXg3]}
                quilkin.dev: {tokens: [MXg3, MXg3]}
      """)
    #expect(configuration.endpoints[0].tokens.count == 1)
    #expect(
      configuration.warnings.lines(in: "f") == [
        "f:2:1: warning: 'icao_code' has no effect here",
        "f:3:1: warning: 'qcmp_port' has no effect here",
        "f:4:1: warning: 'datacenters' has no effect here",
        "f:9:11: warning: 'quilkin.dve' is kept and routes nothing (did you mean 'quilkin.dev'?)",
        "f:10:40: warning: this token stands in the list before",
      ])
  }

  // MARK: What is refused

  @Test(arguments: [
    ("{}", "f:1:1: missing key 'version'"),
    ("version: v1alpha2", "f:1:10: 'version' must be v1alpha1, found 'v1alpha2' (did you mean 'v1alpha1'?)"),
    ("version:", "f:1:9: expected v1alpha1, found nothing"),
    ("versoin: v1alpha1", "f:1:1: unknown key 'versoin' (did you mean 'version'?)"),
    ("[]", "f:1:1: expected a mapping, found a list"), ("proxy", "f:1:1: expected a mapping, found 'proxy'"),
    ("---\n", "f:2:1: expected a mapping, found nothing"), ("", "f:1:1: the file is empty"),
  ])
  func refusesRoots(text: String, expected: String) { #expect(errors(text) == [expected]) }

  @Test(arguments: [
    ("id: [x]", "f:2:5: expected a string, found a list"),
    ("filter: []", "f:2:1: unknown key 'filter' (did you mean 'filters'?)"),
    (
      "admin: {}",
      "f:2:1: unknown key 'admin' (known here: version, id, filters, clusters, icao_code, qcmp_port, datacenters)"
    ),
    ("filters: {}", "f:2:10: expected a list, found a mapping"),
    ("clusters: {default: []}", "f:2:11: expected a list, found a mapping"),
    ("clusters: [3]", "f:2:12: expected a mapping, found '3'"),
    ("clusters: [{}]", "f:2:12: missing key 'endpoints'"),
    ("clusters: [{endpoint: []}]", "f:2:13: unknown key 'endpoint' (did you mean 'endpoints'?)"),
    ("clusters: [{endpoints: x}]", "f:2:24: expected a list, found 'x'"),
    ("id: a\nid: b", "f:3:1: duplicate key 'id' (first at line 2, column 1)"),
  ])
  func refusesSections(text: String, expected: String) {
    #expect(errors("version: v1alpha1\n" + text) == [expected])
  }

  @Test(arguments: [
    ("x", "f:4:7: expected a mapping, found 'x'"), ("{}", "f:4:7: missing key 'address'"),
    ("{adress: a:1}", "f:4:8: unknown key 'adress' (did you mean 'address'?)"),
    ("{address: a:1, connection_ids: [x]}", "f:4:22: unknown key 'connection_ids' (known here: address, metadata)"),
    ("{address: }", "f:4:17: expected a string, found nothing"),
    ("{address: ''}", "f:4:17: '' has no port: write 'host:port'"),
    ("{address: [a:1]}", "f:4:17: expected an address, found a list (put an IPv6 address in quotes: \"[::1]:7777\")"),
    ("{address: {a: 1}}", "f:4:17: expected a string, found a mapping"),
    ("{address: 127.0.0.1}", "f:4:17: '127.0.0.1' has no port: write 'host:port'"),
    ("{address: 127.0.0.1:0}", "f:4:17: '127.0.0.1:0' must end with a port from 1 to 65535, found '0'"),
    ("{address: 127.0.0.256:1}", "f:4:17: '127.0.0.256:1' is not an IP address: a number is over 255"),
    ("{address: 2001:db8::1:7777}", "f:4:17: '2001:db8::1:7777' is ambiguous: write '[2001:db8::1]:7777'"),
    ("{address: 0.0.0.0:1}", "f:4:17: '0.0.0.0:1' is the unspecified address: name the server's own"),
    ("{address: 224.0.0.1:1}", "f:4:17: '224.0.0.1:1' is a multicast address: an endpoint is one server"),
    ("{address: 255.255.255.255:1}", "f:4:17: '255.255.255.255:1' is the broadcast address: an endpoint is one server"),
    ("{address: tcp://a:1}", "f:4:17: 'tcp://a:1' has a scheme other than 'udp://'"),
    ("{address: a:1, metadata: x}", "f:4:32: expected a mapping, found 'x'"),
    ("{address: a:1, metadata: {quilkin.dev: [x]}}", "f:4:46: expected a mapping, found a list"),
    (
      "{address: a:1, metadata: {quilkin.dev: {token: x}}}",
      "f:4:47: unknown key 'token' (did you mean 'tokens'?)"
    ),
    ("{address: a:1, metadata: {quilkin.dev: {tokens: MXg3}}}", "f:4:55: expected a list, found 'MXg3'"),
    (
      "{address: a:1, metadata: {quilkin.dev: {tokens: [MXg3, MXg]}}}",
      "f:4:62: expected base64, found 'MXg': add '=' at the end"
    ),
    (
      "{address: a:1, metadata: {quilkin.dev: {tokens: [M*g3]}}}",
      "f:4:56: expected base64, found 'M*g3': '*' at position 2 is not in its alphabet"
    ),
    ("{address: a:1, metadata: {quilkin.dev: {tokens: [~]}}}", "f:4:56: expected base64, found nothing"),
  ])
  func refusesEndpoints(endpoint: String, expected: String) {
    #expect(errors("version: v1alpha1\nclusters:\n- endpoints:\n    - \(endpoint)\n") == [expected])
  }

  @Test(arguments: [
    ("a:b:c:d", "f:3:13: expected 'region', 'region:zone' or 'region:zone:sub_zone', found 'a:b:c:d'"),
    ("[a]", "f:3:13: expected 'region', 'region:zone' or 'region:zone:sub_zone', found a list"),
    ("{regoin: a}", "f:3:14: unknown key 'regoin' (did you mean 'region'?)"),
  ])
  func refusesLocalities(locality: String, expected: String) {
    #expect(errors("version: v1alpha1\nclusters:\n- locality: \(locality)\n  endpoints: []\n") == [expected])
  }

  @Test func anEndpointStandsInTheFileOnce() {
    let text = """
      version: v1alpha1
      clusters:
        - endpoints:
            - address: 10.0.0.1:7000
            - address: udp://10.0.0.1:7000
        - endpoints:
            - address: 10.0.0.1:7001
            - address: "[::ffff:10.0.0.1]:7000"
            - address: Game.example:1
            - address: game.example.:1
      """
    #expect(
      errors(text) == [
        "f:5:18: duplicate endpoint 10.0.0.1:7000 (first at line 4, column 18)",
        "f:8:18: duplicate endpoint 10.0.0.1:7000 (first at line 4, column 18)",
        "f:10:18: duplicate endpoint game.example:1 (first at line 9, column 18)",
      ])
  }

  @Test(arguments: [
    ("{name: Captrue}", "f:3:12: unknown filter 'Captrue' (did you mean 'Capture'?)"),
    (
      "{name: quilkin.filters.captur.v1alpha1.Capture}",
      "f:3:12: unknown filter 'quilkin.filters.captur.v1alpha1.Capture'"
        + " (did you mean 'quilkin.filters.capture.v1alpha1.Capture'?)"
    ),
    (
      "{name: Teleport, config: {x: 1}}",
      "f:3:12: unknown filter 'Teleport' (known: Capture, TokenRouter, HashedTokenRouter, LoadBalancer, Firewall,"
        + " LocalRateLimit, Match, Concatenate, Compress, Debug, Drop, Pass, Timestamp, PacketSize)"
    ),
    ("{}", "f:3:5: missing key 'name'"), ("Drop", "f:3:5: expected a mapping, found 'Drop'"),
    ("{name: [Drop]}", "f:3:12: expected a string, found a list"),
    ("{name: ~}", "f:3:12: expected a string, found nothing"),
    ("{nmae: Drop}", "f:3:6: unknown key 'nmae' (did you mean 'name'?)"),
    ("{name: Drop, foo: bar}", "f:3:18: unknown key 'foo' (known here: name, label, config)"),
    ("{name: Drop, config: {x: 1}}", "f:3:27: unknown key 'x' (no keys are known here)"),
    ("{name: Drop, config: 3}", "f:3:26: expected a mapping, found '3'"),
    ("{name: Drop, label: [x]}", "f:3:25: expected a string, found a list"),
    ("{name: LocalRateLimit}", "f:3:5: missing key 'max_packets' in 'config'"),
    (
      "{name: LocalRateLimit, config: {max_packets: 1, period: 0}}",
      "f:3:61: expected a whole number from 1 to 4294967295, found '0'"
    ),
    (
      "{name: Capture, config: {sufix: {size: 3}, suffix: {size: 3}}}",
      "f:3:30: unknown key 'sufix' (known here: metadataKey, prefix, suffix, regex)"
    ),
    (
      "{name: Capture, config: {suffix: {size: 70000}}}",
      "f:3:45: expected a whole number from 0 to 65507, found '70000'"
    ),
    (
      "{name: LoadBalancer, config: {policy: ROUNDROBIN}}",
      "f:3:43: 'policy' must be one of ROUND_ROBIN, RANDOM, HASH, CONSISTENT_HASH, found 'ROUNDROBIN'"
        + " (did you mean 'ROUND_ROBIN'?)"
    ),
    (
      "{name: Firewall, config: {on_read: [{action: ALLOW, sources: [10.0.0.0/33], ports: []}], on_write: []}}",
      "f:3:67: '10.0.0.0/33' must end with a prefix length from 0 to 32, found '33'"
    ),
    (
      "{name: Match, config: {on_write: {metadataKey: k, branches: []}}}",
      "f:3:52: no filter of the chain sets 'k' on write, so this would drop every packet"
        + " (what is captured on read is not there on write)"
    ),
    (
      "{name: Match, config: {on_read: {metadataKey: k, branches: [{value: 1, name: Dropp}]}}}",
      "f:3:82: unknown filter 'Dropp' (did you mean 'Drop'?)"
    ),
  ])
  func refusesFilters(entry: String, expected: String) {
    #expect(errors("version: v1alpha1\nfilters:\n  - \(entry)\n") == [expected])
  }

  @Test func allErrorsAreListedInTheOrderOfTheFile() {
    let text = """
      verison: v1alpha1
      filters:
        - name: Capture
          config:
            sufix: {size: 3}
        - name: Captrue
        - name: LoadBalancer
          config: {policy: FASTEST}
          extra: 1
        - name: Firewall
          config:
            on_read:
              - {action: PERMIT, sources: [10.0.0.0/33, x], ports: []}
      clusters:
        - endpoints:
            - address: localhost
            - address: 10.0.0.1:99999
              metadata: {quilkin.dev: {tokens: [a, b]}}
            - adress: 10.0.0.1:1
            - address: 10.0.0.2:1
            - address: 10.0.0.2:1
      id: &anchor x
      id: y
      """
    #expect(
      errors(text) == [
        "f:1:1: unknown key 'verison' (did you mean 'version'?)",
        "f:5:7: exactly one of 'prefix', 'suffix' and 'regex' must be given",
        "f:5:7: unknown key 'sufix' (did you mean 'suffix'?)",
        "f:6:11: unknown filter 'Captrue' (did you mean 'Capture'?)",
        "f:8:22: 'policy' must be one of ROUND_ROBIN, RANDOM, HASH, CONSISTENT_HASH, found 'FASTEST'",
        "f:9:5: unknown key 'extra' (known here: name, label, config)",
        "f:12:7: missing key 'on_write'",
        "f:13:20: 'action' must be one of ALLOW, DENY, found 'PERMIT'",
        "f:13:38: '10.0.0.0/33' must end with a prefix length from 0 to 32, found '33'",
        "f:13:51: 'x' is not an IP address: IPv4 has four numbers with dots between them",
        "f:16:18: 'localhost' has no port: write 'host:port'",
        "f:17:18: '10.0.0.1:99999' must end with a port from 1 to 65535, found '99999'",
        "f:18:43: expected base64, found 'a': a length of 1 stands for no whole number of bytes",
        "f:18:46: expected base64, found 'b': a length of 1 stands for no whole number of bytes",
        "f:19:9: unknown key 'adress' (did you mean 'address'?)",
        "f:21:18: duplicate endpoint 10.0.0.2:1 (first at line 20, column 18)",
        "f:22:5: anchors and aliases are not supported: write the value out in each place",
        "f:23:1: duplicate key 'id' (first at line 22, column 1)",
      ])
  }

  @Test func keysWithoutEffectAreChecked() {
    #expect(
      errors("version: v1alpha1\nicao_code: []\nqcmp_port: 65536\ndatacenters: 3\n") == [
        "f:2:1: warning: 'icao_code' has no effect here", "f:2:12: expected a string, found a list",
        "f:3:1: warning: 'qcmp_port' has no effect here",
        "f:3:12: expected a whole number from 0 to 65535, found '65536'",
        "f:4:1: warning: 'datacenters' has no effect here", "f:4:14: expected a mapping, found '3'",
      ])
  }

  @Test func warningsStandWithTheErrors() {
    #expect(
      errors("version: v1alpha1\nqcmp_port: 1\nid: []\n") == [
        "f:2:1: warning: 'qcmp_port' has no effect here", "f:3:5: expected a string, found a list",
      ])
  }

  @Test func theNumberOfFiltersIsBounded() {
    let filters = String(repeating: "- name: Pass\n", count: 100_000)
    #expect(errors("version: v1alpha1\nfilters:\n" + filters) == ["f:1003:3: more than 1000 filters"])
  }

  @Test func manyErrorsAreCut() {
    let clusters = String(repeating: "- 3\n", count: 5000)
    let lines = errors("version: v1alpha1\nclusters:\n" + clusters)
    #expect(lines.count == 101)
    #expect(lines.first == "f:3:3: expected a mapping, found '3'")
    #expect(lines.last == "… and 4900 more")
  }
}
