// What a crash of Kafka, or of ours, can leave among a partition's files, state by state, and what
// a start makes of it. Each row names the rule of Kafka 3.9 that decides.
#include "log/partition/start_files.h"

#include "log/partition/producer_snapshot.h"
#include "tests/log/partition_story.h"

#include <map>
#include <optional>

namespace brokerlab::log {
namespace {

using test::batch_of;
using test::numbered;
using test::Values;

constexpr const char* dir = "/data/orders-0";

std::string file(Offset base, std::string_view suffix) { return segment_file_name(base, suffix); }

/// Batches of one record each: "v<first>" and on.
ByteVector records(int first, int count) {
  ByteVector bytes;
  for (int i = first; i < first + count; ++i) {
    ByteVector one = batch_of({fmt::format("v{}", i)}, 1000 + i);
    assign_offsets(one, i, 0);
    bytes.insert(bytes.end(), one.begin(), one.end());
  }
  return bytes;
}

/// A cleaned copy of offsets `first` and on: only its last record is left.
ByteVector cleaned(int first, int count) { return records(first + count - 1, 1); }

struct Left {
  std::string name;
  ByteVector contents = {};
};

struct Row {
  const char* state;  ///< What was interrupted, and where.
  const char* rule;   ///< Of Kafka 3.9.
  std::vector<Left> files;
  std::vector<std::string> stay;  ///< The names afterwards, our own of every start left out.
  Values read;
  /// The record whose loss makes a tool refuse where nothing may be cut; none: it finishes.
  std::optional<Offset> lost = {};
};

const char* const temporary = "LogLoader.removeTempFilesAndCollectSwapFiles";
const char* const second = "LogLoader.load, second pass";
const char* const third = "LogLoader.load, third pass";
const char* const fourth = "LogLoader.loadSegmentFiles";

/// Segments 0 to 9 and 10 to 19, and an active one from 20 on.
std::vector<Left> with_segments(std::vector<Left> more, bool first = true, bool next = true) {
  if (first) more.push_back({file(0, log_suffix), records(0, 10)});
  if (next) more.push_back({file(10, log_suffix), records(10, 10)});
  more.push_back({file(20, log_suffix), records(20, 1)});
  return more;
}

const Values all = numbered(0, 21);
const Values copied{"v9",  "v10", "v11", "v12", "v13", "v14",
                    "v15", "v16", "v17", "v18", "v19", "v20"};
const std::vector<std::string> logs{file(0, ".log"), file(10, ".log"), file(20, ".log")};

std::vector<std::string> logs_and(std::vector<std::string> more) {
  more.insert(more.end(), logs.begin(), logs.end());
  return more;
}

std::vector<Row> rows() {
  return {
      {"cleaning, before the copy is whole", temporary,
       with_segments({{file(0, ".log.cleaned"), cleaned(0, 10)}, {file(0, ".index.cleaned")}}),
       logs, all},
      {"cleaning, .log renamed to .swap, its indexes not (KAFKA-6264)", temporary,
       with_segments({{file(0, ".log.swap"), cleaned(0, 10)},
                      {file(0, ".index.cleaned")},
                      {file(0, ".timeindex.cleaned")}}),
       logs, all},
      {"cleaning, an index renamed to .swap, .log not", temporary,
       with_segments({{file(0, ".log.cleaned"), cleaned(0, 10)}, {file(0, ".index.swap")}}), logs,
       all},
      {"a .cleaned before a .swap: an unfinished split", temporary,
       with_segments({{file(0, ".log.cleaned")}, {file(10, ".log.swap"), records(10, 10)}}), logs,
       all},
      {"a .cleaned behind a .swap: another cleaning, that one was finished", temporary,
       with_segments({{file(0, ".log.swap"), cleaned(0, 10)}, {file(10, ".log.cleaned")}}), logs,
       copied, 0},
      {"an index alone is .cleaned, and speaks for its segment", temporary,
       with_segments({{file(0, ".txnindex.cleaned")}, {file(0, ".log.swap"), cleaned(0, 10)}}),
       logs, all},
      {"swap, before an original went", second,
       with_segments({{file(0, ".log.swap"), cleaned(0, 10)},
                      {file(0, ".index.swap")},
                      {file(0, ".timeindex.swap")}}),
       logs, copied, 0},
      {"swap of two segments into one",
       second,
       with_segments({{file(0, ".log.swap"), cleaned(0, 20)}}),
       {file(0, ".log"), file(20, ".log")},
       {"v19", "v20"},
       0},
      {"swap, the first original gone",
       second,
       with_segments({{file(0, ".log.swap"), cleaned(0, 20)}, {file(0, ".log.deleted")}}, false),
       {file(0, ".log"), file(20, ".log")},
       {"v19", "v20"},
       10},
      {"swap, all originals gone",
       third,
       with_segments({{file(0, ".log.swap"), cleaned(0, 20)}}, false, false),
       {file(0, ".log"), file(20, ".log")},
       {"v19", "v20"}},
      {"swap, .log has its last name, the indexes have not",
       third,
       {{file(0, ".log"), cleaned(0, 20)},
        {file(0, ".index.swap")},
        {file(0, ".timeindex.swap")},
        {file(20, ".log"), records(20, 1)}},
       {file(0, ".log"), file(20, ".log")},
       {"v19", "v20"}},
      {"a split: two copies for one original",
       second,
       {{file(0, ".log.swap"), records(0, 5)},
        {file(5, ".log.swap"), records(5, 5)},
        {file(0, ".log"), records(0, 10)},
        {file(10, ".log"), records(10, 1)}},
       {file(0, ".log"), file(5, ".log"), file(10, ".log")},
       numbered(0, 11)},
      {"an empty copy replaces its namesake and nothing else",
       second,
       with_segments({{file(0, ".log.swap")}}),
       logs,
       {"v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20"},
       0},
      {"producer snapshots in the range of a copy", second,
       with_segments({{file(0, ".log.swap"), cleaned(0, 10)},
                      {file(4, ".snapshot"), encode_snapshot({})},
                      {file(10, ".snapshot"), encode_snapshot({})}}),
       logs_and({file(10, ".snapshot")}), copied, 0},
      {"deletion, between rename and removal",
       temporary,
       with_segments({{file(0, ".log.deleted"), records(0, 10)},
                      {file(0, ".index.deleted")},
                      {file(0, ".timeindex.deleted")},
                      {file(0, ".txnindex.deleted")},
                      {file(0, ".snapshot.deleted")}},
                     false),
       {file(10, ".log"), file(20, ".log")},
       numbered(10, 21),
       0},
      {"deletion, .log gone, its indexes not", fourth,
       with_segments({{file(5, ".index")}, {file(5, ".timeindex")}, {file(5, ".txnindex")}}), logs,
       all},
      {"a .swap index whose .log is nowhere", fourth, with_segments({{file(5, ".index.swap")}}),
       logs, all},
      {"producer snapshots without a segment, and the one of the log's end",
       "ProducerStateManager.removeStraySnapshots",
       with_segments({{file(5, ".snapshot"), encode_snapshot({})},
                      {file(10, ".snapshot"), encode_snapshot({})},
                      {file(21, ".snapshot"), encode_snapshot({})}}),
       logs_and({file(10, ".snapshot"), file(21, ".snapshot")}), all},
      {"a producer snapshot without a segment, and none of the log's end",
       "ProducerStateManager.removeStraySnapshots",
       with_segments({{file(5, ".snapshot"), encode_snapshot({})}}), logs, all},
      {"a producer snapshot behind the log's end", "ProducerStateManager.truncateAndReload",
       with_segments({{file(777, ".snapshot"), encode_snapshot({})}}), logs, all},
      {"a directory of a file's name", "LogLoader: file.isFile",
       with_segments({{file(7, ".log") + "/inside"}, {file(8, ".log.deleted") + "/inside"}}),
       logs_and({file(7, ".log"), file(8, ".log.deleted")}), all},
      {"a small file that was being written", "CheckpointFile: its .tmp is overwritten in time",
       with_segments({{"leader-epoch-checkpoint.tmp"}, {"partition.metadata.tmp"}}),
       logs_and({"leader-epoch-checkpoint.tmp", "partition.metadata.tmp"}), all},
      // Kafka removes the third of these, and fails over the fourth: there we are kinder.
      {"files of other people", "LogLoader.offsetFromFile: the names are no numbers",
       with_segments({{"notes.txt"},
                      {"7.log"},
                      {"holiday.deleted"},
                      {"backup.cleaned"},
                      {"cut-from-00000000000000000000.log-at-12"}}),
       logs_and({"notes.txt", "7.log", "holiday.deleted", "backup.cleaned",
                 "cut-from-00000000000000000000.log-at-12"}),
       all},
  };
}

void put(MemoryEnv& env, const Left& left) {
  const std::string path = join_path(dir, left.name);
  REQUIRE(env.make_dir(parent_path(path)).ok());
  auto made = env.create(path);
  REQUIRE(made.ok());
  REQUIRE((*made)->append(left.contents).ok());
}

/// The names, without the indexes of segments and the epochs, which every start makes.
std::vector<std::string> names_in(Env& env) {
  std::vector<std::string> names = env.list(dir).value();
  std::erase_if(names, [&](const std::string& name) {
    const auto parts = parse_partition_file(name);
    return name == "leader-epoch-checkpoint" ||
           (parts && parts->state.empty() &&
            (parts->suffix == index_suffix || parts->suffix == time_index_suffix) &&
            env.exists(join_path(dir, file(parts->offset, log_suffix))));
  });
  return names;
}

Values read_all(const Log& log) {
  Values read;
  for (Offset next = log.log_start_offset(); next < log.log_end_offset();) {
    const auto got = log.read(next, 100, INT64_MAX, true);
    REQUIRE(got.ok());
    if (got->bytes.empty()) break;
    for (const BatchView& batch : Batches(got->bytes)) {
      for (const std::string& value : test::values_in(batch.bytes())) read.push_back(value);
      next = batch.next_offset();
    }
  }
  return read;
}

std::map<std::string, std::string> contents_in(Env& env) {
  std::map<std::string, std::string> contents;
  const auto names = env.list(dir);
  REQUIRE(names.ok());
  for (const std::string& name : *names) {
    const auto text = read_text(env, join_path(dir, name));
    if (text.ok()) contents[name] = *text;
  }
  return contents;
}

bool is_in_a_file(const std::map<std::string, std::string>& files, const ByteVector& bytes) {
  return bytes.empty() || std::any_of(files.begin(), files.end(), [&](const auto& file) {
           return file.second == as_text(bytes);
         });
}

}  // namespace

TEST_CASE("a start makes of each state that a crash can leave what Kafka's makes", "[unit]") {
  for (Row& row : rows()) {
    INFO(row.state << " (" << row.rule << ")");
    for (const auto cutting : {Cutting::as_kafka, Cutting::kept, Cutting::never}) {
      MemoryEnv env;
      for (const Left& left : row.files) put(env, left);
      const auto before = contents_in(env);
      auto log = Log::open(env, dir, {}, {.cutting = cutting});
      if (cutting == Cutting::never && row.lost) {
        REQUIRE_FALSE(log.ok());
        CHECK(log.error().kind == LogError::Kind::corrupt);
        CHECK_THAT(log.error().message,
                   Catch::Contains(
                       fmt::format("but no other file has its record at offset {};", *row.lost)));
        CHECK(contents_in(env) == before);
        continue;
      }
      REQUIRE(log.ok());
      std::vector<std::string> names = names_in(env);
      if (cutting == Cutting::kept) {
        const auto after = contents_in(env);
        for (const Left& left : row.files) {
          INFO(left.name);
          const auto parts = parse_partition_file(left.name);
          if (parts && parts->suffix == log_suffix) CHECK(is_in_a_file(after, left.contents));
        }
        for (const FileChange& change : (*log)->recovery().files) {
          CHECK(change.kept_as.empty() == (std::erase(names, change.kept_as) == 0));
        }
      }
      std::sort(row.stay.begin(), row.stay.end());
      CHECK(names == row.stay);
      CHECK(read_all(**log) == row.read);
      // The next start finds nothing left to do.
      log->reset();
      const auto again = Log::open(env, dir, {}, {.cutting = cutting});
      REQUIRE(again.ok());
      CHECK((*again)->recovery().files.empty());
    }
  }
}

// LogLoader would remove all of it, or write over it.
TEST_CASE("what has a name of Kafka's and is no Kafka's stays where nothing may be lost",
          "[unit]") {
  const auto text_of = [](std::string_view text) {
    const ByteView bytes = as_bytes(text);
    return ByteVector(bytes.begin(), bytes.end());
  };
  const ByteVector text = text_of("a letter of somebody's");
  ByteVector future = records(0, 10);
  future[16] = std::byte{3};
  ProducerStates one;
  one.restore(ProducerState{.id = 7});
  struct Strange {
    const char* what;
    std::vector<Left> files;
    const char* why;           ///< Refused, where nothing may be cut;
    bool refused_too = false;  ///< and where it may, if a copy is kept.
  };
  const char* const not_ours = "it is not ours to remove";
  const char* const aside = "only a recovery may put it aside";
  const std::vector<Left> active{{file(20, ".log"), records(20, 1)}};
  const std::vector<Strange> all_of_them{
      {"a text for an original",
       {{file(0, ".log"), text}, {file(0, ".log.swap"), cleaned(0, 10)}},
       not_ours,
       true},
      {"a short text for an original",
       {{file(0, ".log"), text_of("hi")}, {file(0, ".log.swap"), cleaned(0, 10)}},
       not_ours,
       true},
      {"an original of another time",
       {{file(0, ".log"), future}, {file(0, ".log.swap"), cleaned(0, 10)}},
       not_ours,
       true},
      {"an original that an empty copy would write over",
       {{file(0, ".log"), records(0, 10)}, {file(0, ".log.swap")}},
       "but no other file has its record at offset 0;"},
      {"a deleted text", {{file(5, ".log.deleted"), text}}, not_ours, true},
      {"a cleaned text", {{file(200, ".log.cleaned"), text}}, not_ours, true},
      {"a text for the copy",
       {{file(0, ".log"), records(0, 10)}, {file(0, ".log.swap"), text}},
       "is to take the place of segments",
       true},
      {"an index of no segment", {{file(777, ".index"), text}}, aside},
      {"a time index of no segment", {{file(777, ".timeindex"), text}}, aside},
      {"a transaction index of no segment", {{file(777, ".txnindex"), text}}, aside},
      {"an index of a segment", {{file(20, ".index"), text}}, aside},
      {"a deleted index", {{file(0, ".index.deleted"), text}}, aside},
      {"a snapshot behind the end", {{file(777, ".snapshot"), text}}, aside},
      {"a snapshot at the end", {{file(21, ".snapshot"), text}}, aside},
      {"a snapshot that is to replace a good one",
       {{file(20, ".snapshot"), encode_snapshot({})}, {file(20, ".snapshot.swap"), text}},
       aside},
      {"a good snapshot that is to replace another",
       {{file(20, ".snapshot"), encode_snapshot(one)},
        {file(20, ".snapshot.swap"), encode_snapshot({})}},
       aside},
  };
  for (const Strange& strange : all_of_them) {
    INFO(strange.what);
    for (const auto cutting : {Cutting::never, Cutting::kept}) {
      MemoryEnv env;
      for (const Left& left : active) put(env, left);
      for (const Left& left : strange.files) put(env, left);
      const auto before = contents_in(env);
      const auto log = Log::open(env, dir, {}, {.cutting = cutting});
      if (cutting == Cutting::never || strange.refused_too) {
        REQUIRE_FALSE(log.ok());
        CHECK(log.error().kind == LogError::Kind::corrupt);
        CHECK_THAT(log.error().message, Catch::Contains(strange.why));
        CHECK(contents_in(env) == before);
        continue;
      }
      REQUIRE(log.ok());
      for (const Left& left : strange.files) {
        INFO(left.name);
        CHECK(is_in_a_file(contents_in(env), left.contents));
      }
      CHECK_FALSE((*log)->recovery().files.empty());
    }
  }
}

// LogLoader would put it in the place of the originals.
TEST_CASE("a copy that cannot be read takes nobody's place where nothing may be lost", "[unit]") {
  MemoryEnv env;
  ByteVector copy = cleaned(0, 10);
  copy.back() ^= std::byte{1};
  for (const Left& left : with_segments({{file(0, ".log.swap"), copy}})) put(env, left);
  for (const auto cutting : {Log::Cutting::kept, Log::Cutting::never}) {
    const auto refused = Log::open(env, dir, {}, {.cutting = cutting});
    REQUIRE_FALSE(refused.ok());
    CHECK_THAT(refused.error().message, Catch::Contains("is to take the place of segments"));
    CHECK(env.exists(join_path(dir, file(0, ".log.swap"))));
    CHECK(env.open(join_path(dir, file(0, ".log"))).value()->size() == std::ssize(records(0, 10)));
  }
}

}  // namespace brokerlab::log
