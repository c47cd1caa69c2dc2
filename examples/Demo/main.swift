import Glibc

// Shows the proxy at work: two servers, the proxy between, and clients with good and bad tokens. Ends with 0 where all was as
// expected. `make demo` runs it.
do {
  exit(try Demo().run() ? 0 : 1)
} catch {
  print("\nThe demo cannot go on: \(error)")
  exit(1)
}
