import FilterKit
import Testing

@Suite struct Base64Tests {
  // RFC 4648, section 10, and all bits.
  @Test(arguments: [
    ("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob"), ("Zm9vYmE=", "fooba"),
    ("Zm9vYmFy", "foobar"), ("MXg3aWp5Ng==", "1x7ijy6"),
  ])
  func decodes(text: String, plain: String) throws {
    #expect(try Base64.decode(text) == Array(plain.utf8))
  }

  @Test func decodesAllDigits() throws {
    #expect(try Base64.decode("+/+/") == [0xfb, 0xff, 0xbf])
    #expect(try Base64.decode("AAEC/f7/") == [0, 1, 2, 0xfd, 0xfe, 0xff])
  }

  @Test(arguments: [
    ("Zg", "add '==' at the end"), ("Zg=", "add '=' at the end"), ("Zm8", "add '=' at the end"),
    ("Zm9vY", "a length of 5 stands for no whole number of bytes"),
    ("Z===", "'=' at position 2 is padding where none belongs"),
    ("Zm8==", "'=' at position 4 is padding where none belongs"),
    ("=", "'=' at position 1 is padding where none belongs"),
    ("Zm9v=", "'=' at position 5 is padding where none belongs"),
    ("Zg==Zg==", "'=' at position 3 is padding where none belongs"),
    ("Zm9_", "'_' at position 4 belongs to the URL alphabet; use '+' and '/'"),
    ("-m9v", "'-' at position 1 belongs to the URL alphabet; use '+' and '/'"),
    ("Zm9v\n", "white space at position 5"), ("Zm 9", "white space at position 3"),
    ("Zmé9", "'é' at position 3 is not in its alphabet"), ("Zm9!", "'!' at position 4 is not in its alphabet"),
    ("Zh==", "the last character 'h' holds bits that belong to no byte; 'g' stands for the same bytes"),
    ("Zm9=", "the last character '9' holds bits that belong to no byte; '8' stands for the same bytes"),
  ])
  func refuses(text: String, reason: String) {
    #expect {
      try Base64.decode(text)
    } throws: {
      "\($0)" == reason
    }
  }
}

@Test(
  "Base64 is written as it is read (RFC 4648, section 10)",
  arguments: [
    ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
  ])
func encodesBase64(text: String, encoded: String) throws {
  #expect(Base64.encode(Array(text.utf8)) == encoded)
  #expect(try Base64.decode(encoded) == Array(text.utf8))
}
