import FilterKit
import PacketKit
import ProxyConfiguration
import Testing

@Suite struct AddressTests {
  /// What a call throws, as text.
  private func message<T>(_ call: () throws(AddressError) -> T) -> String {
    do throws(AddressError) {
      _ = try call()
      return "nothing thrown"
    } catch { return "\(error)" }
  }

  // MARK: IP addresses

  @Test(arguments: [
    ("127.0.0.1", "127.0.0.1"), ("255.255.255.255", "255.255.255.255"), ("0.0.0.0", "0.0.0.0"),
    ("::", "::"), ("::1", "::1"), ("1::", "1::"), ("2001:DB8::0:1", "2001:db8::1"),
    ("2345:0425:2CA1:0000:0000:0567:5673:24b5", "2345:425:2ca1::567:5673:24b5"),
    // RFC 5952: one zero group is not cut, the longest run is, the first of equals is.
    ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"), ("2001:0:0:1:0:0:0:1", "2001:0:0:1::1"),
    ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
    ("::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"), ("fe80::", "fe80::"), ("0:0:0:0:0:0:0:0", "::"),
    // The v4-mapped form is IPv4.
    ("::ffff:10.1.2.3", "10.1.2.3"), ("::ffff:a01:203", "10.1.2.3"), ("64:ff9b::192.0.2.33", "64:ff9b::c000:221"),
    ("1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304"),
  ])
  func printsCanonically(text: String, canonical: String) throws {
    let address = try IPAddress(text)
    #expect("\(address)" == canonical)
    #expect(try IPAddress(canonical) == address)
  }

  @Test(arguments: [
    ("", "'' is not an IP address: it is empty"),
    ("1.2.3", "'1.2.3' is not an IP address: IPv4 has four numbers with dots between them"),
    ("1.2.3.4.5", "'1.2.3.4.5' is not an IP address: IPv4 has four numbers with dots between them"),
    ("1.2.3.x", "'1.2.3.x' is not an IP address: IPv4 has four numbers with dots between them"),
    ("1.2..4", "'1.2..4' is not an IP address: IPv4 has four numbers with dots between them"),
    ("1.2.3.256", "'1.2.3.256' is not an IP address: a number is over 255"),
    ("1.2.3.99999999999999999999", "'1.2.3.99999999999999999999' is not an IP address: a number is over 255"),
    ("1.2.3.04", "'1.2.3.04' is not an IP address: a number has a leading zero"),
    (":", "':' is not an IP address: a group is empty"),
    (":::", "':::' is not an IP address: a group is empty"),
    (":1", "':1' is not an IP address: a group is empty"),
    ("1:", "'1:' is not an IP address: it ends with a single ':'"),
    ("1::2::3", "'1::2::3' is not an IP address: '::' stands in it twice"),
    ("1:2:3:4:5:6:7", "'1:2:3:4:5:6:7' is not an IP address: IPv6 has eight groups, here are 7"),
    ("1:2:3:4:5:6:7:8:9", "'1:2:3:4:5:6:7:8:9' is not an IP address: IPv6 has eight groups, here are more"),
    (
      "1:2:3:4::5:6:7:8",
      "'1:2:3:4::5:6:7:8' is not an IP address: '::' stands for nothing, there are eight groups without it"
    ),
    ("12345::", "'12345::' is not an IP address: a group has at most four digits"),
    ("g::", "'g::' is not an IP address: a group has hexadecimal digits only"),
    ("::1.2.3.4:5", "'::1.2.3.4:5' is not an IP address: an IPv4 part may only stand at the end"),
    ("fe80::1%eth0", "'fe80::1%eth0' is not an IP address: an interface ('%…') does not belong here"),
    ("１.2.3.4", "'１.2.3.4' is not an IP address: IPv4 has four numbers with dots between them"),
  ])
  func refusesAddress(text: String, expected: String) {
    #expect(message { () throws(AddressError) in try IPAddress(text) } == expected)
  }

  // MARK: Socket addresses

  @Test(arguments: [
    ("127.0.0.1:7777", "127.0.0.1:7777"), ("[2001:db8::1]:1", "[2001:db8::1]:1"), ("[::]:65535", "[::]:65535"),
    ("[::ffff:1.2.3.4]:80", "1.2.3.4:80"), ("[fe80::1%lo]:80", "[fe80::1%lo]:80"),
  ])
  func readsSocketAddress(text: String, printed: String) throws {
    #expect("\(try SocketAddress(text))" == printed)
  }

  @Test func interfaceIsNamedByIndexToo() throws {
    #expect(try SocketAddress("[fe80::1%1]:80").scope == 1)
    #expect(try SocketAddress("[fe80::1%lo]:80").scope == 1)
  }

  @Test(arguments: [
    ("127.0.0.1", "'127.0.0.1' has no port: write 'host:port'"),
    ("127.0.0.1:", "'127.0.0.1:' must end with a port from 1 to 65535, found ''"),
    ("127.0.0.1:0", "'127.0.0.1:0' must end with a port from 1 to 65535, found '0'"),
    ("127.0.0.1:65536", "'127.0.0.1:65536' must end with a port from 1 to 65535, found '65536'"),
    ("127.0.0.1:+80", "'127.0.0.1:+80' must end with a port from 1 to 65535, found '+80'"),
    ("127.0.0.1:080", "'127.0.0.1:080' must end with a port from 1 to 65535, found '080'"),
    ("::1:7777", "'::1:7777' is ambiguous: write '[::1]:7777'"),
    ("1:2:3:4:5:6:7:8", "'1:2:3:4:5:6:7:8' has no port: write '[1:2:3:4:5:6:7:8]:port'"),
    ("a:b:80", "'a:b:80' has more than one ':': write an IPv6 address as '[address]:port'"),
    ("[::1]", "'[::1]' has no port: write '[::1]:port'"),
    ("[::1:80", "'[::1:80' has no ']' before its port"),
    ("[1.2.3.4]:80", "'[1.2.3.4]:80' has brackets, which only an IPv6 address has"),
    ("[::1%lo]:80", "'[::1%lo]:80' names an interface, which only a link-local address has"),
    (
      "[fe80::1%nope0]:80", "'[fe80::1%nope0]:80' names the interface 'nope0', which does not exist here"
    ),
    (
      "host:80", "'host:80' is not an IP address: IPv4 has four numbers with dots between them"
    ),
  ])
  func refusesSocketAddress(text: String, expected: String) {
    #expect(message { () throws(AddressError) in try SocketAddress(text) } == expected)
  }

  // MARK: CIDR

  @Test(arguments: [
    ("10.0.0.0/8", "10.0.0.0/8"), ("0.0.0.0/0", "0.0.0.0/0"), ("192.0.2.1", "192.0.2.1/32"), ("::1", "::1/128"),
    ("2001:db8::/32", "2001:db8::/32"), ("::/0", "::/0"), ("2001:db8:0:0:8000::/65", "2001:db8:0:0:8000::/65"),
    ("2001:db8::/64", "2001:db8::/64"), ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("::ffff:0:0/96", "0.0.0.0/0"),
  ])
  func readsBlock(text: String, printed: String) throws {
    let block = try CIDR(text)
    #expect("\(block)" == printed)
    #expect(try CIDR(printed) == block)
  }

  @Test(arguments: [
    ("10.1.0.0/8", "'10.1.0.0/8' has bits behind its prefix of 8 (did you mean 10.0.0.0/8?)"),
    ("2001:db8::1/64", "'2001:db8::1/64' has bits behind its prefix of 64 (did you mean 2001:db8::/64?)"),
    ("10.0.0.0/33", "'10.0.0.0/33' must end with a prefix length from 0 to 32, found '33'"),
    ("::/129", "'::/129' must end with a prefix length from 0 to 128, found '129'"),
    ("10.0.0.0/", "'10.0.0.0/' must end with a prefix length from 0 to 32, found ''"),
    ("10.0.0.0/-1", "'10.0.0.0/-1' must end with a prefix length from 0 to 32, found '-1'"),
    ("10.0.0.0/08", "'10.0.0.0/08' must end with a prefix length from 0 to 32, found '08'"),
    ("10.0.0.0/8/8", "'10.0.0.0/8/8' must end with a prefix length from 0 to 32, found '8/8'"),
    (
      "10.0.0.0/99999999999999999999",
      "'10.0.0.0/99999999999999999999' must end with a prefix length from 0 to 32, found '99999999999999999999'"
    ),
    ("::ffff:10.0.0.0/8", "'::ffff:10.0.0.0/8' must end with a prefix length from 96 to 128, found '8'"),
    ("10.0.0/8", "'10.0.0/8' is not an IP address: IPv4 has four numbers with dots between them"),
    ("", "'' is not an IP address: it is empty"),
  ])
  func refusesBlock(text: String, expected: String) {
    #expect(message { () throws(AddressError) in try CIDR(text) } == expected)
  }

  @Test(arguments: [
    ("10.1.2.3/8", "10.0.0.0/8", "10.1.2.3"), ("10.0.0.0/8", "10.0.0.0/8", "10.0.0.0"), ("::1", "::1/128", "::1"),
    ("2001:db8::1/32", "2001:db8::/32", "2001:db8::1"), ("::ffff:10.0.0.1/104", "10.0.0.0/8", "10.0.0.1"),
    ("10.1.2.3/0", "0.0.0.0/0", "10.1.2.3"),
  ])
  func findsTheBlockOfAnAddress(text: String, block: String, address: String) throws {
    let found = try CIDR.containing(text)
    #expect("\(found.block)" == block)
    #expect("\(found.address)" == address)
  }

  @Test(arguments: [
    ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.0", false), ("10.0.0.0/8", "::ffff:10.9.9.9", true),
    ("10.0.0.0/8", "::a00:1", false), ("0.0.0.0/0", "255.1.1.1", true), ("0.0.0.0/0", "::1", false),
    ("::/0", "2001:db8::1", true), ("::/0", "1.2.3.4", false), ("2001:db8::/65", "2001:db8::8000:0:0:0", false),
    ("2001:db8::/65", "2001:db8::7fff:0:0:0", true), ("2001:db8::/64", "2001:db8::ffff:0:0:0", true),
    ("2001:db8::/64", "2001:db8:0:1::", false), ("::1", "::1", true), ("::1", "::2", false),
    ("192.0.2.1", "192.0.2.1", true), ("192.0.2.1", "192.0.2.0", false),
  ])
  func blockContains(block: String, address: String, expected: Bool) throws {
    #expect(try CIDR(block).contains(IPAddress(address)) == expected)
  }

  // MARK: Endpoint addresses

  @Test(arguments: [
    ("127.0.0.1:26000", "127.0.0.1:26000"), ("udp://127.0.0.1:26000", "127.0.0.1:26000"),
    ("[2001:db8::1]:7", "[2001:db8::1]:7"), ("udp://[::ffff:1.2.3.4]:80", "1.2.3.4:80"),
    ("localhost:26000", "localhost:26000"), ("Game-1.Example.COM.:7", "game-1.example.com:7"),
    ("_game._udp.svc.cluster.local:80", "_game._udp.svc.cluster.local:80"), ("1host:80", "1host:80"),
    ("[fe80::1%lo]:80", "[fe80::1%lo]:80"),
  ])
  func readsEndpoint(text: String, printed: String) throws {
    #expect("\(try EndpointAddress(text))" == printed)
  }

  @Test(arguments: [
    ("localhost", "'localhost' has no port: write 'host:port'"),
    ("localhost:0", "'localhost:0' must end with a port from 1 to 65535, found '0'"),
    (":80", "':80' has no host before its port"),
    ("::1:7777", "'::1:7777' is ambiguous: write '[::1]:7777'"),
    ("0.0.0.0:80", "'0.0.0.0:80' is the unspecified address: name the server's own"),
    ("[::]:80", "'[::]:80' is the unspecified address: name the server's own"),
    ("239.1.1.1:80", "'239.1.1.1:80' is a multicast address: an endpoint is one server"),
    ("[ff02::1]:80", "'[ff02::1]:80' is a multicast address: an endpoint is one server"),
    ("255.255.255.255:80", "'255.255.255.255:80' is the broadcast address: an endpoint is one server"),
    ("[fe80::1]:80", "'[fe80::1]:80' is link-local and needs its interface: write '[fe80::1%eth0]:80'"),
    ("tcp://1.2.3.4:80", "'tcp://1.2.3.4:80' has a scheme other than 'udp://'"),
    ("1.2.3.4:80/", "'1.2.3.4:80/' has a '/', which no address has"),
    ("256.1.1.1:80", "'256.1.1.1:80' is not an IP address: a number is over 255"),
    ("1.2.3:80", "'1.2.3:80' is not an IP address: IPv4 has four numbers with dots between them"),
    ("a..b:80", "'a..b:80' has a name with an empty part between its dots"),
    ("-a.b:80", "'-a.b:80' has a name with '-' at the start or end of a part"),
    ("a b:80", "'a b:80' has a name with something other than letters, digits, '-', '_' and '.'"),
    ("${HOST}:80", "'${HOST}:80' has a name with something other than letters, digits, '-', '_' and '.'"),
    (
      String(repeating: "a", count: 64) + ":80",
      "'\(String(repeating: "a", count: 60))…' has a name with a part over 63 characters"
    ),
    (
      String(repeating: "a.", count: 127) + "a:80",
      "'\(String(repeating: "a.", count: 30))…' has a name over 253 characters"
    ),
    ("a\u{1b}[31m:80", "'a\\u{1b}[31m:80' has a name with something other than letters, digits, '-', '_' and '.'"),
  ])
  func refusesEndpoint(text: String, expected: String) {
    #expect(message { () throws(AddressError) in try EndpointAddress(text) } == expected)
  }
}
