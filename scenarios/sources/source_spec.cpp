#include "scenarios/sources/source_spec.h"

#include "base/settings.h"
#include "base/translation.h"
#include "scenarios/names.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

using setting::list;
using setting::names;
using setting::record;

constexpr PerSecond no_rate(0);
constexpr PerSecond highest_rate(1e8);
constexpr Bytes largest_record = 1_GiB;
constexpr std::int64_t most_keys = 10'000'000;

SettingType<std::string> file_name() {
  return setting::text(1000, "[^\\n]+", sentence("the path of a file"));
}

SettingType<PerSecond> any_rate() { return setting::per_second(no_rate, highest_rate); }

template <class Text, class Source>
std::vector<Text*> files_in(Source& source) {
  std::vector<Text*> found;
  if (!source.file.empty()) found.push_back(&source.file);
  if (source.rate) {
    if (auto* rates = std::get_if<RateFile>(&source.rate->what)) found.push_back(&rates->file);
  }
  if (source.record_size) {
    if (auto* sizes = std::get_if<SizeFile>(&source.record_size->what)) {
      found.push_back(&sizes->file);
    }
  }
  return found;
}

SettingType<std::int64_t> count_of_keys(std::int64_t least) {
  return setting::integer64(least, most_keys);
}

}  // namespace

const Settings<RateStep>& RateStep::settings() {
  static const auto all =
      Settings<RateStep>("RateStep", "A rate from a moment on.")
          .field("from", &RateStep::from, Duration{0}, longest_run, "Since the start of the run.")
          .required()
          .field("rate", &RateStep::rate, any_rate(), "Records a second.")
          .required();
  return all;
}

const Settings<DailyRate>& DailyRate::settings() {
  using S = DailyRate;
  static const auto all =
      Settings<S>("DailyRate",
                  "A smooth day, again every 24 hours: low + (peak - low) * ((1 + cos a) / "
                  "2)^sharpness, where a is 0 at peak_at and low follows from the mean. Drawn as "
                  "straight lines of a minute, within 0.02 % of the peak.")
          .field("mean", &S::mean, any_rate(), "Over 24 hours.")
          .required()
          .field("peak", &S::peak, any_rate(), "The highest; at least the mean.")
          .required()
          .field("peak_at", &S::peak_at, setting::time_of_day(),
                 "Time of day, as starts_at of the scenario is.")
          .required()
          .field("sharpness", &S::sharpness, setting::real(1, 100),
                 "Higher is a shorter peak; unset is 1, or what leaves the lowest rate a tenth of "
                 "the mean.");
  return all;
}

const Settings<BurstRate>& BurstRate::settings() {
  using S = BurstRate;
  static const auto all =
      Settings<S>("BurstRate",
                  "A steady rate with bursts; they come every so often, or at given "
                  "moments.")
          .field("base", &S::base, any_rate(), "Outside of bursts.")
          .required()
          .field("rate", &S::rate, any_rate(), "While a burst lasts.")
          .required()
          .field("every", &S::every, setting::duration(1ms, longest_run),
                 "From the beginning of one to that of the next; the first comes after this time.")
          .field("at", &S::at, list(setting::duration(Duration{0}, longest_run), 1, 10'000),
                 "Where each begins, since the start of the run; ascending.")
          .only_when([](const S& bursts) { return !bursts.at.empty(); },
                     sentence("bursts have exactly one of every, at"))
          .field("for", &S::lasting, setting::duration(1ms, longest_run), "How long each lasts.")
          .required()
          .check([](S& bursts, FieldReport& report) {
            if (report.given("every") == report.given("at")) {
              report.error(bursts.every ? "at" : "every",
                           tr("bursts have exactly one of every, at"));
            } else if (bursts.every && bursts.lasting >= *bursts.every) {
              report.error("for", tr("must be less than every, {}", to_text(*bursts.every)));
            }
            for (std::size_t i = 1; i < bursts.at.size(); ++i) {
              if (bursts.at[i] - bursts.at[i - 1] >= bursts.lasting) continue;
              report.error("at", tr("{} must not come before the burst at {} is over, {}",
                                    to_text(bursts.at[i]), to_text(bursts.at[i - 1]),
                                    to_text(bursts.at[i - 1] + bursts.lasting)));
              return;
            }
          });
  return all;
}

const Settings<RateSpec>& RateSpec::settings() {
  using S = RateSpec;
  static const auto all =
      Settings<S>("Rate",
                  "How many records a second come into being, over the run. A bare rate is "
                  "constant, a bare list is of steps.")
          .choice(sentence("a rate"))
          .alternative("constant", &S::what, &ConstantRate::rate, any_rate(), "From 0s on.")
          .alternative("steps", &S::what, &RateSteps::steps, list(record<RateStep>(), 1, 10'000),
                       "Steps, ascending; nothing comes before the first.")
          .alternative<DailyRate>("daily", &S::what, "A smooth day.")
          .alternative<BurstRate>("bursts", &S::what, "A steady rate with bursts.")
          .alternative("file", &S::what, &RateFile::file, file_name(),
                       "A CSV file with the header time,rate: a time since the start of the run "
                       "(12.5 or 00:10:00) and a rate (200 or 20k/s) a line, ascending. Straight "
                       "lines in between; two lines of one time are a jump; nothing comes before "
                       "the first, and the last rate stays.")
          .shorthand("constant")
          .list_shorthand("steps")
          .check([](S& rate, FieldReport&) { rate.spelled_out = true; });
  return all;
}

void RateSpec::end_at(Duration end) {
  if (auto* steps = std::get_if<RateSteps>(&what)) {
    std::erase_if(steps->steps, [end](const RateStep& step) { return step.from >= end; });
  }
}

const Settings<RecordSizeSpec>& RecordSizeSpec::settings() {
  using S = RecordSizeSpec;
  static const auto all =
      Settings<S>("RecordSize",
                  "Of the value of a drawn record. A real one is JSON with padding, so it has 47 "
                  "bytes and the source's name at least. A bare size is the same for all.")
          .choice(sentence("a record size"))
          .alternative("fixed", &S::what, &FixedSize::size, setting::bytes(1_B, largest_record),
                       "The same for all.")
          .alternative("median", &S::what, &LogNormalSize::median,
                       setting::bytes(10_B, largest_record),
                       "Of sizes with a log-normal distribution; with sigma.")
          .alternative("file", &S::what, &SizeFile::file, file_name(),
                       "A CSV file with the header size or size,share: a size (1200 or 1.2KB) a "
                       "line, drawn in proportion to its share, 1 if there is none.")
          .field("sigma", &S::sigma, setting::real(0, 4),
                 "Standard deviation of the sizes' logarithm; 1: two of three lie between a third "
                 "and three times the median.")
          .field("max", &S::max, setting::bytes(10_B, largest_record),
                 "Larger ones are cut down to this size; unset is 1GiB.")
          .shorthand("fixed")
          .check([](S& size, FieldReport& report) {
            size.spelled_out = true;
            const auto* drawn = std::get_if<LogNormalSize>(&size.what);
            for (const char* field : {"sigma", "max"}) {
              if (drawn == nullptr && report.given(field)) {
                report.error(field, tr("goes with median only"));
              }
            }
            if (drawn == nullptr) return;
            if (!size.sigma) report.error("sigma", tr("is missing; median needs it"));
            if (size.max && *size.max < drawn->median) {
              report.error("max", tr("must be at least the median, {}", to_text(drawn->median)));
            }
          });
  return all;
}

const Settings<UniformKeys>& UniformKeys::settings() {
  static const auto all =
      Settings<UniformKeys>("UniformKeys", "Each key is as likely as any other.")
          .field("count", &UniformKeys::count, count_of_keys(1), "How many there are.")
          .required();
  return all;
}

const Settings<ZipfKeys>& ZipfKeys::settings() {
  static const auto all =
      Settings<ZipfKeys>("ZipfKeys",
                         "Few keys are common and many are rare: key-k has a weight of "
                         "1 / k^exponent.")
          .field("count", &ZipfKeys::count, count_of_keys(1), "How many there are.")
          .required()
          .field("exponent", &ZipfKeys::exponent, 0.01, 10.0,
                 "1 is the law of words and of many users; higher is less even.");
  return all;
}

const Settings<HotKeys>& HotKeys::settings() {
  static const auto all =
      Settings<HotKeys>("HotKeys", "key-1 is hot; the others have equal parts of what it leaves.")
          .field("share", &HotKeys::share, 0.0, 1.0, "Of all records, with the hot key.")
          .required()
          .field("count", &HotKeys::count, count_of_keys(2), "How many keys, the hot one included.")
          .required();
  return all;
}

const Settings<KeysSpec>& KeysSpec::settings() {
  using S = KeysSpec;
  static const auto all =
      Settings<S>("Keys",
                  "The keys of drawn records: the texts key-1, key-2 and so on. A key goes to the "
                  "partition that Kafka's murmur2 gives it. Of phantoms only the share of each "
                  "partition counts, and the mean length of a key.")
          .choice(sentence("a source's keys"))
          .alternative<UniformKeys>("uniform", &S::what, "All alike.")
          .alternative<ZipfKeys>("zipf", &S::what, "Few common, many rare.")
          .alternative<HotKeys>("hot", &S::what, "One hot.")
          .word("none");
  return all;
}

const Settings<ClosedLoop>& ClosedLoop::settings() {
  using S = ClosedLoop;
  static const auto all =
      Settings<S>("ClosedLoop",
                  "Users who wait: each has one record under way, and sends the next when it has "
                  "thought for a while after that one was acknowledged, or failed. A slow cluster "
                  "gets less load. Their first records are spread over one think_time.")
          .field("users", &S::users, setting::integer64(1, 1'000'000), "How many.")
          .required()
          .field("think_time", &S::think_time, Duration{0}, 24h, "Between a fate and the next.")
          .required();
  return all;
}

const Settings<LoopSpec>& LoopSpec::settings() {
  using S = LoopSpec;
  static const auto all =
      Settings<S>("Loop",
                  "Open: records come at a rate, whatever becomes of them. Closed: who "
                  "sends them waits.")
          .choice(sentence("a loop"))
          .alternative<ClosedLoop>("closed", &S::what, "Users who wait; there is no rate then.")
          .word("open");
  return all;
}

std::vector<std::string*> SourceSpec::files() { return files_in<std::string>(*this); }

std::vector<const std::string*> SourceSpec::files() const {
  return files_in<const std::string>(*this);
}

namespace {

/// What is given that does not go with the rest.
void check_source(SourceSpec& source, FieldReport& report) {
  const bool from_file = report.given("file");
  if (from_file && source.record_size) {
    report.error("record_size", tr("goes with drawn records only: a file's rows have their sizes"));
  }
  if (from_file && source.keys.any()) {
    report.error("keys",
                 tr("goes with drawn records only: the key of a file's rows is a column, which "
                    "the producer names as key"));
  }
  if (!from_file && !source.record_size) {
    report.error("record_size", tr("is missing: a source without a file draws its records; must be "
                                   "{}",
                                   record<RecordSizeSpec>().erased->allowed()));
  }
  const bool closed = source.loop.closed() != nullptr;
  if (!closed && !source.rate) {
    report.error("rate", tr("is missing; must be {}", record<RateSpec>().erased->allowed()));
  }
}

}  // namespace

const Settings<SourceSpec>& SourceSpec::settings() {
  using S = SourceSpec;
  const auto at_a_rate = [](const S& source) { return source.loop.closed() == nullptr; };
  const std::string its_users_wait =
      sentence("does not go with a closed loop: its users send when they are ready");
  static const auto all =
      Settings<S>("Source",
                  "Where records come from: rows of a file, or drawn. Without a file they are "
                  "drawn, and need a record_size.")
          .example("Rows of a table at a rate that changes in steps:", R"({
  "name": "logins",
  "file": "data/wifi_auth.csv",
  "rate": [{"from": "10s", "rate": "20/s"}, {"from": "300s", "rate": "200/s"}]
})")
          .example("Drawn: 5000 records a second of 1.2 KB each, without keys:", R"({
  "name": "clicks",
  "rate": "5000/s",
  "record_size": "1.2 KB"
})")
          .example(
              "A day with its peak in the evening, sizes that differ, and users of whom few do "
              "most:",
              R"({
  "name": "views",
  "rate": {"daily": {"mean": "20k/s", "peak": "50k/s", "peak_at": "20:30:00"}},
  "record_size": {"median": "600B", "sigma": 0.8, "max": "100KB"},
  "keys": {"zipf": {"count": 1000000, "exponent": 1.1}}
})")
          .example("A burst of ten seconds every five minutes, equally spaced, one hot key:", R"({
  "name": "jobs",
  "arrivals": "even",
  "rate": {"bursts": {"base": "100/s", "rate": "5k/s", "every": "5min", "for": "10s"}},
  "record_size": "2KB",
  "keys": {"hot": {"share": 0.4, "count": 5000}}
})")
          .example("Bursts at given moments:", R"({
  "name": "lessons",
  "rate": {"bursts": {"base": "10/s", "rate": "300/s", "at": ["10s", "30s"], "for": "5s"}},
  "record_size": "500B",
  "keys": {"uniform": {"count": 30000}}
})")
          .example(
              "Rates and sizes that were measured, from CSV files (`time,rate`, `size,share`):",
              R"({
  "name": "replay",
  "rate": {"file": "data/rates.csv"},
  "record_size": {"file": "data/sizes.csv"}
})")
          .example(
              "A closed loop: 200 users, each of whom waits for the acknowledgment and thinks "
              "for half a second:",
              R"({
  "name": "cashiers",
  "loop": {"closed": {"users": 200, "think_time": "500ms"}},
  "record_size": "800B"
})")
          .field("name", &S::name, machine_name(), "Its name, for producers.")
          .required()
          .field("file", &S::file, file_name(),
                 "A CSV file of rows, relative to this one; unset is drawn records.")
          .field("payload", &S::payload,
                 names<Payload>({{"auto", Payload::automatic},
                                 {"real", Payload::real},
                                 {"phantom", Payload::phantom}}),
                 "Whether records have bytes, or are only counted (a phantom's cost grows with "
                 "batches, not with records). auto is real when all sources together make at most "
                 "100,000 records, else phantom; of a closed loop a record a user is counted every "
                 "think_time and 5 ms.")
          .field("arrivals", &S::arrivals,
                 names<Arrivals>({{"poisson", Arrivals::poisson}, {"even", Arrivals::even}}),
                 "At random and independent, or equally spaced.")
          .only_when(at_a_rate, its_users_wait)
          .field("rate", &S::rate, record<RateSpec>(), "Unset in a closed loop only.")
          .only_when(at_a_rate, its_users_wait)
          .field("record_size", &S::record_size, record<RecordSizeSpec>(),
                 "Of drawn records, and only of those.")
          .field("keys", &S::keys, record<KeysSpec>(), "Of drawn records.")
          .field("loop", &S::loop, record<LoopSpec>(), "Whether who sends records waits for them.")
          .field("until", &S::until, setting::duration(1us, longest_run),
                 "No records from then on; unset is the end of the run.")
          .named_by("name")
          .check(check_source);
  return all;
}

}  // namespace brokerlab::scenarios
