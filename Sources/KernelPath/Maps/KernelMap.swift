import CBpf
import Glibc

/// A live map of the program, with the C types of its keys and values. Belongs to `KernelMaps`.
struct KernelMap<Key: BitwiseCopyable, Value: BitwiseCopyable>: Sendable {
  private let descriptor: Int32

  init(_ descriptor: Int32) { self.descriptor = descriptor }

  /// Adds or replaces an entry: a look-up sees the old one or the new one, whole.
  func set(_ key: Key, _ value: Value) throws(KernelPathError) { try update(key, value, BPF_ANY) }

  /// The same for many entries, each for itself, in few calls (BPF_MAP_UPDATE_BATCH, Linux 5.6).
  func set(_ keys: [Key], _ values: [Value]) throws(KernelPathError) {
    var options = bpf_map_batch_opts()
    options.sz = MemoryLayout<bpf_map_batch_opts>.size
    options.elem_flags = UInt64(BPF_ANY)
    var done = 0
    while done < keys.count {
      var count = UInt32(min(4_096, keys.count - done))
      let result = keys.withUnsafeBufferPointer { keys in
        values.withUnsafeBufferPointer { values in
          bpf_map_update_batch(descriptor, keys.baseAddress! + done, values.baseAddress! + done, &count, &options)
        }
      }
      guard result == 0, count > 0 else { throw .system(call: "update of a BPF map", errno: errno) }
      done += Int(count)
    }
  }

  /// The same with a value that is given as bytes, as many as the map has for one.
  func set(_ key: Key, bytes: [UInt8]) throws(KernelPathError) {
    var key = key
    guard bpf_map_update_elem(descriptor, &key, bytes, UInt64(BPF_ANY)) == 0 else {
      throw .system(call: "update of a BPF map", errno: errno)
    }
  }

  /// Adds an entry. One that is there stays, with what the program noted in it.
  func insert(_ key: Key, _ value: Value) throws(KernelPathError) { try update(key, value, BPF_NOEXIST) }

  private func update(_ key: Key, _ value: Value, _ flags: Int) throws(KernelPathError) {
    var (key, value) = (key, value)
    guard bpf_map_update_elem(descriptor, &key, &value, UInt64(flags)) == 0 else {
      throw .system(call: "update of a BPF map", errno: errno)
    }
  }

  /// Takes an entry out. False where there was none.
  @discardableResult func remove(_ key: Key) -> Bool {
    var key = key
    return bpf_map_delete_elem(descriptor, &key) == 0
  }

  /// Calls `body` with the entries. One that is taken out meanwhile can let others be seen twice, or be left out.
  func forEach(_ body: (Key, Value) -> Void) {
    withUnsafeTemporaryAllocation(of: Key.self, capacity: 1) { next in
      var result = bpf_map_get_next_key(descriptor, nil, next.baseAddress)
      while result == 0 {
        var key = next[0]
        if let value = self[key] { body(key, value) }
        result = bpf_map_get_next_key(descriptor, &key, next.baseAddress)
      }
    }
  }

  subscript(_ key: Key) -> Value? {
    var key = key
    return withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { value in
      bpf_map_lookup_elem(descriptor, &key, value.baseAddress) == 0 ? value[0] : nil
    }
  }

  /// The keys of a hash, as they are while nobody else adds or removes one.
  var keys: [Key] {
    var keys: [Key] = []
    withUnsafeTemporaryAllocation(of: Key.self, capacity: 1) { next in
      while true {
        let result =
          if var last = keys.last {
            bpf_map_get_next_key(descriptor, &last, next.baseAddress)
          } else {
            bpf_map_get_next_key(descriptor, nil, next.baseAddress)
          }
        guard result == 0 else { return }
        keys.append(next[0])
      }
    }
    return keys
  }
}
