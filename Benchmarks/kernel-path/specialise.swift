// Specialises a program for the benchmark. Built with the folder Specialiser of Sources/KernelPath.
// In: the numbers of instructions, of the image's bytes, of maps, and the image's descriptor, in 32 bits each; for each map its
// descriptor and the size of its keys; the instructions; the image. Out, in 64 bits each: the microseconds that it
// took; the number of functions; for each where it is now, and in the upper half where it was; the instructions.
import Glibc

func readAll() -> [UInt8] {
  var all: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = read(STDIN_FILENO, &part, part.count)
    if count <= 0 { return all }
    all += part[..<count]
  }
}

func microseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_MONOTONIC, &time)
  return UInt64(time.tv_sec) * 1_000_000 + UInt64(time.tv_nsec) / 1_000
}

let input = readAll()
func number(_ place: Int) -> Int32 {
  input.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: 4 * place, as: Int32.self) }
}
let (count, imageSize, maps) = (Int(number(0)), Int(number(1)), Int(number(2)))
var keySizes: [Int32: Int] = [:]
for map in 0..<maps { keySizes[number(4 + 2 * map)] = Int(number(5 + 2 * map)) }
let start = 16 + 8 * maps
let words = (0..<count).map { word in
  input.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: start + 8 * word, as: UInt64.self) }
}
let image = Array(input[(start + 8 * count)...].prefix(imageSize))
let facts = ProgramSpecialiser.Facts(image: image, imageDescriptor: number(3), keySizes: keySizes)

let began = microseconds()
let result = words.withUnsafeBufferPointer { ProgramSpecialiser.specialise($0, facts) }
let took = microseconds() - began
guard let result else { exit(1) }
let functions = zip(result.functions, result.functionOrigins).map { UInt64($0) | UInt64($1) << 32 }
let output = [took, UInt64(functions.count)] + functions + result.words
output.withUnsafeBytes { bytes in
  var done = 0
  while done < bytes.count { done += max(0, write(STDOUT_FILENO, bytes.baseAddress! + done, bytes.count - done)) }
}
