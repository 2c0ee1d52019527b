// brokerlab log ...: a partition's directory on the real file system, from the command line.
#include "log/directory/log_directory.h"
#include "log/env/posix_env.h"
#include "tests/cli/command.h"
#include "tests/log/partition_story.h"

#include <catch2/catch.hpp>

#include <fstream>

using namespace brokerlab;
using Catch::Contains;
using test::Answer;
using test::command;

namespace {

/// A log directory of the real file system with one partition, orders-0.
class LogStory {
 public:
  explicit LogStory(const std::string& lines = three_lines) : dir(folder_.path() + "/orders-0") {
    const Answer answer = log("append", {}, lines);
    REQUIRE(answer.status == 0);
  }

  Answer log(const std::string& name, std::vector<std::string> more = {},
             const std::string& input = "") {
    more.insert(more.begin(), {"log", name, dir});
    return command(more, input);
  }

  std::string file(const std::string& suffix) const {
    return dir + "/00000000000000000000" + suffix;
  }
  std::string contents(const std::string& path) const {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& path, const std::string& bytes) const {
    std::ofstream(path, std::ios::binary) << bytes;
  }
  void flip(const std::string& path, std::size_t position) const {
    std::string bytes = contents(path);
    bytes.at(position) = static_cast<char>(bytes[position] ^ 1);
    write(path, bytes);
  }
  std::string root() const { return folder_.path(); }

  static constexpr const char* three_lines =
      "{\"key\":\"alice\",\"value\":{\"paid\":12},\"headers\":{\"trace\":\"7\",\"n\":null},"
      "\"timestamp\":1764000000000}\n"
      "\n"
      "{\"value\":\"\\u00e9\\n\",\"timestamp\":1764000000500}\n"
      "{\"key\":\"bob\",\"value\":null,\"timestamp\":1764000001000}\n";

 private:
  log::test::TemporaryFolder folder_;

 public:
  const std::string dir;
};

std::string numbered_lines(int from, int to) {
  std::string lines;
  for (int i = from; i < to; ++i) {
    lines += fmt::format("{{\"value\":{},\"timestamp\":{}}}\n", i, 1764000000000 + i);
  }
  return lines;
}

}  // namespace

TEST_CASE("log append makes the partition, and read gives the records back", "[unit]") {
  LogStory story;
  CHECK(story.log("read").out ==
        "     0  2025-11-24T16:00:00.000Z  alice: {\"paid\":12}  [trace=7, n=(null)]\n"
        "     1  2025-11-24T16:00:00.500Z  \xc3\xa9\\x0a\n"
        "     2  2025-11-24T16:00:01.000Z  bob: (null)\n");
  CHECK(story.log("read", {"--json", "--from", "2"}).out ==
        "{\"offset\":2,\"timestamp\":1764000001000,\"key\":\"bob\",\"value\":null,"
        "\"headers\":[]}\n");
  CHECK(story.log("append", {}, "{\"value\":1,\"timestamp\":5}\n{\"value\":[2],\"timestamp\":6}")
            .out == "appended 2 records at offsets 3 to 4, in 1 batch of 79 bytes\n");
  CHECK_THAT(story.log("append", {"--json", "--batch-records", "1"}, numbered_lines(0, 2)).out,
             Contains("{\"type\":\"appended\",\"firstOffset\":5,\"lastOffset\":5,\"records\":1,") &&
                 Contains("\"firstOffset\":6,"));
  CHECK(story.log("append").out == "appended nothing; the log ends at offset 7\n");
}

TEST_CASE("log read begins at an offset or a moment and stops at a number", "[unit]") {
  LogStory story(numbered_lines(0, 500));
  REQUIRE(story
              .log("append", {"--batch-records", "50", "--segment-bytes", "2000"},
                   numbered_lines(500, 1000))
              .status == 0);
  const auto first_value = [&](const std::vector<std::string>& arguments) {
    const std::string line = story.log("read", arguments).out;
    return line.substr(line.rfind(' ') + 1);
  };
  CHECK(first_value({"--from", "777", "--max", "1"}) == "777\n");
  CHECK(first_value({"--at", "1764000000640", "--max", "1"}) == "640\n");
  CHECK(first_value({"--from", "999"}) == "999\n");
  CHECK(story.log("read", {"--from", "1000"}).status == 0);
  const Answer behind = story.log("read", {"--from", "1001"});
  CHECK(behind.status == 3);
  CHECK_THAT(behind.err, Contains("--from: 1001: the log ends at offset 1000"));
  CHECK(story.log("read", {"--from", "1", "--at", "2"}).status == 3);
}

TEST_CASE("log append refuses a malformed line with all that is wrong in it", "[unit]") {
  LogStory story;
  const Answer broken = story.log("append", {"--batch-records", "2"},
                                  numbered_lines(0, 3) + "{\"value\":\n" + numbered_lines(4, 5));
  CHECK(broken.status == 3);
  CHECK(broken.err ==
        "standard input: line 4: is no JSON from byte 10 on\n"
        "nothing of its batch was written, which began in line 3\n");
  CHECK(broken.out == "appended 2 records at offsets 3 to 4, in 1 batch of 77 bytes\n");
  const Answer wrong =
      story.log("append", {}, "{\"vlaue\":1,\"timestamp\":-5,\"headers\":[[1,2]]}\n");
  CHECK(wrong.status == 3);
  CHECK_THAT(wrong.err, Contains("line 1: \"vlaue\": is no field; did you mean \"value\"?") &&
                            Contains("line 1: has no \"value\"") &&
                            Contains("timestamp -5: must be milliseconds") &&
                            Contains("headers [[1,2]]: must be an object"));
  CHECK(story.log("append", {}, "7\n").status == 3);
  CHECK(story.log("append", {"--codec", "zip"}, "").status == 3);
  CHECK(story.log("append", {"--segment-bytes", "1"}, "").status == 3);
  const Answer large = story.log("append", {"--segment-bytes", "200"}, numbered_lines(0, 50));
  CHECK(large.status == 3);
  CHECK_THAT(large.err, Contains("use a smaller --batch-records"));
  CHECK_THAT(story.log("read").out, Contains("     4  "));
}

TEST_CASE("log dump prints what kafka-dump-log prints", "[unit]") {
  LogStory story;
  const std::string crc = [&] {
    const std::string dumped = story.log("dump", {"--json"}).out;
    const auto at = dumped.find("\"crc\":") + 6;
    return dumped.substr(at, dumped.find(',', at) - at);
  }();
  CHECK(story.log("dump", {"--records"}).out ==
        "Dumping " + story.file(".log") +
            "\nLog starting offset: 0\n"
            "baseOffset: 0 lastOffset: 2 count: 3 baseSequence: -1 lastSequence: -1 "
            "producerId: -1 producerEpoch: -1 partitionLeaderEpoch: 0 isTransactional: false "
            "isControl: false deleteHorizonMs: OptionalLong.empty position: 0 "
            "CreateTime: 1764000001000 size: 117 magic: 2 compresscodec: none crc: " +
            crc +
            " isvalid: true\n"
            "| offset: 0 CreateTime: 1764000000000 keySize: 5 valueSize: 11 sequence: -1 "
            "headerKeys: [trace,n] key: alice payload: {\"paid\":12}\n"
            "| offset: 1 CreateTime: 1764000000500 keySize: -1 valueSize: 3 sequence: -1 "
            "headerKeys: [] payload: \xc3\xa9\\x0a\n"
            "| offset: 2 CreateTime: 1764000001000 keySize: 3 valueSize: -1 sequence: -1 "
            "headerKeys: [] key: bob\n"
            "Dumping " +
            story.file(".index") + "\n" + story.file(".index") + " is empty.\nDumping " +
            story.file(".timeindex") + "\ntimestamp: 1764000001000 offset: 2\nDumping " +
            story.dir + "/00000000000000000003.snapshot\n" + story.dir +
            "/00000000000000000003.snapshot has no producers.\nDumping " + story.dir +
            "/leader-epoch-checkpoint\nepoch: 0 startOffset: 0\n");
  CHECK(story.log("dump", {"--segment", "1"}).status == 3);
  story.flip(story.file(".log"), 100);
  CHECK_THAT(story.log("dump").out, Contains("isvalid: false"));
  story.write(story.file(".log"), story.contents(story.file(".log")) + "torn");
  CHECK_THAT(story.log("dump").out,
             Contains("Found 4 invalid bytes at the end of 00000000000000000000.log\n"));
}

TEST_CASE("log verify finds damage and changes nothing, recover mends it", "[unit]") {
  LogStory story(numbered_lines(0, 100));
  for (int i = 1; i < 4; ++i) {
    REQUIRE(story.log("append", {"--batch-records", "10"}, numbered_lines(i * 100, i * 100 + 100))
                .status == 0);
  }
  const Answer whole = story.log("verify");
  CHECK(whole.status == 0);
  CHECK_THAT(whole.out, Contains(": no damage; 1 segment, 31 batches, 400 records, "));

  const std::string path = story.file(".log");
  const std::string good = story.contents(path);
  story.write(path, good + "half a batch");
  const std::string index = story.contents(story.file(".index"));
  const Answer torn = story.log("verify");
  CHECK(torn.status == 1);
  CHECK_THAT(torn.out,
             Contains(fmt::format("{} at byte {}: 12 bytes of a batch", path, good.size())) &&
                 Contains("12 bytes from here on cannot be read") &&
                 Contains("1 place damaged; 1 segment, 31 batches"));
  CHECK_THAT(story.log("verify", {"--json"}).out,
             Contains(fmt::format("\"position\":{},", good.size())) &&
                 Contains("{\"type\":\"summary\",\"damage\":1,"));
  CHECK(story.contents(path) == good + "half a batch");
  CHECK(story.contents(story.file(".index")) == index);

  const Answer mended = story.log("recover");
  CHECK(mended.status == 0);
  CHECK_THAT(mended.out, Contains("cut      12 bytes\n") && Contains("removed  no segment\n") &&
                             Contains("log      offsets 0 to 400 (exclusive)"));
  CHECK(story.contents(path) == good);
  CHECK(story.log("verify").status == 0);
  CHECK_THAT(story.log("recover", {"--json"}).out,
             Contains("\"bytesCut\":0,") && Contains("\"logEndOffset\":400"));
}

TEST_CASE("log stats counts", "[unit]") {
  LogStory story;
  REQUIRE(story.log("append", {"--codec", "gzip"}, numbered_lines(0, 200)).status == 0);
  const Answer stats = story.log("stats");
  CHECK(stats.status == 0);
  CHECK_THAT(stats.out, Contains("segments    1, ") && Contains("records     203\n") &&
                            Contains("offsets     0 to 202\n") && Contains("gzip: 1 batch, ") &&
                            Contains("ratio ") && Contains("none with an id"));
  CHECK_THAT(story.log("stats", {"--json"}).out,
             Contains("\"records\":203,") && Contains("{\"codec\":\"gzip\",\"batches\":1,"));
}

TEST_CASE("log commands say what is missing, in use or no partition", "[unit]") {
  const log::test::TemporaryFolder folder;
  for (const char* name : {"dump", "verify", "stats", "read", "recover"}) {
    INFO(name);
    const Answer missing = command({"log", name, folder.path() + "/nowhere-0"});
    CHECK(missing.status == 3);
    CHECK_THAT(missing.err, Contains("/nowhere-0: not found"));
    const Answer none = command({"log", name, folder.path()});
    CHECK(none.status == 3);
    CHECK_THAT(none.err, Contains("is not a partition's directory"));
  }
  CHECK(command({"log"}).status == 3);
  const Answer mistyped = command({"log", "dmup", "x"});
  CHECK(mistyped.status == 3);
  CHECK_THAT(mistyped.err, Contains("did you mean \"log dump\"? Commands are dump, verify, "));
  CHECK(command({"log", "--help"}).status == 0);

  LogStory story;
  log::PosixEnv env;
  auto held = env.lock(story.dir + "/.lock");
  REQUIRE(held.ok());
  CHECK_THAT(story.log("append", {}, "{\"value\":1}").err, Contains("is in use by another"));
  CHECK(story.log("recover").status == 4);
  CHECK(story.log("read").status == 0);
}

TEST_CASE("log append and recover respect the log directory around the partition", "[unit]") {
  LogStory story;
  log::PosixEnv env;
  const log::TopicPartition orders{"orders", 0};
  {
    auto broker = log::LogDirectory::open(env, story.root(), {});
    REQUIRE(broker.ok());
    REQUIRE((*broker)->load_all().ok());
    CHECK(story.log("append", {}, "{\"value\":1}").status == 4);
    REQUIRE((*broker)->find(orders)->log_end_offset() == 3);
    REQUIRE((*broker)->close_cleanly(9).ok());
  }
  const std::string mark = story.root() + "/.kafka_cleanshutdown";
  CHECK(story.log("append", {}, numbered_lines(0, 1)).status == 0);
  CHECK(story.contents(mark) == R"({"version":0,"brokerEpoch":9})");
  const auto here = std::filesystem::current_path();
  std::filesystem::current_path(story.dir);
  CHECK(command({"log", "append", "."}, numbered_lines(0, 1)).status == 0);
  CHECK(command({"log", "verify", "./"}).status == 0);
  CHECK(std::filesystem::exists(mark));
  std::filesystem::current_path(here);
  // Cut below what the checkpoint calls safe: the checkpoint must not go on saying so.
  std::string bytes = story.contents(story.file(".log"));
  story.write(story.file(".log"), bytes.substr(0, 100));
  CHECK_THAT(story.log("verify").out,
             Contains("says that everything below offset 3 is on the disk"));
  CHECK(story.log("recover").status == 0);
  CHECK(story.contents(story.root() + "/recovery-point-offset-checkpoint") == "0\n1\norders 0 0\n");
  auto broker = log::LogDirectory::open(env, story.root(), {});
  REQUIRE(broker.ok());
  REQUIRE((*broker)->load_all().ok());
  CHECK((*broker)->was_clean());
  CHECK((*broker)->find(orders)->log_end_offset() == 0);
}

TEST_CASE("log dump prints transaction indexes and producer snapshots as kafka-dump-log",
          "[unit]") {
  const std::string dir = BROKERLAB_SOURCE_DIR "/tests/log/kafka_files/transactions";
  const auto dump = [&](const std::string& name, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"log", "dump", dir + "/" + name});
    const Answer answer = command(more);
    CHECK(answer.status == 0);
    CHECK(answer.err == "");
    return answer.out;
  };
  const std::string index = "00000000000000000010.txnindex";
  CHECK(dump(index) == "Dumping " + dir + "/" + index +
                           "\nversion: 0 producerId: 24 firstOffset: 5 lastOffset: 12 "
                           "lastStableOffset: 13\n");
  CHECK(dump(index, {"--json"}) ==
        "{\"file\":\"" + index +
            "\",\"type\":\"abortedTransaction\",\"version\":0,\"producerId\":24,\"firstOffset\":5,"
            "\"lastOffset\":12,\"lastStableOffset\":13}\n");
  const std::string snapshot = "00000000000000000018.snapshot";
  CHECK(dump(snapshot) ==
        "Dumping " + dir + "/" + snapshot +
            "\n"
            "producerId: 23 producerEpoch: 0 coordinatorEpoch: 0 currentTxnFirstOffset: "
            "OptionalLong[13] lastTimestamp: 1700000007700 firstSequence: 8 lastSequence: 9 "
            "lastOffset: 17 offsetDelta: 1 timestamp: 1700000007700\n"
            "producerId: 24 producerEpoch: 0 coordinatorEpoch: 0 currentTxnFirstOffset: "
            "OptionalLong.empty lastTimestamp: 1795548438751 firstSequence: 5 lastSequence: 5 "
            "lastOffset: 11 offsetDelta: 0 timestamp: 1795548438751\n");
  CHECK_THAT(dump(snapshot, {"--json"}), Contains("\"type\":\"producer\",\"producerId\":23,") &&
                                             Contains("\"currentTxnFirstOffset\":13,") &&
                                             Contains("\"currentTxnFirstOffset\":null,"));
  CHECK_THAT(dump("", {"--segment", "10"}),
             Contains("10.log\n") && Contains("10.txnindex\n") && Contains("10.snapshot\n") &&
                 !Contains("18.snapshot") && !Contains("leader-epoch"));
  CHECK_THAT(dump("leader-epoch-checkpoint"), Contains("\nepoch: 0 startOffset: 0\n"));
  const Answer unknown = command({"log", "dump", dir + "/manifest.json"});
  CHECK(unknown.status == 3);
  CHECK_THAT(unknown.err, Contains("is none of the files that dump knows"));
}

TEST_CASE("damaged files of producers are told, alone and in their directory", "[unit]") {
  LogStory story;
  const std::string snapshot = story.dir + "/00000000000000000003.snapshot";
  story.flip(snapshot, 3);
  story.write(story.file(".txnindex"), "torn");
  CHECK_THAT(
      story.log("verify").out,
      Contains(story.file(".txnindex") + " at byte 0: 4 bytes behind the last whole entry") &&
          Contains(snapshot + " at byte 2: checksum ") &&
          Contains("2 places damaged; 1 segment, 1 batch, 3 records, 117 bytes, 1 index "
                   "entry, 1 producer snapshot"));
  CHECK(command({"log", "dump", snapshot}).out == "Dumping " + snapshot + "\n");
  CHECK_THAT(command({"log", "dump", snapshot}).err, Contains(snapshot + " at 2: checksum "));
  CHECK_THAT(command({"log", "dump", snapshot, "--json"}).out,
             Contains("{\"file\":\"00000000000000000003.snapshot\",\"type\":\"invalidBytes\","));
  CHECK_THAT(command({"log", "dump", story.file(".txnindex")}).err,
             Contains("4 bytes behind the last entry"));
}

TEST_CASE("log commands take a partition's directory, and say so when given a file", "[unit]") {
  const LogStory story;
  for (const char* name : {"verify", "stats", "read", "recover", "compact"}) {
    INFO(name);
    const Answer answer = command({"log", name, story.file(".log")});
    CHECK(answer.status == 3);
    CHECK_THAT(answer.err,
               Contains("is a file; give the partition's directory that it is in, " + story.dir));
  }
  CHECK(command({"log", "dump", story.file(".log")}).status == 0);
}

TEST_CASE("log read begins where the log directory says that the log starts", "[unit]") {
  LogStory story(numbered_lines(0, 10));
  story.write(story.root() + "/log-start-offset-checkpoint", "0\n1\norders 0 4\n");
  const Answer all = story.log("read", {"--max", "2"});
  CHECK(all.out ==
        "     4  2025-11-24T16:00:00.004Z  4\n"
        "     5  2025-11-24T16:00:00.005Z  5\n");
  CHECK(all.err == "");
  CHECK_THAT(story.log("read", {"--at", "1764000000001", "--max", "1"}).out, Contains("     4  "));
  const Answer gone = story.log("read", {"--from", "1", "--max", "1"});
  CHECK(gone.status == 0);
  CHECK_THAT(gone.out, Contains("     4  "));
  CHECK(gone.err == "the log starts at offset 4: what was below it has been deleted\n");
  story.write(story.root() + "/log-start-offset-checkpoint", "0\n1\norders\n");
  CHECK_THAT(story.log("read").err, Contains("read from the first segment on"));
  CHECK_THAT(story.log("read").out, Contains("     0  "));
}

TEST_CASE("log read takes a moment in ISO 8601 with its zone", "[unit]") {
  LogStory story(numbered_lines(0, 3));  // 2025-11-24T16:00:00.000Z and the two next milliseconds
  const auto first_from = [&](const std::string& moment) {
    return story.log("read", {"--at", moment, "--max", "1", "--json"}).out.substr(0, 11);
  };
  CHECK(first_from("2025-11-24T16:00:00.001Z") == "{\"offset\":1");
  CHECK(first_from("2025-11-25T01:00:00.002+09:00") == "{\"offset\":2");
  CHECK(first_from("2025-11-24T16:00:00.0010001Z") == "{\"offset\":2");
  CHECK(first_from("2025-11-24T11:00-0500") == "{\"offset\":0");
  CHECK(first_from("2025-11-24 16:00:01Z") == "");
  for (const char* wrong : {"2025-11-24", "2025-13-24T16:00:00Z", "2025-02-29T16:00:00Z",
                            "2025-11-24T25:00:00Z", "2025-11-24T16:00:00Zulu", "-5", "noon", ""}) {
    INFO(wrong);
    CHECK(story.log("read", {"--at", wrong}).status == 3);
  }
  CHECK_THAT(story.log("read", {"--at", "2025-11-24T16:00:00"}).err,
             Contains("says no zone; 2025-11-24T16:00:00Z is universal time, "
                      "2025-11-24T16:00:00+09:00 Korea's"));
}

TEST_CASE("log append makes no partition before it has a batch to write", "[unit]") {
  const log::test::TemporaryFolder folder;
  const std::string dir = folder.path() + "/orders-0";
  const Answer empty = command({"log", "append", dir}, " \n");
  CHECK(empty.status == 0);
  CHECK(empty.out == "appended nothing; " + dir + " was not made\n");
  CHECK(command({"log", "append", dir}, "{\"value\":\n").status == 3);
  CHECK(command({"log", "append", dir, "--segment-bytes", "200"}, numbered_lines(0, 50)).status ==
        3);
  CHECK_FALSE(std::filesystem::exists(dir));

  const Answer unnamed = command({"log", "append", folder.path() + "/orders"}, "{\"value\":1}");
  CHECK(unnamed.status == 3);
  CHECK_THAT(unnamed.err,
             Contains("is no name of a partition: it is called <topic>-<partition number>, such "
                      "as orders-0"));
  CHECK(command({"log", "append", folder.path() + "/or ders-0"}, "{\"value\":1}").status == 3);
  CHECK(std::filesystem::is_empty(folder.path()));
  // One that is there keeps whatever name it has.
  REQUIRE(command({"log", "append", dir}, "{\"value\":1}").status == 0);
  std::filesystem::rename(dir, folder.path() + "/backup");
  CHECK(command({"log", "append", folder.path() + "/backup"}, "{\"value\":2}").status == 0);
}

TEST_CASE("log commands speak Korean, too", "[unit]") {
  LogStory story;
  CHECK_THAT(story.log("append", {"--lang", "ko"}, "{\"value\":1,\"timestamp\":5}").out,
             Contains("레코드 1개를 오프셋 3~3에 추가했습니다(배치 1개, 69바이트)"));
  CHECK_THAT(story.log("verify", {"--lang", "ko"}).out,
             Contains("손상 없음; 세그먼트 1개, 배치 2개, 레코드 4개, "));
  CHECK_THAT(story.log("append", {"--lang", "ko"}, "{\"vlaue\":1}").err,
             Contains("표준 입력: 1번째 줄: \"vlaue\": 없는 필드입니다. \"value\"를 쓰려고 "
                      "했나요?"));
  CHECK_THAT(story.log("stats", {"--lang", "ko"}).out,
             Contains("세그먼트    1개, ") && Contains("레코드      4개\n") &&
                 Contains("프로듀서    아이디가 있는 프로듀서 없음\n"));
  CHECK_THAT(story.log("recover", {"--lang", "ko"}).out,
             Contains("로그  오프셋 0 이상 4 미만, ") && Contains("절단  없음\n"));
}

TEST_CASE("compact keeps the latest record of every key", "[unit]") {
  std::string lines;
  for (int i = 0; i < 20; ++i)
    lines += fmt::format("{{\"key\": \"k{}\", \"value\": {}}}\n", i % 3, i);
  LogStory story(lines);
  const Answer answer = story.log("compact");
  REQUIRE(answer.status == 0);
  CHECK_THAT(answer.out, Contains("read     20 records"));
  CHECK_THAT(answer.out, Contains("3 keys"));
  const Answer read = story.log("read", {"--json"});
  CHECK_THAT(read.out, Contains("\"offset\":19"));
  CHECK_THAT(read.out, !Contains("\"offset\":16,"));
  CHECK(story.log("verify").status == 0);
  // What follows goes on behind.
  CHECK_THAT(story.log("append", {}, "{\"key\": \"k0\", \"value\": 1}\n").out, Contains("20"));
}
