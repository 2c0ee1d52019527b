#include "log/batch/byte_slice.h"

#include "base/check.h"

#include <cstring>

namespace brokerlab::log {
namespace {

constexpr std::size_t large = std::size_t{64} << 10;
constexpr std::size_t most_spare = std::size_t{8} << 20;

/// Buffers that were given back on this thread, the last one first.
class Spare {
 public:
  struct Buffer {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size = 0;
  };
  ~Spare() { gone() = true; }

  /// One that fits without wasting more than half; none: an empty one.
  Buffer take(std::size_t size) {
    for (auto buffer = kept_.rbegin(); buffer != kept_.rend(); ++buffer) {
      if (buffer->size < size || buffer->size / 2 > size) continue;
      Buffer found = std::move(*buffer);
      kept_.erase(std::next(buffer).base());
      bytes_ -= found.size;
      return found;
    }
    return {};
  }
  void give_back(Buffer buffer) {
    if (bytes_ + buffer.size > most_spare) return;
    bytes_ += buffer.size;
    kept_.push_back(std::move(buffer));
  }
  /// The thread is ending: what is given back now is freed.
  static bool& gone() {
    thread_local bool gone = false;
    return gone;
  }
  static Spare& of_this_thread() {
    thread_local Spare spare;
    return spare;
  }

 private:
  std::vector<Buffer> kept_;
  std::size_t bytes_ = 0;
};

}  // namespace

std::shared_ptr<std::byte[]> bytes_to_fill(std::size_t size) {
  if (size < large || Spare::gone()) return std::make_shared_for_overwrite<std::byte[]>(size);
  Spare::Buffer buffer = Spare::of_this_thread().take(size);
  if (!buffer.bytes) buffer = {std::make_unique_for_overwrite<std::byte[]>(size), size};
  const std::size_t whole = buffer.size;
  return {buffer.bytes.release(), [whole](std::byte* bytes) {
            Spare::Buffer back{std::unique_ptr<std::byte[]>(bytes), whole};
            if (!Spare::gone()) Spare::of_this_thread().give_back(std::move(back));
          }};
}

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
