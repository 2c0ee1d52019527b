// What a source is: where records come from, when, how large they are and which keys they have.
//
// Lifetime: values, part of a Scenario. Threads: none. Errors: what holds only between values and
// what stands in CSV files is looked at by check_sources() (scenarios/sources/source_check.h).
#pragma once

#include "base/settings_fwd.h"
#include "base/units.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace brokerlab::scenarios {

/// From `from` on, records come into being at `rate`, until the next step.
struct RateStep {
  Duration from{0};
  PerSecond rate;
  static const Settings<RateStep>& settings();
};

struct RateSteps {
  std::vector<RateStep> steps;  ///< Ascending; nothing comes before the first.
};
struct ConstantRate {
  PerSecond rate;
};
/// A smooth curve with a period of 24 hours (scenarios/sources/source_rate.h has its formula).
struct DailyRate {
  PerSecond mean;
  PerSecond peak;
  Duration peak_at{0};              ///< Time of day; the scenario's starts_at is that of 0s.
  std::optional<double> sharpness;  ///< Unset: as low as leaves the night a tenth of the mean.
  static const Settings<DailyRate>& settings();
};
/// `base`, and `rate` instead while a burst lasts.
struct BurstRate {
  PerSecond base;
  PerSecond rate;
  std::optional<Duration> every;  ///< The first burst comes after this time, ...
  std::vector<Duration> at;       ///< ... or they come at these; ascending.
  Duration lasting{0};            ///< JSON: "for".
  static const Settings<BurstRate>& settings();
};
/// A CSV file with the header time,rate: straight lines in between.
struct RateFile {
  std::string file;
};

struct RateSpec {
  std::variant<RateSteps, ConstantRate, DailyRate, BurstRate, RateFile> what;
  bool spelled_out = false;  ///< As an object, not in a short form. For messages.
  /// Leaves out the steps that would begin at `end` or later.
  void end_at(Duration end);
  static const Settings<RateSpec>& settings();
};

struct FixedSize {
  Bytes size;
};
struct LogNormalSize {
  Bytes median;
};
/// A CSV file with the header size or size,share.
struct SizeFile {
  std::string file;
};
/// Of the value of a drawn record, in bytes.
struct RecordSizeSpec {
  std::variant<FixedSize, LogNormalSize, SizeFile> what;
  std::optional<double> sigma;  ///< Given when it is log-normal, and only then.
  std::optional<Bytes> max;
  bool spelled_out = false;  ///< As an object, not in a short form. For messages.
  static const Settings<RecordSizeSpec>& settings();
};

/// Keys are the texts key-1, key-2 and so on.
struct UniformKeys {
  std::int64_t count = 1;
  static const Settings<UniformKeys>& settings();
};
/// The k-th key comes with a weight of 1/k^exponent.
struct ZipfKeys {
  std::int64_t count = 1;
  double exponent = 1;
  static const Settings<ZipfKeys>& settings();
};
/// key-1 has `share` of all records, the other keys have equal parts of the rest.
struct HotKeys {
  std::int64_t count = 2;
  double share = 0.5;
  static const Settings<HotKeys>& settings();
};
struct KeysSpec {
  std::variant<std::monostate, UniformKeys, ZipfKeys, HotKeys> what;  ///< monostate: no keys.
  bool any() const { return what.index() != 0; }
  static const Settings<KeysSpec>& settings();
};

/// Each of `users` has one record under way; `think_time` after its fate the user sends the next.
struct ClosedLoop {
  std::int64_t users = 1;
  Duration think_time{0};
  static const Settings<ClosedLoop>& settings();
};
struct LoopSpec {
  std::variant<std::monostate, ClosedLoop> what;  ///< monostate: open, records come at a rate.
  const ClosedLoop* closed() const { return std::get_if<ClosedLoop>(&what); }
  static const Settings<LoopSpec>& settings();
};

/// poisson: independent of each other, from a seeded stream; even: equally spaced.
enum class Arrivals { poisson, even };

/// real: records have bytes; phantom: a number of records and of bytes.
enum class Payload { automatic, real, phantom };

/// Where records come from: rows of a file, or drawn.
struct SourceSpec {
  std::string name;
  std::string file;  ///< As written, relative to the scenario file. Empty: records are drawn.
  Payload payload = Payload::automatic;
  Arrivals arrivals = Arrivals::poisson;
  std::optional<RateSpec> rate;  ///< Unset in a closed loop, and only there.
  std::optional<RecordSizeSpec> record_size;
  KeysSpec keys;
  LoopSpec loop;
  std::optional<Duration> until;  ///< Unset: to the end of the run.

  /// `payload`, with `automatic` decided by loading. Not part of the JSON.
  bool phantom = false;

  bool drawn() const { return file.empty(); }
  /// The names of all its files, as written, to be read or changed.
  std::vector<const std::string*> files() const;
  std::vector<std::string*> files();

  static const Settings<SourceSpec>& settings();
};

/// Real records of the whole scenario, at most, when sources may choose.
inline constexpr double most_chosen_real = 100'000;

}  // namespace brokerlab::scenarios
