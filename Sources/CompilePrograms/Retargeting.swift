import Foundation

/// Embedded Swift's IR for riscv64, which has BPF's data layout, to IR that clang's BPF back end takes.
enum Retargeting {
  /// Patterns of the IR's text, and what stands there instead.
  private static let rules = [
    (#"^target triple = .*$"#, #"target triple = "bpf""#),
    (#" "(?:target-cpu|target-features|frame-pointer)"="[^"]*""#, ""),
    (#"\bswiftcc "#, ""),
    // All of it goes into the C program: what stays out of line has no BTF and does not load.
    (#"\bnoinline\b"#, "nounwind"),
    (#"^(define (?!.*@_?swift_).*?)(#[0-9]+ .*\{)$"#, "$1alwaysinline $2"),
    // What would keep the Embedded runtime alive.
    (#"^(?:@llvm\.used|@_swift1_autolink_entries|!llvm\.linker\.options) = .*\n"#, ""),
    // The marker in front of a trap.
    (#"^.*call void asm sideeffect "", "n"\(i32.*\n"#, ""),
  ]

  static func rewrite(_ ir: String, of programs: [ProgramSource]) throws -> String {
    let text = NSMutableString(string: AuthorLocations.rewrite(ir, of: programs))
    for (pattern, template) in rules {
      let rule = try NSRegularExpression(pattern: pattern, options: .anchorsMatchLines)
      _ = rule.replaceMatches(in: text, range: NSRange(location: 0, length: text.length), withTemplate: template)
    }
    return text as String
  }
}
