/// The bucket of a histogram of `count` doubling buckets that a value belongs to, the first up to 2^`smallestExponent`. The one
/// behind the last takes what is larger.
@inlinable @inline(__always)
public func histogramBucket(of value: UInt64, smallestExponent: UInt32, count: UInt32) -> UInt32 {
  let bits = value == 0 ? 0 : UInt32(truncatingIfNeeded: 64 &- (value &- 1).leadingZeroBitCount)
  let bucket = bits > smallestExponent ? bits &- smallestExponent : 0
  return bucket < count ? bucket : count
}
