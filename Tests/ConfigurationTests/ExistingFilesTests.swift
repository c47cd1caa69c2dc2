import FilterKit
import Filters
import ProxyConfiguration
import Testing

/// Files in the form of the existing ecosystem, with its long filter names, load unchanged.
@Suite struct ExistingFilesTests {
  static let tokenRouting = """
    #
    # Example configuration for a proxy that sits in front of dedicated game servers
    #
    version: v1alpha1
    id: my-proxy # An identifier for the proxy instance.
    filters:
      - name: quilkin.filters.capture.v1alpha1.Capture # Capture and remove the authentication token
        config:
          suffix:
              size: 7
              remove: true
      - name: quilkin.filters.token_router.v1alpha1.TokenRouter
    clusters:
      - endpoints: # array of potential endpoints to send on traffic to
          - address: 127.0.0.1:26000
            metadata: # Metadata associated with the endpoint
              quilkin.dev:
                tokens:
                  - MXg3aWp5Ng== # the connection byte array to route to (string value: 1x7ijy6)
                  - OGdqM3YyaQ== # (string value: 8gj3v2i)
          - address: "[2345:0425:2CA1:0000:0000:0567:5673:24b5]:25999"
            metadata:
              quilkin.dev:
                tokens:
                  - bmt1eTcweA== # (string value: nkuy70x)
    """

  static let branches = """
    version: v1alpha1
    filters:
      - name: quilkin.filters.firewall.v1alpha1.Firewall
        config:
          on_read:
            - action: ALLOW
              sources:
                - 192.168.51.0/24
                - 2001:db8::/32
              ports:
                - 10
                - 1000-7000
          on_write:
            - action: DENY
              sources: [192.168.51.0/24]
              ports: [7000]
      - name: quilkin.filters.local_rate_limit.v1alpha1.LocalRateLimit
        config:
          max_packets: 1000
          period: null
      - name: quilkin.filters.capture.v1alpha1.Capture
        config:
          metadataKey: myapp.com/token
          prefix:
            size: 3
            remove: false
      - name: quilkin.filters.match.v1alpha1.Match
        config:
          on_read:
            metadataKey: myapp.com/token
            branches:
              - value: abc
                name: quilkin.filters.pass.v1alpha1.Pass
              - value: 7
                name: quilkin.filters.compress.v1alpha1.Compress
                config: {mode: SNAPPY, on_read: COMPRESS, on_write: DECOMPRESS}
            fallthrough:
              name: quilkin.filters.drop.v1alpha1.Drop
    clusters:
      - endpoints:
        - address: 127.0.0.1:26000
        - address: 127.0.0.1:26001
    """

  /// As a server of the ecosystem writes its state: JSON style, with everything that is unset as null.
  static let serialized = """
    {"version": "v1alpha1", "id": "relay-7", "filters": [
      {"name": "quilkin.filters.concatenate.v1alpha1.Concatenate", "label": null,
       "config": {"on_read": "APPEND", "on_write": "DO_NOTHING", "bytes": "NDU2"}},
      {"name": "quilkin.filters.load_balancer.v1alpha1.LoadBalancer", "label": null, "config": {"policy": "HASH"}},
      {"name": "quilkin.filters.token_router.v1alpha1.HashedTokenRouter", "label": null, "config": null}],
     "clusters": [
      {"locality": null, "endpoints": []},
      {"locality": {"region": "europe-west4", "zone": "a", "sub_zone": ""}, "endpoints": [
        {"address": "localhost:26000", "metadata": {"quilkin.dev": {"tokens": ["MXg3aWp5Ng=="]}, "region": {"n": 1}}}]}],
     "icao_code": null, "qcmp_port": null}
    """

  @Test(arguments: [
    (tokenRouting, ["Capture", "TokenRouter"], ["127.0.0.1:26000", "[2345:425:2ca1::567:5673:24b5]:25999"], [2, 1]),
    (
      branches, ["Firewall", "LocalRateLimit", "Capture", "Match"], ["127.0.0.1:26000", "127.0.0.1:26001"], [0, 0]
    ),
    (serialized, ["Concatenate", "LoadBalancer", "HashedTokenRouter"], ["localhost:26000"], [1]),
  ])
  func loads(text: String, filters: [String], endpoints: [String], tokens: [Int]) throws {
    let configuration = try ConfigurationFile.read(
      text, file: "proxy.yaml", registry: .builtin, metrics: Metrics())
    #expect(configuration.chain.nodes.map { type(of: $0.filter).name } == filters)
    #expect(configuration.endpoints.map(\.address.description) == endpoints)
    #expect(configuration.endpoints.map(\.tokens.count) == tokens)
    #expect(configuration.warnings.isEmpty)
  }

  // MARK: Broken files

  private func check(_ bytes: [UInt8], _ lineCount: Int) {
    do throws(ConfigurationError) {
      _ = try ConfigurationFile.read(bytes, file: "f", registry: .builtin, metrics: Metrics())
    } catch {
      // Refused means: with a reason, at a place that is in the file or right behind it.
      #expect(error.report.hasErrors)
      #expect(error.report.diagnostics.contains { $0.severity == .error })
      for diagnostic in error.report.diagnostics {
        #expect(!diagnostic.message.isEmpty)
        #expect((1...lineCount).contains(diagnostic.mark.line))
      }
    }
  }

  @Test(arguments: [tokenRouting, branches, serialized])
  func anyCutIsReadOrRefused(text: String) {
    let bytes = Array(text.utf8)
    let lineCount = text.split(separator: "\n", omittingEmptySubsequences: false).count + 1
    for count in 0..<bytes.count { check(Array(bytes[..<count]), lineCount) }
  }

  @Test(arguments: [tokenRouting, branches, serialized])
  func anyChangedByteIsReadOrRefused(text: String) {
    let bytes = Array(text.utf8)
    let lineCount = text.split(separator: "\n", omittingEmptySubsequences: false).count + 2
    let replacements = Array("\n\t \"'[]{}:,#&*!|>%@-~0?".utf8) + [0x00, 0x80, 0xff]
    for index in bytes.indices {
      // Each place gets a few of them, so that the sweep stays short; the places are many.
      for step in 0..<4 {
        var changed = bytes
        changed[index] = replacements[(index * 7 + step * 6) % replacements.count]
        check(changed, lineCount)
      }
      var flipped = bytes
      flipped[index] ^= 1 << UInt8(index % 8)
      check(flipped, lineCount)
    }
  }
}
