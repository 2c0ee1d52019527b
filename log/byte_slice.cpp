#include "log/byte_slice.h"

#include "base/check.h"

#include <cstring>

namespace brokerlab::log {

ByteSlice ByteSlice::copy_of(ByteView bytes) {
  if (bytes.empty()) return {};
  auto copy = std::make_shared_for_overwrite<std::byte[]>(bytes.size());
  std::memcpy(copy.get(), bytes.data(), bytes.size());
  return {std::move(copy), bytes.size()};
}

ByteSlice ByteSlice::part(std::size_t begin, std::size_t size) const {
  ENSURE(begin <= size_ && size <= size_ - begin, "part [{}, +{}) of {} bytes", begin, size, size_);
  ByteSlice part = *this;
  part.begin_ += begin;
  part.size_ = size;
  return part;
}

}  // namespace brokerlab::log
