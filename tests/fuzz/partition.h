// A partition made of fuzzed bytes, and a use of it (targets.h).
#pragma once

#include "log/env/memory_env.h"
#include "log/partition/log.h"

#include <string>

namespace brokerlab::log::fuzz {

/// No input may make a decoder take more.
inline constexpr DecodeLimits small_limits{.max_uncompressed = std::size_t{1} << 16};

inline constexpr const char* partition_dir = "/d/t-0";

/// Takes numbers and pieces off the front of some bytes; zeros and less behind their end.
class Input {
 public:
  explicit Input(ByteView bytes) : rest_(bytes) {}

  ByteView rest() const { return rest_; }
  unsigned byte() { return number_of(1); }
  unsigned number() { return number_of(2); }  ///< Two bytes, big-endian.
  ByteView bytes(std::size_t size);

 private:
  unsigned number_of(std::size_t size);
  ByteView rest_;
};

/// Gives every batch that parses, from the front on, the checksum of its bytes.
void mend(MutableByteView batches);

/// The same for the one of a producer snapshot.
void mend_snapshot(MutableByteView snapshot);

void put_file(MemoryEnv& env, const std::string& path, ByteView contents);

/// How a partition is opened, by the bits of targets.h.
struct Opening {
  explicit Opening(unsigned flags);

  /// Nothing is taken for good that was not read: what the log then says must all be true.
  bool trusts_nothing() const { return !options.clean && options.recovery_point == 0; }
  /// Of the one segment.
  std::string path(std::string_view suffix) const;
  ByteVector contents(ByteView bytes) const;  ///< Of a .log, mended if the flags say so.
  ByteVector contents_of(std::string_view name, ByteView bytes) const;  ///< Of any file.

  LogConfig config;
  Log::OpenOptions options;
  Offset base_offset = 0;
  bool mends = false;
};

/// One of the names that may be found in a partition directory.
std::string file_name(unsigned kind, unsigned number);

/// Reads, looks up, appends, compacts, cuts and closes. With `sound`, all that is read must be good
/// batches up to the log's end.
void use(Log& log, bool sound);

}  // namespace brokerlab::log::fuzz
