#include "scenarios/runner.h"

#include "base/installation.h"
#include "base/translation.h"
#include "model/events.h"
#include "scenarios/availability.h"
#include "scenarios/cluster.h"
#include "scenarios/fault_schedule.h"
#include "scenarios/judge.h"
#include "scenarios/loader.h"
#include "scenarios/look_into.h"
#include "scenarios/recorder.h"
#include "scenarios/recovery_meter.h"
#include "scenarios/retries.h"
#include "scenarios/sources/source_rate.h"
#include "scenarios/time_line.h"
#include "scenarios/work_meter.h"

#include <sys/resource.h>

#include <chrono>
#include <optional>

namespace brokerlab::scenarios {
namespace {

/// Of this process, so far.
Bytes most_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Bytes(std::int64_t{usage.ru_maxrss} * 1024);
}

constexpr Duration progress_every = 250ms;

/// Everything of one run, in the order in which it is built and, backwards, destroyed.
class Run {
 public:
  Run(const Scenario& scenario, bool exposed)
      : scenario_(scenario),
        world_(static_cast<std::uint64_t>(scenario.seed)),
        exposure_(exposed ? std::make_unique<Exposure>(world_) : nullptr),
        plain_ledger_(exposed ? nullptr : std::make_unique<Ledger>(world_)),
        ledger_(exposed ? *exposure_ : *plain_ledger_) {}

  Result<RunReport, std::string> go(const RunOptions& options) {
    if (const Status<std::string> built = build(options); !built) return fail(built.error());
    const auto begin = std::chrono::steady_clock::now();
    cluster_->start();
    const Time end(scenario_.duration);
    world_.run(end);
    if (recorder_ && recorder_->recording().error()) return fail(*recorder_->recording().error());
    world_.set_cause({});
    ledger_.finish();
    availability_->finish(end);
    quorum_->finish(end);
    work_->finish(end);
    RunReport report = judge({scenario_, world_, *cluster_, ledger_, *availability_,
                              faults_->reports(), *work_, *recovery_, *quorum_});
    report.time_line = time_line(world_.trace(), cluster_->context(), *errors_);
    report.wall_seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    report.memory = most_memory();
    if (recorder_) {
      const Status<std::string> written = finish_recording(report);
      if (!written) return fail(written.error());
    }
    if (exposure_) options.exposed(exposure_->all());
    return report;
  }

  Status<std::string> look(Time at, const std::function<void(Cluster&)>& see) {
    if (Status<std::string> built = build({}); !built) return built;
    cluster_->start();
    world_.run(at);
    see(*cluster_);
    return {};
  }

 private:
  Status<std::string> build(const RunOptions& options) {
    auto built = Cluster::build(world_, scenario_, ledger_);
    if (!built) return fail(built.error());
    cluster_ = std::move(*built);
    if (exposure_) {
      cluster_->network().on_transfer(
          [this](const sim::Transfer& transfer) { exposure_->on_transfer(transfer); });
    }
    if (!options.record.empty()) {
      auto recording =
          recording::Recording::create(options.record, {.grows = options.record_grows});
      if (!recording) return fail(recording.error());
      recorder_.emplace(world_, *cluster_, ledger_, std::move(*recording));
      describe_run();
      recorder_->attach();
    }
    availability_.emplace(world_, *cluster_, ledger_);
    work_.emplace(world_, *cluster_, ledger_);
    recovery_.emplace(*cluster_, ledger_);
    work_->on_look([this](Time now) { recovery_->look(now); });
    work_->start();
    errors_.emplace(world_, *cluster_, ledger_);
    retries_.emplace(world_, *cluster_, ledger_);
    quorum_.emplace(world_, *cluster_, ledger_);
    faults_.emplace(world_, *cluster_, ledger_, *availability_, *quorum_);
    faults_->schedule();
    announce_load();
    if (options.progress || recorder_) {
      world_.observe(progress_every, [&] {
        if (recorder_ && options.record_grows) recorder_->recording().step(world_.now());
        if (recorder_ && recorder_->recording().error()) world_.stop();  // a full disk
        if (options.progress) options.progress(world_.now());
      });
    }
    return {};
  }

  void describe_run() {
    recording::Recording& recording = recorder_->recording();
    const std::int64_t seconds = whole_millis(scenario_.starts_at) / 1000;
    recording.meta("name", scenario_.name);
    recording.meta("title_en", scenario_.title.in("en"));
    recording.meta("title_ko", scenario_.title.in("ko"));
    recording.meta("seed", std::to_string(scenario_.seed));
    recording.meta("version", version());
    recording.meta("starts_at", fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60,
                                            seconds % 60));
    recording.meta("duration_ns", std::to_string(scenario_.duration.count()));
    recording.meta("scenario_json", effective_text(scenario_));
  }

  Status<std::string> finish_recording(const RunReport& report) {
    recording::Recording& recording = recorder_->recording();
    recorder_->declare_partitions();
    recorder_->write_undelivered();
    recording.meta("fingerprint", report.fingerprint);
    recording.meta("verdict", to_text(report.verdict));
    std::string reasons;
    for (const Phrase& reason : report.reasons) {
      reasons += (reasons.empty() ? "" : "; ") + reason.english;
    }
    recording.meta("verdict_reason", reasons);
    for (const Language language : {Language::english, Language::korean}) {
      std::string harm;
      for (const Harm& one : report.harm)
        harm += (harm.empty() ? "" : "\n") + say(one.words, language);
      recording.meta(language == Language::english ? "harm_en" : "harm_ko", harm);
    }
    recording.meta("summary_json", report.json());
    for (const RunReport::Invariant& one : report.invariants) {
      std::string detail = one.detail.english;
      for (const Phrase& exemption : one.exemptions) {
        if (one.held) detail += (detail.empty() ? "but for " : " and ") + exemption.english;
      }
      recording.invariant(one.name, one.held, one.checked, detail);
    }
    for (const LostRecord& lost : ledger_.lost()) {
      const std::string label =
          lost.record.count == 1
              ? lost.label
              : fmt::format("{} and {} behind it", lost.label, lost.record.count - 1);
      recording.lost_record({cluster_->context().partitions.id_of(lost.partition).value(),
                             lost.offset, label, lost.acknowledged, lost.why.english});
    }
    return recording.finish();
  }

  void announce_load() {
    for (const SourceSpec& source : scenario_.sources) {
      const auto curve = rate_curve(scenario_, source);
      if (!curve) continue;  // A file that vanished; who feeds from it has told.
      for (const auto& [at, rate_from] : load_changes(source, *curve)) {
        world_.at(at, [this, &source, rate = rate_from] {
          world_.set_cause({});
          world_.trace().record(
              model::events::load_changed, {},
              {{"source", source.name}, {"rate", to_text(rate), to_korean_text(rate)}});
        });
      }
    }
  }

  const Scenario& scenario_;
  sim::World world_;
  std::unique_ptr<Exposure> exposure_;  ///< One of these two.
  std::unique_ptr<Ledger> plain_ledger_;
  Ledger& ledger_;
  std::unique_ptr<Cluster> cluster_;
  std::optional<Recorder> recorder_;
  std::optional<Availability> availability_;
  std::optional<ErrorSpells> errors_;
  std::optional<Retries> retries_;
  std::optional<WorkMeter> work_;
  std::optional<RecoveryMeter> recovery_;
  std::optional<Quorum> quorum_;
  std::optional<FaultSchedule> faults_;
};

}  // namespace

Result<RunReport, std::string> run(const Scenario& scenario, const RunOptions& options) {
  return std::make_unique<Run>(scenario, options.exposed != nullptr)->go(options);
}

Status<std::string> look_into(const Scenario& scenario, Time at,
                              const std::function<void(Cluster&)>& see) {
  return std::make_unique<Run>(scenario, false)->look(at, see);
}

}  // namespace brokerlab::scenarios
