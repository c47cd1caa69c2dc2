/// Why a package was not written.
struct NewPackageError: Error {
  let message: String
  init(_ message: String) { self.message = message }
}
