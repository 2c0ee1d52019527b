// What a crash of Kafka, or of ours, can leave among a partition's files, state by state, and what
// a start makes of it. Each row names the rule of Kafka 3.9 that decides.
#include "log/start_files.h"

#include "log/producer_snapshot.h"
#include "tests/log/partition_story.h"

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
       copied},
      {"an index alone is .cleaned, and speaks for its segment", temporary,
       with_segments({{file(0, ".txnindex.cleaned")}, {file(0, ".log.swap"), cleaned(0, 10)}}),
       logs, all},
      {"swap, before an original went", second,
       with_segments({{file(0, ".log.swap"), cleaned(0, 10)},
                      {file(0, ".index.swap")},
                      {file(0, ".timeindex.swap")}}),
       logs, copied},
      {"swap of two segments into one",
       second,
       with_segments({{file(0, ".log.swap"), cleaned(0, 20)}}),
       {file(0, ".log"), file(20, ".log")},
       {"v19", "v20"}},
      {"swap, the first original gone",
       second,
       with_segments({{file(0, ".log.swap"), cleaned(0, 20)}, {file(0, ".log.deleted")}}, false),
       {file(0, ".log"), file(20, ".log")},
       {"v19", "v20"}},
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
       {"v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20"}},
      {"producer snapshots in the range of a copy", second,
       with_segments({{file(0, ".log.swap"), cleaned(0, 10)},
                      {file(4, ".snapshot"), encode_snapshot({})},
                      {file(10, ".snapshot"), encode_snapshot({})}}),
       logs_and({file(10, ".snapshot")}), copied},
      {"deletion, between rename and removal",
       temporary,
       with_segments({{file(0, ".log.deleted"), records(0, 10)},
                      {file(0, ".index.deleted")},
                      {file(0, ".timeindex.deleted")},
                      {file(0, ".txnindex.deleted")},
                      {file(0, ".snapshot.deleted")}},
                     false),
       {file(10, ".log"), file(20, ".log")},
       numbered(10, 21)},
      {"deletion, .log gone, its indexes not", fourth,
       with_segments({{file(5, ".index")}, {file(5, ".timeindex")}, {file(5, ".txnindex")}}), logs,
       all},
      {"a .swap index whose .log is nowhere", fourth, with_segments({{file(5, ".index.swap")}}),
       logs, all},
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

}  // namespace

TEST_CASE("a start makes of each state that a crash can leave what Kafka's makes", "[unit]") {
  for (Row& row : rows()) {
    INFO(row.state << " (" << row.rule << ")");
    for (const auto cutting : {Log::Cutting::as_kafka, Log::Cutting::kept, Log::Cutting::never}) {
      MemoryEnv env;
      for (const Left& left : row.files) put(env, left);
      auto log = Log::open(env, dir, {}, {.cutting = cutting});
      REQUIRE(log.ok());
      std::sort(row.stay.begin(), row.stay.end());
      CHECK(names_in(env) == row.stay);
      Values read;
      for (Offset next = (*log)->log_start_offset(); next < (*log)->log_end_offset();) {
        const auto got = (*log)->read(next, 100, INT64_MAX, true);
        REQUIRE(got.ok());
        if (got->bytes.empty()) break;
        for (const BatchView& batch : Batches(got->bytes)) {
          for (const std::string& value : test::values_in(batch.bytes())) read.push_back(value);
          next = batch.next_offset();
        }
      }
      CHECK(read == row.read);
      // The next start finds nothing left to do.
      log->reset();
      const auto again = Log::open(env, dir, {}, {.cutting = cutting});
      REQUIRE(again.ok());
      CHECK((*again)->recovery().files.empty());
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
