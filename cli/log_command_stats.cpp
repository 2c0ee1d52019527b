// brokerlab log stats DIR: what is in it, in figures.
#include "base/json_text.h"
#include "base/korean.h"
#include "base/translation.h"
#include "cli/log_command.h"
#include "log/directory/batch_survey.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <ostream>

namespace brokerlab::cli {
namespace {

using Json = nlohmann::ordered_json;

struct CodecFigures {
  std::int64_t batches = 0;
  std::int64_t bytes = 0;         ///< Of the records as they are stored.
  std::int64_t uncompressed = 0;  ///< Of the same records.

  double ratio() const {
    return bytes == 0 ? 1 : static_cast<double>(uncompressed) / static_cast<double>(bytes);
  }
};

struct ProducerFigures {
  std::int16_t epoch = -1;  ///< The last.
  std::int64_t batches = 0;
  std::int64_t records = 0;
  std::int32_t last_sequence = -1;
};

struct EpochFigures {
  log::Offset first_offset = 0;
  std::int64_t batches = 0;
};

/// Of what was read and is good; the rest is counted apart.
struct Figures {
  std::int64_t segments = 0;
  std::int64_t batches = 0;
  std::int64_t records = 0;
  std::int64_t control_batches = 0;
  std::int64_t transactional_batches = 0;
  std::int64_t log_bytes = 0;
  std::int64_t index_entries = 0;
  std::int64_t time_index_entries = 0;
  std::int64_t bytes_read = 0;
  std::int64_t damaged_batches = 0;
  std::int64_t damaged_bytes = 0;     ///< Of these batches.
  std::int64_t unreadable_bytes = 0;  ///< What is no batch.
  std::int64_t smallest_batch = std::numeric_limits<std::int64_t>::max();
  std::int64_t largest_batch = 0;
  log::Offset first_offset = log::no_offset;
  log::Offset last_offset = log::no_offset;
  log::Offset first_record = log::no_offset;
  log::Offset last_record = log::no_offset;
  log::Timestamp first_timestamp = log::no_timestamp;
  log::Timestamp last_timestamp = log::no_timestamp;
  std::map<log::Codec, CodecFigures> codecs;
  std::map<int, std::int64_t> formats;  ///< Batches by message format.
  std::map<std::int64_t, ProducerFigures> producers;
  std::map<log::LeaderEpoch, EpochFigures> epochs;

  double mean_batch() const {
    return batches == 0 ? 0 : static_cast<double>(bytes_read) / static_cast<double>(batches);
  }
};

class Counter {
 public:
  explicit Counter(log::Env& env) : env_(env) {}

  Result<Figures, log::IoError> count(const std::vector<log::SegmentFiles>& segments) {
    log::BatchSurvey survey;
    for (std::size_t i = 0; i < segments.size(); ++i) {
      const log::SegmentFiles& segment = segments[i];
      std::optional<log::Offset> next_base;
      if (i + 1 < segments.size()) next_base = segments[i + 1].base_offset;
      ++figures_.segments;
      auto file = env_.open(segment.log);
      if (!file.ok()) return fail(file.error());
      figures_.log_bytes += (*file)->size();
      const auto rest = survey.segment(**file, segment.base_offset, next_base,
                                       [this](const log::Surveyed& seen) { add(seen); });
      if (!rest.ok()) return fail(rest.error());
      figures_.unreadable_bytes += rest->bytes;
      if (auto counted = count_indexes(segment); !counted.ok()) return fail(counted.error());
    }
    return std::move(figures_);
  }

 private:
  Status<log::IoError> count_indexes(const log::SegmentFiles& segment) {
    if (!segment.index.empty()) {
      const auto index = read_offset_index(env_, segment.index, segment.base_offset);
      if (!index.ok()) return fail(index.error());
      figures_.index_entries += static_cast<std::int64_t>(index->entries.size());
    }
    if (!segment.time_index.empty()) {
      const auto index = read_time_index(env_, segment.time_index, segment.base_offset);
      if (!index.ok()) return fail(index.error());
      figures_.time_index_entries += static_cast<std::int64_t>(index->entries.size());
    }
    return {};
  }

  void add(const log::Surveyed& seen) {
    const log::BatchView& batch = seen.batch;
    const auto size = static_cast<std::int64_t>(batch.size());
    if (!seen.good()) {
      ++figures_.damaged_batches;
      figures_.damaged_bytes += size;
      return;
    }
    figures_.bytes_read += size;
    ++figures_.batches;
    figures_.records += batch.record_count();
    figures_.control_batches += batch.is_control() ? 1 : 0;
    figures_.transactional_batches += batch.is_transactional() ? 1 : 0;
    figures_.smallest_batch = std::min(figures_.smallest_batch, size);
    figures_.largest_batch = std::max(figures_.largest_batch, size);
    if (figures_.first_offset == log::no_offset) figures_.first_offset = batch.base_offset();
    figures_.last_offset = batch.last_offset();
    figures_.last_timestamp = std::max(figures_.last_timestamp, batch.max_timestamp());

    ++figures_.formats[batch.magic()];
    CodecFigures& codec = figures_.codecs[batch.codec()];
    ++codec.batches;
    codec.bytes += static_cast<std::int64_t>(batch.payload().size());
    const auto read = for_each_record(batch, scratch_, [this](const log::RecordView& record) {
      if (figures_.first_record == log::no_offset) figures_.first_record = record.offset;
      figures_.last_record = record.offset;
      log::Timestamp& first = figures_.first_timestamp;
      if (record.timestamp != log::no_timestamp) {
        first = first == log::no_timestamp ? record.timestamp : std::min(first, record.timestamp);
      }
      return true;
    });
    const bool compressed = batch.codec() != log::Codec::none;
    codec.uncompressed += static_cast<std::int64_t>(
        compressed && read.ok() ? scratch_.size() : batch.payload().size());

    if (batch.producer_id() >= 0) {
      ProducerFigures& producer = figures_.producers[batch.producer_id()];
      producer.epoch = batch.producer_epoch();
      ++producer.batches;
      producer.records += batch.record_count();
      if (batch.base_sequence() >= 0) {
        const std::int64_t delta = batch.last_offset() - batch.base_offset();
        producer.last_sequence =
            static_cast<std::int32_t>((batch.base_sequence() + delta) & INT32_MAX);
      }
    }
    const auto [epoch, is_new] = figures_.epochs.try_emplace(batch.leader_epoch());
    if (is_new) epoch->second.first_offset = batch.base_offset();
    ++epoch->second.batches;
  }

  log::Env& env_;
  Figures figures_;
  log::ByteVector scratch_;
};

void print_json(Context& context, const Figures& f) {
  Json codecs = Json::array();
  for (const auto& [codec, figures] : f.codecs) {
    codecs.push_back(Json{{"codec", to_text(codec)},
                          {"batches", figures.batches},
                          {"bytes", figures.bytes},
                          {"uncompressedBytes", figures.uncompressed},
                          {"ratio", figures.ratio()}});
  }
  Json formats = Json::array();
  for (const auto& [magic, batches] : f.formats) {
    formats.push_back(Json{{"magic", magic}, {"batches", batches}});
  }
  Json producers = Json::array();
  for (const auto& [id, figures] : f.producers) {
    producers.push_back(Json{{"producerId", id},
                             {"producerEpoch", figures.epoch},
                             {"batches", figures.batches},
                             {"records", figures.records},
                             {"lastSequence", figures.last_sequence}});
  }
  Json epochs = Json::array();
  for (const auto& [epoch, figures] : f.epochs) {
    epochs.push_back(Json{{"leaderEpoch", epoch},
                          {"firstOffset", figures.first_offset},
                          {"batches", figures.batches}});
  }
  const Json object{{"segments", f.segments},
                    {"batches", f.batches},
                    {"records", f.records},
                    {"controlBatches", f.control_batches},
                    {"transactionalBatches", f.transactional_batches},
                    {"bytes", f.log_bytes},
                    {"bytesRead", f.bytes_read},
                    {"damagedBatches", f.damaged_batches},
                    {"damagedBytes", f.damaged_bytes},
                    {"unreadableBytes", f.unreadable_bytes},
                    {"firstOffset", f.batches > 0 ? Json(f.first_offset) : Json()},
                    {"lastOffset", f.batches > 0 ? Json(f.last_offset) : Json()},
                    {"firstRecordOffset", f.first_record >= 0 ? Json(f.first_record) : Json()},
                    {"lastRecordOffset", f.last_record >= 0 ? Json(f.last_record) : Json()},
                    {"firstTimestamp", f.first_timestamp},
                    {"lastTimestamp", f.last_timestamp},
                    {"offsetIndexEntries", f.index_entries},
                    {"timeIndexEntries", f.time_index_entries},
                    {"formats", formats},
                    {"codecs", codecs},
                    {"producers", producers},
                    {"leaderEpochs", epochs}};
  context.out << json_text(object) << "\n";
}

/// One line for each, the first behind its title.
class Lines {
 public:
  explicit Lines(const Context& context) : context_(context) {}
  /// The Korean one is of so many syllables, each as wide as two letters.
  void title(std::string_view english, std::string_view korean) {
    constexpr std::size_t bytes_a_syllable = 3;
    const std::size_t syllables = korean.size() / bytes_a_syllable;
    title_ = context_.say(fmt::format("{:<{}}", english, width),
                          std::string(korean) + std::string(width - 2 * syllables, ' '));
  }
  void row(const std::string& text) {
    context_.out << title_ << text << "\n";
    title_.assign(width, ' ');
  }

 private:
  static constexpr std::size_t width = 12;
  const Context& context_;
  std::string title_;
};

std::string density(const Context& context, std::int64_t entries, std::int64_t bytes) {
  if (entries == 0) return context.say("none", "없음");
  return context.say(
      fmt::format("{}, one for every {} of log", with_separators(entries),
                  bytes_text(bytes / entries)),
      fmt::format("{}개, 로그 {}마다 하나", with_separators(entries), bytes_text(bytes / entries)));
}

constexpr std::size_t most_listed = 10;

/// Of a map that may have thousands of entries, the first ones.
template <class Map, class Print>
void print_first(const Context& context, Lines& lines, const Map& map, Print print) {
  std::size_t left = most_listed;
  for (const auto& [key, figures] : map) {
    if (left-- == 0) {
      const std::size_t more = map.size() - most_listed;
      lines.row(context.say(fmt::format("and {} more", more), fmt::format("그 밖에 {}개", more)));
      return;
    }
    lines.row(print(key, figures));
  }
}

void print_codecs(const Context& context, Lines& lines, const Figures& f) {
  lines.title("codecs", "코덱");
  for (const auto& [codec, figures] : f.codecs) {
    const std::string bytes = bytes_text(figures.bytes);
    std::string line = fmt::format("{}: {}, {}", to_text(codec),
                                   count_text(context, figures.batches, batch_noun), bytes);
    if (codec == log::Codec::none) {
      line += context.say(" of records, batch headers left out", " (배치 헤더를 뺀 레코드)");
    } else {
      const std::string whole = bytes_text(figures.uncompressed);
      line += context.say(fmt::format(" for {} of records, ratio {:.2f}", whole, figures.ratio()),
                          fmt::format(" (풀면 {}, 압축비 {:.2f})", whole, figures.ratio()));
    }
    lines.row(line);
  }
}

/// Said only where there are others than that of today.
void print_formats(const Context& context, Lines& lines, const Figures& f) {
  if (f.formats.rbegin()->first == f.formats.begin()->first && f.formats.contains(2)) return;
  lines.title("formats", "포맷");
  for (const auto& [magic, batches] : f.formats) {
    lines.row(fmt::format("{}: {}", magic, count_text(context, batches, batch_noun)));
  }
}

void print_many(const Context& context, Lines& lines, const Figures& f) {
  print_formats(context, lines, f);
  print_codecs(context, lines, f);
  lines.title("epochs", "에포크");
  print_first(context, lines, f.epochs, [&](log::LeaderEpoch epoch, const EpochFigures& figures) {
    const std::string name = epoch < 0 ? context.say("unknown", "모름") : std::to_string(epoch);
    const std::string batches = count_text(context, figures.batches, batch_noun);
    return context.say(fmt::format("{} from offset {} on: {}", name, figures.first_offset, batches),
                       fmt::format("{}, 오프셋 {}부터: {}", name, figures.first_offset, batches));
  });
  lines.title("producers", "프로듀서");
  if (f.producers.empty()) lines.row(context.say("none with an id", "아이디가 있는 프로듀서 없음"));
  print_first(context, lines, f.producers, [&](std::int64_t id, const ProducerFigures& figures) {
    const std::string counts =
        fmt::format("{}, {}", count_text(context, figures.batches, batch_noun),
                    count_text(context, figures.records, record_noun));
    return context.say(fmt::format("{} epoch {}: {}, last sequence {}", id, figures.epoch, counts,
                                   figures.last_sequence),
                       fmt::format("{} 에포크 {}: {}, 마지막 시퀀스 {}", id, figures.epoch, counts,
                                   figures.last_sequence));
  });
}

void print_batches(const Context& context, Lines& lines, const Figures& f) {
  const std::string count = with_separators(f.batches);
  const std::string least = bytes_text(f.smallest_batch);
  const std::string most = bytes_text(f.largest_batch);
  const std::string mean = bytes_text(static_cast<std::int64_t>(f.mean_batch()));
  lines.row(context.say(fmt::format("{}, of {} to {}, {} on average", count, least, most, mean),
                        fmt::format("{}개, {}~{}, 평균 {}", count, least, most, mean)));
  if (f.transactional_batches == 0) return;
  const std::string transactional = with_separators(f.transactional_batches);
  const std::string control = with_separators(f.control_batches);
  lines.row(context.say(fmt::format("{} transactional, {} of control", transactional, control),
                        fmt::format("트랜잭션 {}개, 그중 컨트롤 {}개", transactional, control)));
}

/// Compaction leaves batches their offsets when records at their ends are gone.
std::string offsets(const Context& context, const Figures& f) {
  const std::string all = context.say(fmt::format("{} to {}", f.first_offset, f.last_offset),
                                      fmt::format("{}~{}", f.first_offset, f.last_offset));
  if (f.first_record == f.first_offset && f.last_record == f.last_offset) return all;
  if (f.first_record == log::no_offset) {
    return context.say(all + ", in batches without records", all + " (레코드가 없는 배치)");
  }
  return context.say(
      fmt::format("{} as batches say; the records left are from {} to {}", all, f.first_record,
                  f.last_record),
      fmt::format("{}(배치 기준). 남은 레코드는 {}~{}", all, f.first_record, f.last_record));
}

void print_damage(const Context& context, Lines& lines, const Figures& f, const std::string& dir) {
  if (f.damaged_batches == 0 && f.unreadable_bytes == 0) return;
  lines.title("damage", "손상");
  if (f.damaged_batches > 0) {
    const std::string batches = count_text(context, f.damaged_batches, batch_noun);
    const std::string bytes = bytes_text(f.damaged_bytes);
    lines.row(context.say(fmt::format("{} of {}, in none of these figures", batches, bytes),
                          fmt::format("{}({}). 위의 수에 들어 있지 않습니다", batches, bytes)));
  }
  if (f.unreadable_bytes > 0) {
    const std::string bytes = bytes_text(f.unreadable_bytes);
    lines.row(context.say(fmt::format("{} that cannot be read", bytes),
                          fmt::format("읽을 수 없는 {}", bytes)));
  }
  lines.row(
      context.say(fmt::format("see `brokerlab log verify {}`", dir),
                  with_particles(fmt::format("`brokerlab log verify {}`(으)로 살펴보세요", dir))));
}

void print_text(Context& context, const Figures& f, const std::string& dir) {
  Lines lines(context);
  lines.title("segments", "세그먼트");
  lines.row(context.say(with_separators(f.segments), with_separators(f.segments) + "개") + ", " +
            bytes_text(f.log_bytes));
  lines.title("batches", "배치");
  if (f.batches == 0) {
    lines.row(context.say("none", "없음"));
    print_damage(context, lines, f, dir);
    return;
  }
  print_batches(context, lines, f);
  lines.title("records", "레코드");
  lines.row(context.say(with_separators(f.records), with_separators(f.records) + "개"));
  lines.title("offsets", "오프셋");
  lines.row(offsets(context, f));
  lines.title("time", "시간");
  lines.row(time_text(f.first_timestamp) + context.say(" to ", " ~ ") +
            time_text(f.last_timestamp));
  print_many(context, lines, f);
  lines.title("indexes", "인덱스");
  lines.row(context.say("offset entries: ", "오프셋 항목: ") +
            density(context, f.index_entries, f.log_bytes));
  lines.row(context.say("time entries: ", "시간 항목: ") +
            density(context, f.time_index_entries, f.log_bytes));
  print_damage(context, lines, f, dir);
}

void stats(Context& context, const LogTarget& target) {
  MeteredEnv env(context.err);
  const auto segments = segments_of(context, env, target);
  if (!segments) return;
  env.expect(bytes_of(env, *segments));
  const auto figures = Counter(env).count(*segments);
  if (!figures.ok()) {
    context.status = report(context, figures.error());
    return;
  }
  target.json ? print_json(context, *figures) : print_text(context, *figures, target.dir);
}

}  // namespace

void add_log_stats(Command log, Context& context) {
  const auto target = std::make_shared<LogTarget>();
  const Command command = log.sub("stats", tr("What is in it, in figures"));
  add_target(command, *target);
  command.run([&context, target] { stats(context, *target); });
}

}  // namespace brokerlab::cli
