// Broken descriptions of sources and broken CSV files: each is refused with a message that names
// file, path, value and what is allowed. BROKERLAB_UPDATE_GOLDENS=1 writes expected_sources.txt
// anew.
#include "scenarios/loader.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace brokerlab;
namespace fs = std::filesystem;

namespace {

constexpr const char* around_source = R"json({
  "name": "one", "duration": "100s", "brokers": {"count": 1},
  "topics": [{"name": "t", "replication.factor": 1}],
  "sources": [{"name": "s"SOURCE}], "producers": [PRODUCERS]})json";

constexpr const char* producer = R"json({"name": "p", "source": "s", "topic": "t"KEY,
  "config": {"acks": "1", "enable.idempotence": false}})json";

void put(std::string& text, const std::string& blank, const std::string& what) {
  text.replace(text.find(blank), blank.size(), what);
}

/// All mistakes of a scenario with that source; `key` of its producer.
std::string said_of(const std::string& source, const std::string& folder,
                    const std::string& key = {}) {
  std::string text = around_source;
  put(text, "SOURCE", source.empty() ? "" : ", " + source);
  put(text, "PRODUCERS", producer);
  put(text, "KEY", key);
  const auto loaded = scenarios::parse_scenario(text, "one.json", folder);
  CHECK(loaded.scenario.has_value() == loaded.errors.empty());
  return to_text(loaded.errors);
}

struct Broken {
  const char* title;
  const char* source;
};

const std::string sized = R"("record_size": "1KB", )";
const std::string rated = R"("rate": "5/s", )";

const std::vector<Broken> broken_rates{
    {"no rate", R"("payload": "real")"},
    {"a rate of null", R"("rate": null)"},
    {"a bare number", R"("rate": 5000)"},
    {"a rate without a unit", R"("rate": "5000")"},
    {"a rate by the minute", R"("rate": "5000/min")"},
    {"a rate below zero", R"("rate": "-5/s")"},
    {"a rate beyond sense", R"("rate": "200M/s")"},
    {"a rate without a number", R"("rate": "fast")"},
    {"a rate that is no rate", R"("rate": true)"},
    {"a rate of no kind", R"("rate": {})"},
    {"a rate of two kinds", R"("rate": {"constant": "1/s", "file": "x.csv"})"},
    {"a rate of an unknown kind", R"("rate": {"weekly": {"mean": "1/s"}})"},
    {"a constant rate beyond sense", R"("rate": {"constant": "1000M/s"})"},
    {"no steps", R"("rate": [])"},
    {"steps backwards",
     R"("rate": [{"from": "9s", "rate": "1/s"}, {"from": "5s", "rate": "1/s"}])"},
    {"two steps at once",
     R"("rate": [{"from": "5s", "rate": "1/s"}, {"from": "5s", "rate": "2/s"}])"},
    {"steps backwards, spelled out",
     R"("rate": {"steps": [{"from": "9s", "rate": "1/s"}, {"from": "5s", "rate": "1/s"}]})"},
    {"a step after the end",
     R"("rate": [{"from": "0s", "rate": "1/s"}, {"from": "100s", "rate": "1/s"}])"},
    {"a step of no moment", R"("rate": [{"rate": "1/s"}])"},
    {"a step of no rate", R"("rate": [{"from": "1s"}])"},
    {"a step with a bare number", R"("rate": [{"from": "1s", "rate": 20}])"},
    {"a step before the start", R"("rate": [{"from": "-1s", "rate": "1/s"}])"},
    {"a step that is a text", R"("rate": ["5/s"])"},
    {"a step that knows more", R"("rate": [{"from": "1s", "rate": "1/s", "until": "2s"}])"},
    {"a day without its mean", R"("rate": {"daily": {"peak": "9/s", "peak_at": "12:00:00"}})"},
    {"a day without its peak", R"("rate": {"daily": {"mean": "9/s", "peak_at": "12:00:00"}})"},
    {"a day whose peak comes never", R"("rate": {"daily": {"mean": "5/s", "peak": "9/s"}})"},
    {"a peak below the mean",
     R"("rate": {"daily": {"mean": "5/s", "peak": "4/s", "peak_at": "12:00:00"}})"},
    {"a peak too high for a blunt day",
     R"("rate": {"daily": {"mean": "5/s", "peak": "11/s", "peak_at": "12:00:00", "sharpness": 1}})"},
    {"a peak too high for any day",
     R"("rate": {"daily": {"mean": "5/s", "peak": "500/s", "peak_at": "12:00:00"}})"},
    {"a peak at no time of day",
     R"("rate": {"daily": {"mean": "5/s", "peak": "9/s", "peak_at": "25:00:00"}})"},
    {"a peak at a duration",
     R"("rate": {"daily": {"mean": "5/s", "peak": "9/s", "peak_at": "12h"}})"},
    {"a day too blunt",
     R"("rate": {"daily": {"mean": "5/s", "peak": "9/s", "peak_at": "12:00:00", "sharpness": 0.5}})"},
    {"a day too sharp",
     R"("rate": {"daily": {"mean": "5/s", "peak": "9/s", "peak_at": "12:00:00", "sharpness": 1e3}})"},
    {"a mean without a unit",
     R"("rate": {"daily": {"mean": 5, "peak": "9/s", "peak_at": "12:00:00"}})"},
    {"a day that is a list", R"("rate": {"daily": ["5/s", "9/s"]})"},
    {"a day with a night",
     R"("rate": {"daily": {"mean": "5/s", "peak": "9/s", "peak_at": "12:00:00", "low": "1/s"}})"},
    {"bursts that come never",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "1s"}})"},
    {"bursts that come twice",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "1s", "every": "9s", "at": ["1s"]}})"},
    {"bursts at no moment",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "1s", "at": []}})"},
    {"bursts that do not end",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "every": "9s"}})"},
    {"bursts longer than their distance",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "9s", "every": "9s"}})"},
    {"bursts over each other",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "5s", "at": ["10s", "12s"]}})"},
    {"bursts backwards",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "5s", "at": ["20s", "10s"]}})"},
    {"a burst after the end",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "5s", "at": ["10s", "200s"]}})"},
    {"bursts that begin after the end",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "5s", "every": "200s"}})"},
    {"too many bursts",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "1ms", "every": "2ms"}})"},
    {"bursts without a base",
     R"("rate": {"bursts": {"rate": "9/s", "for": "5s", "every": "20s"}})"},
    {"bursts without a rate",
     R"("rate": {"bursts": {"base": "9/s", "for": "5s", "every": "20s"}})"},
    {"bursts of a bare number",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": 5, "every": "20s"}})"},
    {"bursts at one text",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "5s", "at": "20s"}})"},
    {"a burst before the start",
     R"("rate": {"bursts": {"base": "1/s", "rate": "9/s", "for": "5s", "at": ["-1s"]}})"},
    {"a rate's file that is a number", R"("rate": {"file": 7})"},
    {"a rate's file without a name", R"("rate": {"file": ""})"},
    {"a rate's file that is not there", R"("rate": {"file": "nowhere.csv"})"},
    {"a rate's file that is a folder", R"("rate": {"file": "folder"})"},
    {"a rate's file that is a pipe", R"("rate": {"file": "pipe"})"},
    {"too many real records", R"("payload": "real", "rate": "2M/s")"},
    {"arrivals by an unknown law", R"("rate": "5/s", "arrivals": "uniform")"},
    {"a payload of ghosts", R"("rate": "5/s", "payload": "ghost")"},
    {"until after the end", R"("rate": "5/s", "until": "200s")"},
    {"until before the start", R"("rate": "5/s", "until": "0s")"},
    {"a source that knows more", R"("rate": "5/s", "sized": "1KB")"},
};

const std::vector<Broken> broken_sizes{
    {"no size", R"("payload": "real")"},
    {"a size of null", R"("record_size": null)"},
    {"a bare number of bytes", R"("record_size": 1000)"},
    {"a size without a unit", R"("record_size": "1000")"},
    {"a size of an unknown unit", R"("record_size": "1 kilobyte")"},
    {"a size of nothing", R"("record_size": "0B")"},
    {"a size below zero", R"("record_size": "-5B")"},
    {"a size beyond sense", R"("record_size": "2GiB")"},
    {"sizes in a list", R"("record_size": ["1KB", "2KB"])"},
    {"a size of no kind", R"("record_size": {})"},
    {"a size of two kinds", R"("record_size": {"fixed": "1KB", "median": "1KB", "sigma": 1})"},
    {"a mean, not a median", R"("record_size": {"mean": "1KB", "sigma": 1})"},
    {"a median without sigma", R"("record_size": {"median": "1KB"})"},
    {"sigma without a median", R"("record_size": {"fixed": "1KB", "sigma": 1})"},
    {"max without a median", R"("record_size": {"fixed": "1KB", "max": "2KB"})"},
    {"sigma below zero", R"("record_size": {"median": "1KB", "sigma": -1})"},
    {"sigma beyond sense", R"("record_size": {"median": "1KB", "sigma": 9})"},
    {"sigma with a unit", R"("record_size": {"median": "1KB", "sigma": "1KB"})"},
    {"max below the median", R"("record_size": {"median": "1KB", "sigma": 1, "max": "900B"})"},
    {"a median of nothing", R"("record_size": {"median": "1B", "sigma": 1})"},
    {"no room for JSON", R"("record_size": "20B")"},
    {"no room for JSON, spelled out", R"("record_size": {"fixed": "47B"})"},
    {"no room for JSON at the median", R"("record_size": {"median": "20B", "sigma": 1})"},
    {"a sizes' file that is a number", R"("record_size": {"file": 7})"},
    {"a sizes' file that is not there", R"("record_size": {"file": "nowhere.csv"})"},
    {"a sizes' file that is a folder", R"("record_size": {"file": "folder"})"},
};

const std::vector<Broken> broken_keys{
    {"keys of a text", R"("keys": "uniform")"},
    {"keys of a number", R"("keys": 100)"},
    {"keys of no kind", R"("keys": {})"},
    {"keys of two kinds", R"("keys": {"uniform": {"count": 1}, "zipf": {"count": 1}})"},
    {"keys of an unknown kind", R"("keys": {"zip": {"count": 1}})"},
    {"keys without a count", R"("keys": {"uniform": {}})"},
    {"no keys", R"("keys": {"uniform": {"count": 0}})"},
    {"half a key", R"("keys": {"uniform": {"count": 1.5}})"},
    {"keys beyond sense", R"("keys": {"uniform": {"count": 10000001}})"},
    {"keys that are only counted", R"("keys": {"uniform": 100})"},
    {"Zipf's keys without a count", R"("keys": {"zipf": {"exponent": 1}})"},
    {"Zipf's keys, all alike", R"("keys": {"zipf": {"count": 9, "exponent": 0}})"},
    {"Zipf's keys beyond sense", R"("keys": {"zipf": {"count": 9, "exponent": 11}})"},
    {"an exponent that is a text", R"("keys": {"zipf": {"count": 9, "exponent": "1"}})"},
    {"a key that has more than all", R"("keys": {"hot": {"count": 9, "share": 1.5}})"},
    {"a key that has less than nothing", R"("keys": {"hot": {"count": 9, "share": -0.1}})"},
    {"a share in percent", R"("keys": {"hot": {"count": 9, "share": "40%"}})"},
    {"a hot key without a share", R"("keys": {"hot": {"count": 9}})"},
    {"a hot key and no others", R"("keys": {"hot": {"count": 1, "share": 0.4}})"},
};

const std::vector<Broken> broken_loops{
    {"a loop that is a text", R"("loop": "closed")"},
    {"a loop that is true", R"("loop": true)"},
    {"a loop of no kind", R"("loop": {})"},
    {"a loop without users", R"("loop": {"closed": {"think_time": "1s"}})"},
    {"a loop without a think time", R"("loop": {"closed": {"users": 5}})"},
    {"a loop of nobody", R"("loop": {"closed": {"users": 0, "think_time": "1s"}})"},
    {"a loop of too many", R"("loop": {"closed": {"users": 2000000, "think_time": "1s"}})"},
    {"a think time without a unit", R"("loop": {"closed": {"users": 5, "think_time": 1}})"},
    {"a think time below zero", R"("loop": {"closed": {"users": 5, "think_time": "-1s"}})"},
    {"a think time beyond a day", R"("loop": {"closed": {"users": 5, "think_time": "2d"}})"},
    {"a closed loop with a rate",
     R"("loop": {"closed": {"users": 5, "think_time": "1s"}}, "rate": "5/s")"},
    {"a closed loop with arrivals",
     R"("loop": {"closed": {"users": 5, "think_time": "1s"}}, "arrivals": "even")"},
    {"a closed loop of too many real records",
     R"("payload": "real", "loop": {"closed": {"users": 1000000, "think_time": "0s"}})"},
};

const std::vector<Broken> broken_sources_of_files{
    {"a file without a name", R"("rate": "5/s", "file": "")"},
    {"a file that is a number", R"("rate": "5/s", "file": 7)"},
    {"a file that is not there", R"("rate": "5/s", "file": "nowhere.csv")"},
    {"a file that is a folder", R"("rate": "5/s", "file": "folder")"},
    {"a file's rows with a size", R"("rate": "5/s", "file": "rows.csv", "record_size": "1KB")"},
    {"a file's rows with keys",
     R"("rate": "5/s", "file": "rows.csv", "keys": {"uniform": {"count": 9}})"},
    {"a file's rows without a rate", R"("file": "rows.csv")"},
};

/// A file's whole content; "LINE", "SPARSE", "MANY" and "LARGE" stand for what is made.
struct BrokenFile {
  const char* title;
  std::string content;
};

const std::vector<BrokenFile> broken_rate_files{
    {"nothing", ""},
    {"nothing but ends of lines", "\n\n\n"},
    {"a header and no rows", "time,rate\n"},
    {"rows and no header", "0,20\n10,30\n"},
    {"one column", "time\n0\n10\n"},
    {"other columns", "seconds,records\n0,20\n"},
    {"columns the other way round", "rate,time\n20,0\n"},
    {"a column too many", "time,rate,note\n0,20,x\n"},
    {"semicolons", "time;rate\n0;20\n"},
    {"tabs", "time\trate\n0\t20\n"},
    {"a row that is short", "time,rate\n0,20\n10\n"},
    {"a row that is long", "time,rate\n0,20,5\n"},
    {"a decimal comma", "time,rate\n0,20,5\n"},
    {"a time that is a word", "time,rate\nnoon,20\n"},
    {"no time", "time,rate\n,20\n"},
    {"a time with a unit", "time,rate\n10s,20\n"},
    {"a time below zero", "time,rate\n-1,20\n"},
    {"a time beyond a week", "time,rate\n0,20\n604801,20\n"},
    {"61 minutes", "time,rate\n00:61:00,20\n"},
    {"a time of two parts", "time,rate\n10:30,20\n"},
    {"a time that is no number", "time,rate\nnan,20\n"},
    {"a time for ever", "time,rate\n0,20\ninf,20\n"},
    {"times backwards", "time,rate\n10,20\n5,20\n"},
    {"no rate in a row", "time,rate\n0,\n"},
    {"a rate that is a word", "time,rate\n0,many\n"},
    {"a rate below zero", "time,rate\n0,-20\n"},
    {"a rate of an unknown unit", "time,rate\n0,20/min\n"},
    {"a rate beyond sense", "time,rate\n0,1e9\n"},
    {"a rate that is no number", "time,rate\n0,nan\n"},
    {"a rate for ever", "time,rate\n0,inf\n"},
    {"a quote that stays open", "time,rate\n0,\"20\n"},
    {"UTF-16", std::string("\xFF\xFEt\0i\0m\0e\0", 10)},
    {"CP949", "time,rate\n0,\xB1\xE8\n"},
    {"zeros", "time,rate\n" + std::string(8, '\0') + "\n"},
    {"a line of two megabytes", "LINE"},
    {"a line of 10 GB", "SPARSE"},
    {"a million rows and one", "MANY"},
    {"more than 64 MiB", "LARGE"},
};

const std::vector<BrokenFile> broken_size_files{
    {"nothing", ""},
    {"a header and no rows", "size,share\n"},
    {"rows and no header", "1000,1\n"},
    {"other columns", "bytes,weight\n1000,1\n"},
    {"a column too many", "size,share,note\n1000,1,x\n"},
    {"a row that is short", "size,share\n1000,1\n2000\n"},
    {"a row that is long", "size\n1000,1\n"},
    {"a size that is a word", "size\nlarge\n"},
    {"a size of nothing", "size\n0\n"},
    {"a size below zero", "size\n-1000\n"},
    {"half a byte", "size\n1000.5\n"},
    {"a size of an unknown unit", "size\n1 kilobyte\n"},
    {"a size beyond sense", "size\n2GiB\n"},
    {"a size beyond 64 bits", "size\n99999999999999999999\n"},
    {"no size", "size,share\n,1\n"},
    {"a share of nothing", "size,share\n1000,0\n"},
    {"a share below zero", "size,share\n1000,-1\n"},
    {"a share that is a word", "size,share\n1000,half\n"},
    {"a share in percent", "size,share\n1000,50%\n"},
    {"a share for ever", "size,share\n1000,inf\n"},
    {"no room for JSON", "size\n1000\n30\n"},
    {"a quote that stays open", "size\n\"1000\n"},
    {"a line of 10 GB", "SPARSE"},
};

const std::vector<BrokenFile> broken_row_files{
    {"nothing", ""},
    {"other columns", "id,name\n1,kim\n"},
    {"a line of two megabytes", "LINE"},
    {"a line of 10 GB", "SPARSE"},
    {"more than 64 MiB", "LARGE"},
};

void write(const std::string& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  if (content == "LINE") {
    file << "time,rate\n" << std::string(2u << 20, 'x');
  } else if (content == "SPARSE") {
    file.close();
    fs::resize_file(path, 10'000'000'000);
  } else if (content == "MANY") {
    file << "time,rate\n";
    for (int i = 0; i <= 1'000'000; ++i) file << "1,1\n";
  } else if (content == "LARGE") {
    const std::string line = std::string(999, '1') + "\n";
    for (int i = 0; i < 68'000; ++i) file << line;
  } else {
    file << content;
  }
}

/// Collects answers; each case must have one, of this source or its producer.
class Answers {
 public:
  void add(const std::string& title, const std::string& answer) {
    INFO(title << ": " << answer);
    CHECK(answer.starts_with("one.json: /"));
    CHECK(answer.size() < 1500);
    text_ += (text_.empty() ? "" : "\n") + title + "\n" + answer;
    ++count_;
  }
  int count() const { return count_; }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
  int count_ = 0;
};

}  // namespace

TEST_CASE("broken sources: each is refused with its mistake named", "[golden]") {
  const std::string folder = tests::temporary_path("broken_sources");
  fs::create_directories(folder + "/folder");
  REQUIRE(mkfifo((folder + "/pipe").c_str(), 0600) == 0);
  write(folder + "/rows.csv",
        "id,username,pass,reply,authdate,server\n7,kim,b,c,2019-05-03 08:55:01,d\n");
  Answers answers;
  const auto add_all = [&](const std::string& what, const std::vector<Broken>& cases,
                           const std::string& before) {
    for (const Broken& one : cases) {
      answers.add(what + ": " + one.title, said_of(before + one.source, folder));
    }
  };
  add_all("rate", broken_rates, sized);
  add_all("size", broken_sizes, rated);
  add_all("keys", broken_keys, rated + sized);
  add_all("loop", broken_loops, sized);
  add_all("file", broken_sources_of_files, "");
  answers.add("source: nothing at all", said_of("", folder));
  answers.add("source: a drawn record's column as its key",
              said_of(rated + R"("record_size": "1KB")", folder, R"(, "key": "username")"));
  const auto add_files = [&](const std::string& what, const std::vector<BrokenFile>& cases,
                             const std::string& source) {
    for (const BrokenFile& one : cases) {
      write(folder + "/data.csv", one.content);
      answers.add(what + ": " + one.title, said_of(source, folder));
    }
  };
  add_files("rates in a file", broken_rate_files, sized + R"("rate": {"file": "data.csv"})");
  add_files("sizes in a file", broken_size_files, rated + R"("record_size": {"file": "data.csv"})");
  add_files("rows in a file", broken_row_files, rated + R"("file": "data.csv")");
  fs::remove_all(folder);
  CHECK(answers.count() >= 100);

  const std::string golden =
      std::string(BROKERLAB_SOURCE_DIR) + "/tests/scenarios/broken/expected_sources.txt";
  if (std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr) std::ofstream(golden) << answers.text();
  std::ifstream file(golden);
  const std::string expected{std::istreambuf_iterator<char>(file), {}};
  CHECK(answers.text() == expected);
}
