#include "scenarios/memory_need.h"

#include "scenarios/sources/record_sizes.h"
#include "scenarios/sources/source_rate.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <optional>
#include <string>

namespace brokerlab::scenarios {
namespace {

/// Beside its bytes, a record of 1 KB in three replicas, in batches of some dozens.
constexpr double known_of_record = 200;
/// A row of the lecture's table as JSON.
constexpr double size_of_row = 350;
/// A phantom batch in one replica, whose like others keep too, and in the ledger.
constexpr double batch_in_log = 10;
constexpr double batch_in_ledger = 25;

double records_of(const Scenario& scenario, const SourceSpec& source) {
  if (const ClosedLoop* loop = source.loop.closed()) return expected_of(scenario, source, *loop);
  const auto curve = rate_curve(scenario, source);
  return curve ? curve->total() : 0;
}

double size_of(const Scenario& scenario, const SourceSpec& source) {
  if (!source.record_size) return size_of_row;
  const auto sizes = RecordSizes::of(scenario, *source.record_size);
  return sizes ? sizes->mean() : size_of_row;
}

/// As full as they can be, or as many as there are looks for records.
double batches_of(const Scenario& scenario, const ProducerSpec& producer, const TopicSpec& topic,
                  const SourceSpec& source, double records, double size) {
  const Duration wait =
      std::max<Duration>(std::max(producer.config.linger, producer.poll_interval), Duration(100us));
  const double looks = to_seconds(scenario.duration) / to_seconds(wait);
  const double lanes = source.keys.any() || producer.key ? topic.partitions : 1;
  const double full = records * size / static_cast<double>(producer.config.batch_size.count());
  return std::min(records, std::max(full, looks * lanes));
}

/// The number behind `name` in a file of lines such as "MemAvailable:   123 kB".
std::optional<std::int64_t> number_behind(const std::string& name,
                                          const std::filesystem::path& file) {
  std::ifstream in(file);
  std::int64_t number = 0;
  for (std::string word; in >> word;) {
    if (word == name && in >> number) return number;
  }
  return {};
}

/// All that is in the file; nothing when that is no number, such as "max".
std::optional<std::int64_t> number_in(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::int64_t number = 0;
  return in >> number ? std::optional(number) : std::nullopt;
}

}  // namespace

MemoryNeed memory_need(const Scenario& scenario) {
  MemoryNeed need;
  for (const ProducerSpec& producer : scenario.producers) {
    const SourceSpec* source = scenario.source(producer.source);
    const auto topic =
        std::find_if(scenario.topics.begin(), scenario.topics.end(),
                     [&](const TopicSpec& one) { return one.name == producer.topic; });
    if (source == nullptr || topic == scenario.topics.end()) continue;
    const double replicas = scenario.replication_factor(*topic);
    const double records = records_of(scenario, *source);
    const double size = size_of(scenario, *source);
    if (source->phantom) {
      need.batches += batches_of(scenario, producer, *topic, *source, records, size) *
                      (replicas * batch_in_log + batch_in_ledger);
    } else {
      need.records += records * ((replicas + 1) * size + known_of_record);
    }
  }
  return need;
}

Bytes free_memory() {
  std::int64_t free = std::numeric_limits<std::int64_t>::max();
  if (const auto kib = number_behind("MemAvailable:", "/proc/meminfo")) free = *kib * 1024;
  const std::filesystem::path group = "/sys/fs/cgroup";
  const auto limit = number_in(group / "memory.max");
  const auto used = number_in(group / "memory.current");
  if (limit && used) free = std::min(free, std::max<std::int64_t>(0, *limit - *used));
  return Bytes(free);
}

}  // namespace brokerlab::scenarios
