#include "scenarios/sources/source_check.h"

#include "base/settings.h"
#include "base/translation.h"
#include "scenarios/sources/record_sizes.h"
#include "scenarios/sources/record_source.h"
#include "scenarios/sources/source_feed.h"
#include "scenarios/sources/source_rate.h"
#include "scenarios/validate.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

constexpr double most_real = 1e8;
constexpr double most_phantom = 1e12;

class SourceCheck {
 public:
  SourceCheck(Scenario& scenario, SettingsReport& report) : s_(scenario), report_(report) {}

  void run() {
    for (std::size_t i = 0; i < s_.sources.size(); ++i) {
      path_ = fmt::format("/sources/{}", i);
      const SourceSpec& source = s_.sources[i];
      expected_.push_back(source.loop.closed() != nullptr ? of_closed(source) : of_rate(source));
      check_until(source);
      check_rows(source);
      check_sizes(source);
    }
    decide();
    for (std::size_t i = 0; i < s_.sources.size(); ++i) {
      path_ = fmt::format("/sources/{}", i);
      check_count(s_.sources[i], expected_[i]);
      check_least_size(s_.sources[i], i);
    }
  }

 private:
  bool clean(std::string_view below) const { return report_.clean(path_ + std::string(below)); }
  void error(std::string_view below, std::string value, std::string message) {
    report_.error(path_ + std::string(below), std::move(value), std::move(message));
  }

  /// How many records are expected; nothing when that cannot be told.
  std::optional<double> of_closed(const SourceSpec& source) const {
    if (!clean("/loop") || !clean("/until") || !report_.clean("/duration")) return std::nullopt;
    return expected_of(s_, source, *source.loop.closed());
  }

  std::optional<double> of_rate(const SourceSpec& source) {
    if (!source.rate || !clean("/rate") || !report_.clean("/duration")) return std::nullopt;
    check_steps(*source.rate);
    check_bursts(*source.rate);
    if (!clean("/rate")) return std::nullopt;
    const auto curve = rate_curve(s_, source);
    if (!curve) {
      error(curve.error().path, curve.error().value, curve.error().message);
      return std::nullopt;
    }
    return curve->total();
  }

  void check_steps(const RateSpec& rate) {
    const auto* steps = std::get_if<RateSteps>(&rate.what);
    if (steps == nullptr) return;
    for (std::size_t i = 0; i < steps->steps.size(); ++i) {
      const RateStep& now = steps->steps[i];
      const std::string from =
          fmt::format("{}/{}/from", rate.spelled_out ? "/rate/steps" : "/rate", i);
      if (i > 0 && now.from <= steps->steps[i - 1].from) {
        error(from, in_quotes(brokerlab::to_text(now.from)),
              tr("must be later than the step before it, {}",
                 brokerlab::to_text(steps->steps[i - 1].from)));
      }
      check_before_end(from, now.from);
    }
  }

  void check_bursts(const RateSpec& rate) {
    const auto* bursts = std::get_if<BurstRate>(&rate.what);
    if (bursts == nullptr) return;
    for (std::size_t i = 0; i < bursts->at.size(); ++i) {
      check_before_end(fmt::format("/rate/bursts/at/{}", i), bursts->at[i]);
    }
    if (!bursts->every) return;
    check_before_end("/rate/bursts/every", *bursts->every);
    const auto count = s_.duration / *bursts->every;
    if (count > 10'000) {
      error("/rate/bursts/every", in_quotes(brokerlab::to_text(*bursts->every)),
            tr("makes {} bursts; at most 10000 fit in a run", count));
    }
  }

  void check_before_end(const std::string& below, Duration moment) {
    if (moment < s_.duration) return;
    error(below, in_quotes(brokerlab::to_text(moment)),
          tr("must be before the end of the run, {}", brokerlab::to_text(s_.duration)));
  }

  void check_until(const SourceSpec& source) {
    if (!source.until || *source.until <= s_.duration) return;
    if (!clean("") || !report_.clean("/duration")) return;
    error("/until", in_quotes(brokerlab::to_text(*source.until)),
          tr("must not exceed the duration, {}", brokerlab::to_text(s_.duration)));
  }

  void check_rows(const SourceSpec& source) {
    if (source.drawn() || !clean("/file")) return;
    const auto rows = RecordSource::open(s_.path_of(source.file));
    if (!rows) error("/file", in_quotes(source.file), rows.error());
  }

  void check_sizes(const SourceSpec& source) {
    least_.emplace_back();
    if (!source.record_size || !clean("/record_size")) return;
    const auto sizes = RecordSizes::of(s_, *source.record_size);
    if (const auto* file = std::get_if<SizeFile>(&source.record_size->what); file && !sizes) {
      error("/record_size/file", in_quotes(file->file), sizes.error());
    } else if (sizes) {
      const auto* drawn = std::get_if<LogNormalSize>(&source.record_size->what);
      least_.back() = drawn != nullptr ? drawn->median : sizes->least();
    }
  }

  void decide() {
    double all = 0;
    for (const auto& one : expected_) all += one.value_or(0);
    for (SourceSpec& source : s_.sources) {
      source.phantom = source.payload == Payload::phantom ||
                       (source.payload == Payload::automatic && all > most_chosen_real);
    }
  }

  void check_count(const SourceSpec& source, const std::optional<double>& expected) {
    if (!expected || !clean("/rate") || !clean("/loop")) return;
    const char* const below = source.loop.closed() != nullptr ? "/loop" : "/rate";
    const bool one_by_one = !source.phantom || !source.drawn();
    if (*expected < 1) {
      report_.warning(path_ + below, {}, tr("not one record is to be expected"));
    } else if (one_by_one && *expected > most_real) {
      error(below, {}, tr("makes {:.2g} records; at most 100 million fit in a run", *expected));
    } else if (*expected > most_phantom) {
      error(below, {},
            tr("makes {:.2g} records; at most a million million fit in a run", *expected));
    }
  }

  /// A real record is JSON, which needs room. (Of a log-normal, smaller ones are made larger.)
  void check_least_size(const SourceSpec& source, std::size_t index) {
    if (source.phantom || !least_[index] || !clean("/record_size") || !clean("/name")) return;
    const Bytes least = least_real_size(source.name);
    if (*least_[index] >= least) return;
    const auto& what = source.record_size->what;
    const std::string text = brokerlab::to_text(*least_[index]);
    if (const auto* file = std::get_if<SizeFile>(&what)) {
      error("/record_size/file", in_quotes(file->file),
            tr("has a size of {}; a real record of this source is JSON with its name, {} at least; "
               "a phantom may be smaller",
               text, brokerlab::to_text(least)));
      return;
    }
    const bool fixed = std::holds_alternative<FixedSize>(what);
    const bool bare = fixed && !source.record_size->spelled_out;
    error(bare    ? "/record_size"
          : fixed ? "/record_size/fixed"
                  : "/record_size/median",
          in_quotes(text),
          tr("must be at least {}: a real record of this source is JSON with its name; a phantom "
             "may be smaller",
             brokerlab::to_text(least)));
  }

  Scenario& s_;
  SettingsReport& report_;
  std::string path_;
  std::vector<std::optional<double>> expected_;  ///< Records, by source.
  std::vector<std::optional<Bytes>> least_;      ///< The size that real records need room for.
};

}  // namespace

void check_sources(Scenario& scenario, SettingsReport& report) {
  SourceCheck(scenario, report).run();
}

}  // namespace brokerlab::scenarios
