// ByteSlice: immutable bytes shared by reference count. Copying one copies no bytes, so that what
// a read returned can travel through queues, responses and caches for free.
//
// Lifetime: the bytes live as long as any slice of them. Threads: the count is atomic; the bytes
// never change once the slice is handed out.
#pragma once

#include "log/types.h"

#include <memory>

namespace brokerlab::log {

/// Bytes to fill and hand to a ByteSlice, not zeroed. Large ones come from those that this thread
/// has given back: a fresh megabyte costs hundreds of page faults.
std::shared_ptr<std::byte[]> bytes_to_fill(std::size_t size);

class ByteSlice {
 public:
  ByteSlice() = default;
  /// Takes over bytes filled by the caller.
  ByteSlice(std::shared_ptr<const std::byte[]> bytes, std::size_t size)
      : bytes_(std::move(bytes)), size_(size) {}

  /// A slice with its own copy of `bytes`.
  static ByteSlice copy_of(ByteView bytes);

  const std::byte* data() const { return bytes_.get() + begin_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {data(), size_}; }
  operator ByteView() const { return view(); }

  /// The part [begin, begin + size) of this slice, sharing the bytes. Must lie inside.
  ByteSlice part(std::size_t begin, std::size_t size) const;

 private:
  std::shared_ptr<const std::byte[]> bytes_;
  std::size_t begin_ = 0;
  std::size_t size_ = 0;
};

}  // namespace brokerlab::log
