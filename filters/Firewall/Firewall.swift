public import FilterKit

/// Lets packets through by the address and port of their sender: the client on read, the server on write.
public struct Firewall: Filter {
  public static let name = "Firewall"
  public static let aliases = ["quilkin.filters.firewall.v1alpha1.Firewall"]
  public static let summary = "Lets through by address and port."

  private let onRead: FirewallRules
  private let onWrite: FirewallRules
  // Beside their owners, so that the loop over packets touches no reference count.
  private let readList: FirewallRules.List
  private let writeList: FirewallRules.List

  public init(options: inout Options, context: inout FilterContext) {
    onRead = FirewallRules(options.list("on_read") { Self.rule(&$0) })
    onWrite = FirewallRules(options.list("on_write") { Self.rule(&$0) })
    readList = onRead.list
    writeList = onWrite.list
  }

  private static func rule(_ options: inout Options) -> FirewallRules.Rule {
    let allows = options.choice("action", among: [("ALLOW", true), ("DENY", false)])
    let sources = options.strings("sources").compactMap { text, mark in block(text, at: mark, options) }
    let ports = options.strings("ports").compactMap { text, mark in port(text, at: mark, options) }
    return FirewallRules.Rule(allows: allows, sources: sources, ports: ports)
  }

  private static func block(_ text: String, at mark: Mark, _ options: borrowing Options) -> CIDR? {
    do throws(AddressError) {
      let (block, address) = try CIDR.containing(text)
      if block.network != address {
        options.warn("\(excerpt(text)) has bits behind its prefix: it means \(block)", at: mark)
      }
      return block
    } catch {
      options.report("\(error)", at: mark)
      return nil
    }
  }

  private static func port(_ text: String, at mark: Mark, _ options: borrowing Options) -> PortRange? {
    do throws(PortRange.Failure) {
      let range = try PortRange(text)
      if range.upperBound == 65_535, text.contains("-") {
        options.warn(
          "65535 itself is outside of \(excerpt(text)): write '\(range.lowerBound)-65536' to hold it", at: mark)
      }
      return range
    } catch {
      options.report("\(error)", at: mark)
      return nil
    }
  }

  public func encode(into image: inout ChainEncoder) throws(KernelRefusal) {
    try (image.direction == .read ? onRead : onWrite).encode(into: &image)
  }

  public func read(_ packet: inout Packet) -> Verdict { FirewallProgram.run(&packet, readList) }
  public func write(_ packet: inout Packet) -> Verdict { FirewallProgram.run(&packet, writeList) }
}
