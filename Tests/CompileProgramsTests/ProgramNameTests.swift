import Foundation
import Testing

@testable import CompilePrograms

@Suite struct ProgramNameTests {
  @Test func programsAreNamedAfterTheirFiles() throws {
    var folder = try ProgramFolder()
    try folder.write("\n// PacketProgram\nenum Other: Sendable, PacketProgram {}\n", to: "MineProgram.swift")
    #expect(
      try folder.check()
        == "MineProgram.swift:3: error: the packet program 'Other' is to stand in a file that is named after it, Other.swift, and "
        + "its name to end in Program")
  }

  @Test func programsOfTwoPackagesHaveDifferentNames() throws {
    var folder = try ProgramFolder()
    try folder.write("enum MineProgram: PacketProgram {}\n", to: "MineProgram.swift")
    let other = try folder.folder.makeFolder("theirs") + "/MineProgram.swift"
    try "\nextension MineProgram: PacketProgram {}\n".write(toFile: other, atomically: false, encoding: .utf8)
    #expect(
      try folder.check(with: [other])
        == "theirs/MineProgram.swift:2: error: there is another packet program 'MineProgram', in MineProgram.swift:1: in the "
        + "kernel all programs of a proxy have different names, so give one of them another")
  }

  @Test func aFileWithoutAPacketProgramIsLeftToTheSockets() throws {
    var folder = try ProgramFolder()
    try folder.write(
      "// enum TelevisionProgram: PacketProgram {}\nstruct TelevisionProgram {}\n", to: "TelevisionProgram.swift")
    #expect(try ProgramSource.find(in: folder.files.map { URL(fileURLWithPath: $0) }).isEmpty)
  }
}
