import CDataPath
import FilterKit
import Filters
import Synchronization
import TestNetwork
import Testing

@testable import KernelPath

@Suite(.requiresPrograms, .serialized) struct ProgramLogTests {
  /// A chain that looks at a value that no packet has: no plan makes one.
  private var wrong: image {
    var image = image()
    image.write.0.kind = UInt8(SLOT_ROUTE.rawValue)
    image.write.0.key = 200
    return image
  }

  private final class Lines: Sendable {
    let all = Mutex<[(KernelLog.Level, String)]>([])
    func send(isVerbose: Bool) {
      KernelLog.send(to: { level, line in self.all.withLock { $0.append((level, line)) } }, isVerbose: isVerbose)
    }
  }

  @Test(arguments: [false, true]) func aRefusalIsOneLineAndTheWholeLogIsForThoseWhoAsk(isVerbose: Bool) throws {
    let lines = Lines()
    lines.send(isVerbose: isVerbose)
    defer { KernelLog.send(to: { _, _ in }, isVerbose: false) }
    let error = try #require(throws: KernelPathError.self) {
      _ = try KernelProgram(wrong, in: FilterRegistry.builtin.program)
    }
    let text = error.description
    #expect(text.hasPrefix("the kernel refused the program at "), "\(text)")
    #expect(text.hasSuffix(" (all that its verifier said is logged with --log-level debug)"))
    #expect(text.contains("invalid") && !text.contains("\n") && text.utf8.count < 300, "\(text)")
    // The error is the caller's to tell: nothing of it is a warning besides.
    let said = lines.all.withLock { $0 }
    #expect(said.filter { $0.0 == .warning }.map(\.1) == [])
    #expect(said.allSatisfy { !$0.1.contains("\n") })
    if isVerbose {
      #expect(said.contains { $0.1.contains("BPF program load failed") })
      // The way through the program, instruction by instruction.
      #expect(said.count { $0.1.contains("R10=fp0") } >= 10)
    }
  }

  /// Next hops live for a second of the kernel's own time, whatever its ticks are.
  @Test func ticksAreCountedAsTheKernelDoes() throws {
    func read() throws -> (nanoseconds: Double, jiffies: Double) {
      let process = try ChildProcess("cat", ["/proc/timer_list"])
      _ = try process.awaitExit()
      let words = process.output.split { $0 == " " || $0 == "\n" }
      func number(after word: String) throws -> Double {
        let place = try #require(words.firstIndex(of: word[...]))
        return try #require(Double(words[place + 1]))
      }
      return (try number(after: "at"), try number(after: "jiffies:"))
    }
    let start = try read()
    var end = start
    // So many that one more or less is nothing.
    #expect(
      try eventually {
        end = try read(); return end.jiffies - start.jiffies >= 40
      })
    let measured = (end.jiffies - start.jiffies) / (end.nanoseconds - start.nanoseconds) * 1e9
    let known = Double(KernelPathOptions().hopLifetime)
    #expect(abs(known - measured) < measured * 0.06, "\(known) against \(measured) measured")
  }
}
