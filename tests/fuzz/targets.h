// What the log engine is fuzzed with: functions that take any bytes whatever. Each feeds them to
// one reader of the engine and checks what must hold of whatever comes out; what does not is an
// ENSURE.
//
// libFuzzer drives them (tests/fuzz.sh), and brokerlab_tests_fuzz replays what it once found
// (tests/fuzz/corpus/<target>/). Threads: none. Memory: some MiB whatever the input.
#pragma once

#include "log/types.h"

#include <span>
#include <string_view>

namespace brokerlab::log::fuzz {

/// Batches as they come over the network: parsed, checked, decoded; once as they are, once with
/// their checksums mended, so that what lies behind the checksum is reached.
void batch(ByteView input);

/// Codec (1 byte), limit (1 byte, a power of two), then compressed bytes.
void decompress(ByteView input);

/// A checkpoint of offsets or of leader epochs, as text.
void checkpoint(ByteView input);

/// Any other small file: meta.properties, partition.metadata, the mark of a clean stop, a
/// transaction index, a producer snapshot (also with its checksum mended).
void files(ByteView input);

/// Flags (1 byte: Flags below), sizes of .index and .timeindex (2 bytes each), these, and the .log:
/// opened, read from front to back, looked up in, appended to, cut.
void segment(ByteView input);

/// Flags (1 byte), recovery point (2 bytes), then files: kind, number, size (1, 1, 2 bytes) and
/// contents. Opened after a crash, used, and opened again.
void recovery(ByteView input);

/// Flags (1 byte), then batches, appended as a follower and as a leader.
void append(ByteView input);

struct Target {
  std::string_view name;
  void (*run)(ByteView input);
};
std::span<const Target> targets();

/// Bits of the flags byte.
enum Flags : unsigned {
  clean_start = 1,       ///< Trust the files; recover otherwise.
  mend_checksums = 2,    ///< Of batches as far as they parse, and of producer snapshots.
  index_everything = 4,  ///< An index entry every append, not every 100 bytes.
  base_shift = 4,        ///< The two bits above: which of the base offsets in targets.cpp.
};

}  // namespace brokerlab::log::fuzz
