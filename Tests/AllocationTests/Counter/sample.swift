// Does a known amount of work, N times: `sample allocate|retain|nothing N`.
final class Box {
  var value = 0
}

@inline(never) func keep(_ box: Box, in place: UnsafeMutablePointer<Box>) { place.pointee = box }
@inline(never) func retain(_ box: Unmanaged<Box>) { _ = box.retain() }
@inline(never) func release(_ box: Unmanaged<Box>) { box.release() }
@inline(never) func add(_ number: Int, to place: UnsafeMutablePointer<Int>) { place.pointee &+= number }

let count = Int(CommandLine.arguments[2])!
switch CommandLine.arguments[1] {
case "allocate":
  let place = UnsafeMutablePointer<Box>.allocate(capacity: 1)
  place.initialize(to: Box())
  for _ in 0..<count { keep(Box(), in: place) }
case "retain":
  let box = Unmanaged.passRetained(Box())
  for _ in 0..<count {
    retain(box)
    release(box)
  }
default:
  let place = UnsafeMutablePointer<Int>.allocate(capacity: 1)
  place.initialize(to: 0)
  for number in 0..<count { add(number, to: place) }
}
