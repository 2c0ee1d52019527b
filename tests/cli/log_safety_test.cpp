// brokerlab log append, recover and compact on what they did not write: nothing may be lost.
#include "log/batch/big_endian.h"
#include "log/batch/legacy_batch.h"
#include "tests/cli/command.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>

#include <fstream>
#include <map>

using namespace brokerlab;
using Catch::Contains;
using test::Answer;
using test::command;

namespace {

namespace fs = std::filesystem;

constexpr const char* log_name = "00000000000000000000.log";

class Directory {
 public:
  Directory() { fs::create_directories(dir); }

  Answer log(const std::string& name, std::vector<std::string> more = {},
             const std::string& input = "") const {
    more.insert(more.begin(), {"log", name, dir});
    return command(more, input);
  }
  void put(const std::string& name, std::string_view bytes) const {
    std::ofstream(dir + "/" + name, std::ios::binary) << bytes;
  }
  void put(const std::string& name, const log::ByteVector& bytes) const {
    put(name, log::as_text(bytes));
  }
  /// All files but the lock, by name.
  std::map<std::string, std::string> files() const {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(dir)) {
      std::ifstream in(entry.path(), std::ios::binary);
      const std::string name = entry.path().filename().string();
      if (name != ".lock") files[name] = {std::istreambuf_iterator<char>(in), {}};
    }
    return files;
  }

 private:
  log::test::TemporaryFolder folder_;

 public:
  const std::string dir = folder_.path() + "/orders-0";
};

std::vector<log::Record> records(log::Offset first, int count) {
  std::vector<log::Record> all;
  for (int i = 0; i < count; ++i) {
    const std::string key = fmt::format("k{}", i % 2);
    const std::string value = fmt::format("value {}", first + i);
    const log::ByteView k = log::as_bytes(key);
    const log::ByteView v = log::as_bytes(value);
    all.push_back({.offset = first + i,
                   .timestamp = 1'700'000'000'000 + first + i,
                   .key = log::ByteVector(k.begin(), k.end()),
                   .value = log::ByteVector(v.begin(), v.end()),
                   .headers = {}});
  }
  return all;
}

log::ByteVector operator+(log::ByteVector a, const log::ByteVector& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Format 0, then a wrapper of format 1.
log::ByteVector old_log() {
  return log::legacy::build(records(0, 3), {.magic = 0}) +
         log::legacy::build(records(3, 3), {.magic = 1, .codec = log::Codec::gzip});
}

constexpr const char* one_line = "{\"key\":\"k9\",\"value\":\"new\",\"timestamp\":1700000000100}\n";

}  // namespace

TEST_CASE("log commands read, write behind and keep batches of formats 0 and 1", "[unit]") {
  const Directory old;
  const log::ByteVector bytes = old_log();
  old.put(log_name, bytes);
  CHECK(old.log("read").out ==
        "     0  no timestamp  k0: value 0\n"
        "     1  no timestamp  k1: value 1\n"
        "     2  no timestamp  k0: value 2\n"
        "     3  2023-11-14T22:13:20.003Z  k0: value 3\n"
        "     4  2023-11-14T22:13:20.004Z  k1: value 4\n"
        "     5  2023-11-14T22:13:20.005Z  k0: value 5\n");
  const Answer dumped = old.log("dump", {"--records"});
  CHECK(dumped.err == "");
  CHECK_THAT(dumped.out,
             Contains("offset: 0 position: 0 NoTimestampType: -1 size: 35 magic: 0 "
                      "compresscodec: none crc: ") &&
                 Contains("| offset: 0 NoTimestampType: -1 keySize: 2 valueSize: 7 isValid: true "
                          "crc: ") &&
                 Contains("offset: 5 position: 105 CreateTime: 1700000000005 size: ") &&
                 Contains("magic: 1 compresscodec: gzip") &&
                 Contains("| offset: 3 CreateTime: 1700000000003 keySize: 2 valueSize: 7 ") &&
                 Contains("} key: k0 payload: value 3"));
  CHECK_THAT(old.log("dump", {"--records", "--json"}).out,
             Contains("\"baseOffset\":3,\"lastOffset\":5,\"count\":3,") &&
                 Contains("\"magic\":0,") && Contains("\"magic\":1,"));
  CHECK_THAT(old.log("stats").out, Contains("formats     0: 3 batches\n            1: 1 batch\n") &&
                                       Contains("records     6\n"));
  CHECK_THAT(old.log("verify").out, Contains(": no damage; 1 segment, 4 batches, 6 records"));
  CHECK_THAT(old.log("recover").out, Contains("cut      nothing"));
  CHECK(old.files()[log_name] == log::as_text(bytes));

  CHECK(old.log("append", {}, one_line).status == 0);
  CHECK(old.files()[log_name].starts_with(log::as_text(bytes)));
  CHECK_THAT(old.log("read", {"--at", "2023-11-14T22:13:20.005Z"}).out,
             Contains("     5  2023-11-14T22:13:20.005Z  k0: value 5\n     6 "));
  CHECK_THAT(old.log("stats").out, Contains("            2: 1 batch\n"));
  CHECK(old.log("compact").status == 0);
  CHECK(old.log("read").out ==
        "     4  2023-11-14T22:13:20.004Z  k1: value 4\n"
        "     5  2023-11-14T22:13:20.005Z  k0: value 5\n"
        "     6  2023-11-14T22:13:20.100Z  k9: new\n");
  CHECK_THAT(old.log("dump").out, Contains("magic: 1 compresscodec: gzip"));
  CHECK(old.log("verify").status == 0);
}

TEST_CASE("log append, recover and compact leave alone what is no log of ours", "[unit]") {
  log::ByteVector newer = log::test::batch_of({"from the future"});
  newer[16] = std::byte{3};
  log::ByteVector back = log::test::batch_of({"a", "b"}) + log::test::batch_of({"again"});
  std::string encrypted;
  for (int i = 0; i < 3000; ++i) encrypted += static_cast<char>(i * 197 + 89);
  const std::vector<std::pair<std::string, std::string>> cases{
      {"a format of the future", std::string(log::as_text(newer))},
      {"one behind an old batch", std::string(log::as_text(old_log() + newer))},
      {"a text", "Dear diary, today I called a text file like a segment."},
      {"an encrypted file", encrypted},
      {"offsets that go back, which Kafka keeps", std::string(log::as_text(back))}};
  for (const auto& [what, bytes] : cases) {
    INFO(what);
    const Directory folder;
    folder.put(log_name, bytes);
    folder.put("notes.tmp", "mine");
    const auto before = folder.files();
    for (const char* name : {"append", "compact", "recover"}) {
      INFO(name);
      const Answer refused = folder.log(name, {}, one_line);
      CHECK(refused.status == 1);
      CHECK_THAT(refused.err, Contains(log_name) && Contains("Nothing was changed."));
      CHECK(folder.files() == before);
    }
    CHECK(folder.log("recover", {"--dry-run"}).status == 1);
    CHECK_THAT(folder.log("recover", {"--lang", "ko"}).err, Contains("아무것도 바꾸지 않았습니다"));
    CHECK(folder.files() == before);
  }
}

TEST_CASE("log append and compact cut nothing; recover says what it cuts, and keeps it", "[unit]") {
  const Directory torn;
  const log::ByteVector whole = old_log();
  const log::ByteVector next = log::legacy::build(records(6, 2), {.magic = 1});
  torn.put(log_name, whole + log::ByteVector(next.begin(), next.begin() + 40));
  const std::string rest(log::as_text(log::ByteView(next).first(40)));
  const auto before = torn.files();
  for (const char* name : {"append", "compact"}) {
    const Answer refused = torn.log(name, {}, one_line);
    CHECK(refused.status == 1);
    CHECK_THAT(refused.err, Contains("40 bytes would be cut off, which only a recovery may do") &&
                                Contains("log recover " + torn.dir + " --dry-run"));
    CHECK(torn.files() == before);
  }
  const Answer plan = torn.log("recover", {"--dry-run"});
  CHECK(plan.status == 0);
  const std::string kept = fmt::format("cut-from-{}-at-{}", log_name, whole.size());
  CHECK_THAT(plan.out, Contains("cut      40 bytes\n") && Contains("kept as " + kept) &&
                           Contains(fmt::format("from byte {} on", whole.size())) &&
                           Contains("Nothing was changed"));
  CHECK(torn.files() == before);
  CHECK_THAT(torn.log("recover", {"--dry-run", "--json"}).out,
             Contains("\"dryRun\":true") && Contains("\"keptAs\":\"" + kept + "\""));
  CHECK(torn.log("recover").status == 0);
  CHECK(torn.files()[log_name] == log::as_text(whole));
  CHECK(torn.files()[kept] == rest);
  // Never taken for a segment, and never lost.
  CHECK(torn.log("append", {}, one_line).status == 0);
  CHECK(torn.log("compact").status == 0);
  CHECK(torn.log("verify").status == 0);
  CHECK(torn.files()[kept] == rest);
}

// KAFKA-6264: a .cleaned beside it says that the .swap is not whole.
TEST_CASE("log recover takes a .swap as Kafka does", "[unit]") {
  const Directory interrupted;
  interrupted.put(log_name, old_log());
  interrupted.put(std::string(log_name) + ".swap", log::legacy::build(records(5, 1), {}));
  interrupted.put("00000000000000000000.timeindex.cleaned", "");
  CHECK_THAT(interrupted.log("recover", {"--dry-run"}).out,
             Contains("files    00000000000000000000.log.swap goes"));
  CHECK(interrupted.log("recover").status == 0);
  CHECK_THAT(interrupted.log("stats").out, Contains("records     6\n"));
  CHECK_FALSE(interrupted.files().contains(std::string(log_name) + ".swap"));

  interrupted.put(std::string(log_name) + ".swap", log::legacy::build(records(5, 1), {}));
  CHECK_THAT(interrupted.log("recover", {"--dry-run", "--lang", "ko"}).out,
             Contains("00000000000000000000.log.swap → 00000000000000000000.log"));
  CHECK(interrupted.log("recover").status == 0);
  CHECK_THAT(interrupted.log("stats").out, Contains("records     1\n"));
}

namespace {

/// Five batches of format 0, 35 bytes and one record each.
std::string five_batches() {
  return std::string(log::as_text(log::legacy::build(records(0, 5), {.magic = 0})));
}

}  // namespace

// Whatever one byte is damaged: each command's advice holds for it, and figures fit one another.
TEST_CASE("log commands agree on any one damaged byte, name its batch and keep promises",
          "[unit]") {
  const std::string whole = five_batches();
  const std::size_t size = whole.size() / 5;
  for (std::size_t at = 0; at < whole.size(); ++at) {
    INFO("byte " << at);
    const Directory folder;
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x40);
    folder.put(log_name, bytes);
    const Answer verified = folder.log("verify");
    const std::string stats = folder.log("stats").out;
    const Answer recovered = folder.log("recover", {"--dry-run"});
    // An offset of the last batch may leave a gap: compaction does, too.
    if (verified.status == 0) {
      CHECK(at >= 4 * size);
      CHECK_THAT(stats, !Contains("damage") && Contains("5, of 35 bytes to 35 bytes"));
      continue;
    }
    CHECK_THAT(verified.out, Contains(": 1 place damaged;") &&
                                 Contains(fmt::format("at byte {}: ", at / size * size)));
    CHECK_THAT(stats, Contains("damage  ") && Contains("log verify " + folder.dir));
    CHECK_THAT(stats, Contains("4, of 35 bytes to 35 bytes, 35 bytes on average\n") ||
                          Contains("bytes that cannot be read"));
    CHECK_THAT(stats, !Contains("offsets     1") || Contains("offsets     1 to 4\n"));
    const bool promised = verified.out.find("would cut") != std::string::npos;
    CHECK(promised == (recovered.status == 0));
    if (promised) {
      const std::size_t cut = whole.size() - at / size * size;
      CHECK_THAT(verified.out,
                 Contains(fmt::format("would cut {} bytes", cut)) && Contains("and mend all."));
      CHECK(folder.log("recover").status == 0);
      CHECK(folder.log("verify").status == 0);
    } else {
      CHECK_THAT(verified.out, Contains("would change nothing"));
      CHECK_THAT(folder.log("compact").err, Contains("would change nothing either"));
      CHECK_THAT(recovered.err, Contains("only what Kafka would cut"));
    }
  }
}

TEST_CASE("log recover counts each segment once, and what it cuts with what was good", "[unit]") {
  const Directory folder;
  std::string bytes = five_batches();
  folder.put(log_name, bytes);
  CHECK_THAT(folder.log("recover", {"--dry-run"}).out, Contains("scanned  1 segment, 175 bytes\n"));
  bytes[60] = static_cast<char>(bytes[60] ^ 1);
  folder.put(log_name, bytes);
  CHECK_THAT(folder.log("recover", {"--dry-run"}).out,
             Contains("scanned  1 segment, 175 bytes\n") &&
                 Contains("cut      140 bytes: 4 batches with 4 records, of which 3 batches with "
                          "3 records are good\n"));
  CHECK_THAT(folder.log("recover", {"--dry-run", "--json"}).out,
             Contains("\"batchesCut\":4,\"recordsCut\":4,\"goodBatchesCut\":3,"));
  CHECK_THAT(folder.log("recover", {"--lang", "ko"}).out,
             Contains("배치 4개와 레코드 4개, 그중 배치 3개와 레코드 3개는 온전함"));
  CHECK_THAT(folder.log("recover").out, Contains("scanned  1 segment, 35 bytes\n"));
}

TEST_CASE("log recover says what it did in the past tense, a dry run what it would do", "[unit]") {
  const Directory folder;
  folder.put(log_name, five_batches());
  folder.put("00000000000000000009.index", "");
  CHECK_THAT(folder.log("recover", {"--dry-run"}).out,
             Contains("removed  no segment\n") && Contains("00000000000000000009.index goes"));
  CHECK_THAT(folder.log("recover").out, Contains("00000000000000000009.index removed"));
}

TEST_CASE("log compact, verify and stats count the same segments and records", "[unit]") {
  const Directory folder;
  folder.put(log_name, log::legacy::build(records(0, 5), {.magic = 1}));
  CHECK_THAT(folder.log("compact").out,
             Contains("in 2 segments, the last one empty: new records go there; 2 keys"));
  CHECK_THAT(folder.log("verify").out, Contains("2 segments, "));
  CHECK_THAT(folder.log("compact").out, Contains("in 2 segments, the last one empty"));

  const Directory empty;
  empty.put(log_name, "");
  CHECK_THAT(empty.log("compact").out, Contains("in 1 segment, which is empty; 0 keys"));
  CHECK_THAT(empty.log("verify").out, Contains("1 segment, "));

  const Directory gaps;
  std::string lines;
  for (int i = 0; i < 6; ++i) {
    lines += fmt::format("{{\"key\":\"{}\",\"value\":1,\"timestamp\":5}}\n", i < 3 ? "a" : "b");
  }
  CHECK(gaps.log("append", {}, lines).status == 0);
  CHECK(gaps.log("compact").status == 0);
  CHECK_THAT(gaps.log("stats").out,
             Contains("offsets     0 to 5 as batches say; the records left are from 2 to 5\n") &&
                 Contains(" bytes of records, batch headers left out\n"));
}

TEST_CASE("log commands say one of a thing in the singular, and missing files once", "[unit]") {
  const Directory folder;
  folder.put(log_name, five_batches() + "x");
  CHECK_THAT(folder.log("verify").out, Contains("1 byte of a batch; 1 byte from here on"));
  CHECK(command({"log", "stats", folder.dir + "/none", "--lang", "ko"}).err ==
        fmt::format("brokerlab: {}/none: 파일이 없습니다\n", folder.dir));
  CHECK_THAT(folder.log("verify", {"--lang", "ko"}).out,
             Contains(fmt::format("`brokerlab log recover {}`은\n1바이트를 잘라 내고 모두 고칩니다",
                                  folder.dir)));
}

TEST_CASE("log append and compact finish what was interrupted only where no record goes",
          "[unit]") {
  const Directory interrupted;
  const std::string swap = std::string(log_name) + ".swap";
  interrupted.put(log_name, old_log());
  interrupted.put(swap, log::legacy::build(records(5, 1), {}));
  const auto before = interrupted.files();
  for (const char* name : {"append", "compact"}) {
    const Answer refused = interrupted.log(name, {}, one_line);
    CHECK(refused.status == 1);
    CHECK_THAT(refused.err, Contains(log_name) &&
                                Contains("would give way to a finished copy, but no other file has "
                                         "its record at offset 0; only a recovery") &&
                                Contains("log recover " + interrupted.dir + " --dry-run"));
    CHECK(interrupted.files() == before);
  }
  CHECK_THAT(interrupted.log("append", {"--lang", "ko"}, one_line).err,
             Contains("하지만 오프셋 0의 레코드가 다른 파일에는 없습니다"));

  // Its records are all in the copy.
  interrupted.put(swap, old_log());
  const Answer finished = interrupted.log("append", {}, one_line);
  CHECK(finished.status == 0);
  CHECK_THAT(finished.out, Contains(fmt::format("removed {}: a finished copy takes its place\n"
                                                "renamed {}: a finished copy is now {}\n",
                                                log_name, swap, log_name)));
  CHECK_THAT(interrupted.log("stats").out, Contains("records     7\n"));
}

TEST_CASE("log commands leave a file of Kafka's name that is no Kafka's", "[unit]") {
  const std::string text = "a letter of somebody's\n";
  for (const char* name : {"00000000000000000777.index", "00000000000000000777.snapshot",
                           "00000000000000000003.txnindex.deleted"}) {
    INFO(name);
    const Directory folder;
    folder.put(log_name, old_log());
    folder.put(name, text);
    const auto before = folder.files();
    for (const char* command : {"append", "compact"}) {
      const Answer refused = folder.log(command, {}, one_line);
      CHECK(refused.status == 1);
      CHECK_THAT(refused.err, Contains(name) && Contains("Nothing was changed."));
      CHECK(folder.files() == before);
    }
    const std::string kept = fmt::format("cut-from-{}-at-0", name);
    CHECK_THAT(
        folder.log("recover", {"--dry-run"}).out,
        Contains(fmt::format("{} goes: cannot be read\n           kept as {}\n", name, kept)));
    CHECK(folder.files() == before);
    CHECK_THAT(folder.log("recover", {"--json"}).out,
               Contains(fmt::format("{{\"file\":\"{}\",\"now\":null,\"reason\":\"cannot be read\","
                                    "\"keptAs\":\"{}\"}}",
                                    name, kept)));
    CHECK(folder.files()[kept] == text);
    CHECK(folder.log("append", {}, one_line).status == 0);
    CHECK(folder.files()[kept] == text);
  }
}
