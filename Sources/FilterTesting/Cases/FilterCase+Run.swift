import FilterKit

extension FilterCase {
  /// Runs the case through every engine that can bring it about: the filters alone, packet by packet and in batches; sockets, unless a time
  /// must be met to less than 100 ms; and the kernel, where it runs the whole chain and nothing depends on the time between packets.
  ///
  /// - Throws: `CasesFailed` with all that is not as the case says, by engine.
  public func run() throws {
    let problems = try self.problems()
    guard problems.isEmpty else { throw CasesFailed(problems: problems, caseCount: 1) }
  }

  /// What is not as the case says, a line each with its place.
  func problems() throws(EngineUnavailable) -> [String] {
    let wrong = problems(in: FilterEngine.diagnose(self))
    guard wrong.isEmpty, errors.isEmpty, !steps.isEmpty else { return wrong.map { "\(place): \(name): \($0)" } }
    var problems = problems("the filters alone") { try FilterEngine(.single).run(self) }
    // The same again in other words would only be in the way.
    guard problems.isEmpty else { return problems }
    problems += self.problems("the filters alone, in batches") { try FilterEngine(.full).run(self) }
    if SocketEngine.runs(self) { problems += self.problems("sockets") { try SocketEngine().run(self) } }
    return try problems + kernelProblems()
  }

  private func kernelProblems() throws(EngineUnavailable) -> [String] {
    guard KernelEngine.runs(self) else { return [] }
    do {
      guard let program = try TestEngine.kernelRun(chain).run else { return [] }
      return problems("the kernel") { try KernelEngine().run(self, in: program) }
    } catch let error as EngineUnavailable { throw error } catch {
      return ["\(place): \(name): the kernel: \(error)"]
    }
  }

  private func problems(_ engine: String, _ run: () throws -> CaseResult) -> [String] {
    let found: [String]
    do { found = problems(in: try run()) } catch { found = ["\(error)"] }
    return found.map { "\(place): \(name): \(engine): \($0)" }
  }
}

/// Cases that did not come out as they say.
public struct CasesFailed: Error, CustomStringConvertible, Sendable {
  /// A line each: `Sources/Mine/cases.yaml:12: the token is cut off: the kernel: line 15: the payload is …, expected …`.
  public let problems: [String]
  let caseCount: Int

  public var description: String { problems.joined(separator: "\n") }
}
