#include "cli/log_words.h"

#include "base/translation.h"
#include "cli/rewording.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::cli {
namespace {

/// What log/ says; some hold others of these in a blank.
constexpr const char* sentences[] = {
    sentence("not found"),
    sentence("already exists"),
    sentence("no space left"),
    sentence("read only"),
    sentence("locked"),
    sentence("malformed"),
    sentence("input/output error"),
    sentence("is in use by another process"),
    sentence("No such file or directory"),
    sentence("Permission denied"),
    sentence("Not a directory"),
    sentence("Is a directory"),
    sentence("No space left on device"),
    sentence("checksum {}, computed {}"),
    sentence("{} bytes of a batch"),
    sentence("{} of {} bytes of a batch"),
    sentence("{} bytes have no room for a header"),
    sentence("{} bytes have no room for a record of format {}"),
    sentence("message format {}, only 0, 1 and 2 are known"),
    sentence("offsets {} + {} are impossible"),
    sentence("offset {} is impossible"),
    sentence("{} records on {} offsets"),
    sentence("decompresses to more than {} bytes"),
    sentence("the record at offset {} fails its checksum"),
    sentence("record {} of {} is malformed"),
    sentence("bytes behind the last of {} records"),
    sentence("there is no such codec"),
    sentence("the compressed bytes are malformed"),
    sentence("a control batch of {} records"),
    sentence("a record of {} bytes inside a wrapper"),
    sentence("a wrapper without records"),
    sentence("a wrapper without a value"),
    sentence("a wrapper contradicts its length"),
    sentence("a wrapper's offset {} is below {}, its last record's"),
    sentence("codec {} ({}) in message format {}"),
    sentence("the record contradicts its length"),
    sentence("record {} of a wrapper contradicts its length"),
    sentence("record {} of a wrapper is one itself"),
    sentence("too short for a batch"),
    sentence("is no record batch"),
    sentence("has message format {}"),
    sentence("has message format {} at byte {}"),
    sentence("has offset {}, which cannot be in a segment that begins at {}"),
    sentence("is no good batch"),
    sentence("passes Kafka's checksum"),
    sentence("stands behind a cut"),
    sentence("zeros"),
    sentence("the log ends at offset {}, its start is noted as {}"),
    sentence(
        "is to take the place of segments, but is damaged at byte {}: {}; nothing was changed"),
    sentence("begins at offset {}, but the segment before it goes on to {}; Kafka keeps both"),
    sentence("begins at offset {}, but the segment before it goes on to {}"),
    sentence("at byte {}: {}"),
    sentence("what stands here {}: it is not ours to cut"),
    sentence("{}, but {}: it is not ours to cut"),
    sentence("{}, but {}: it is not ours to remove"),
    sentence("{}; {} bytes would be cut off, which only a recovery may do"),
    sentence("at byte {}: {}; only a recovery may put it aside"),
    sentence("is no entry of an index"),
    sentence("would give way to {}, which says something else; only a recovery may put it aside"),
    sentence("would go, left by an interruption"),
    sentence("would give way to a finished copy"),
    sentence("{}, but no other file has its record at offset {}; only a recovery may put it aside"),
    sentence("{}, but is damaged at byte {}: {}; only a recovery may put it aside"),
    sentence("left by an interruption"),
    sentence("a finished copy takes its place"),
    sentence("cannot be read"),
    sentence("cannot be used"),
    sentence("no segment begins there"),
    sentence("the log ends before it"),
    sentence("a batch at offset {} where {} or more should come"),
    sentence("a batch up to offset {}, too far from the segment's first, {}"),
    sentence("a batch at offset {} behind one at offset {}, which stands out at byte {}"),
    sentence("{} bytes at once, segment.bytes is {}"),
    sentence("a batch of {} bytes, max.message.bytes is {}"),
    sentence("offset {} is outside [{}, {}]"),
    sentence("a topic's name must not be empty"),
    sentence("a topic's name must not be \".\" or \"..\""),
    sentence("a topic's name has at most {} characters, this has {}"),
    sentence("a topic's name is made of letters, digits, '.', '_' and '-'"),
    sentence("only {} bytes, a snapshot has {} at least"),
    sentence("version {}, must be {}"),
    sentence("{} producers in {} bytes"),
    sentence("producer {}: is there twice"),
    sentence("producer {}: a transaction begins at {} twice"),
    sentence("has no segment: no file called N.log"),
    sentence("{}; {} bytes from here on cannot be read"),
    sentence("batch at offset {}: {}"),
    sentence("batch at offset {} stands where {} or more should come"),
    sentence("batch at offset {} stands where {} should come: the next one begins at {}"),
    sentence("batch at offset {} cannot be in a segment that begins at {}"),
    sentence("is missing, though the batch at offset {} has leader epoch {}"),
    sentence("batch at offset {} has leader epoch {}, leader-epoch-checkpoint says {}"),
    sentence("{} bytes behind the last whole entry"),
    sentence("entry (offset {}, position {}) does not grow"),
    sentence("entry (offset {}, position {}): no batch begins there"),
    sentence("entry (offset {}, position {}): the batch there begins at offset {}"),
    sentence("entry (offset {}, position {}): the segment ends at offset {}"),
    sentence("entry (timestamp {}, offset {}) does not grow"),
    sentence("entry (timestamp {}, offset {}): the segment has no such offset"),
    sentence("entry (timestamp {}, offset {}): the largest timestamp up to there is {}"),
    sentence("says that {}, but {} ends at {}"),
    sentence("everything below offset {} is on the disk"),
    sentence("the log starts at offset {}"),
    sentence("entry (producer {}, offsets {} to {}): {}"),
    sentence("no producer has such an id"),
    sentence("ends before it begins"),
    sentence("does not grow"),
    sentence("ends outside of its segment, which has offsets {} to {}"),
    sentence("last stable offset {} cannot be when {} is the last one"),
    sentence("its last offset {} is not below {}, which the snapshot is as of"),
    sentence("its transaction begins at {}, not below {}, which the snapshot is as of"),
    sentence("its last batch ends at offset {} and has {} offsets more"),
    sentence("the batch at its last offset {} holds {}"),
    sentence("its last offset is {}, but the batch there goes on to {}"),
    sentence("its last sequence is {}, but the batch there ends with {}"),
    sentence("at its last offset is {}"),
    sentence("records of producer {}"),
    sentence("records without a producer id"),
    sentence("a COMMIT marker of producer {}"),
    sentence("an ABORT marker of producer {}"),
    sentence("a control record of producer {}"),
    sentence(
        "has no entry for the transaction of producer {} at offsets {} to {}, which was aborted"),
    sentence("is missing: no entry for the transaction of producer {} at offsets {} to {}, which "
             "was aborted"),
    sentence("is as of offset {}, but the log ends at {}"),
    // A path, what failed and how.
    sentence("{}: {}: {}"),
    sentence("{}: {}"),
};

/// In one of these forms; nothing when it has none. In a blank stands a sentence of these, or a
/// single word: else it would be half of a longer sentence.
std::optional<std::string> in_a_form(std::string_view english) {
  for (const char* form : sentences) {
    auto blanks = blanks_in(english, form);
    if (!blanks) continue;
    const bool fits = std::all_of(blanks->begin(), blanks->end(), [](std::string& blank) {
      const bool is_word = blank.find(' ') == std::string::npos;
      auto held = in_a_form(blank);
      if (held) blank = std::move(*held);
      return held || is_word;
    });
    if (fits) return filled(translated(form), *blanks);
  }
  return std::nullopt;
}

/// "1 bytes" as people say it. (log/ says what it counts without looking at the number.)
std::string in_singular(std::string text) {
  for (const std::string_view many : {"bytes", "records", "offsets", "producers"}) {
    const std::string both = fmt::format("1 {}", many);
    for (std::size_t at = text.find(both); at != std::string::npos; at = text.find(both, at + 1)) {
      const bool is_number = at == 0 || text[at - 1] == ' ';
      if (is_number) text.erase(at + both.size() - 1, 1);
    }
  }
  return text;
}

}  // namespace

std::string retold(std::string_view english) {
  if (spoken() == Language::english) return in_singular(std::string(english));
  return in_a_form(english).value_or(std::string(english));
}

}  // namespace brokerlab::cli
