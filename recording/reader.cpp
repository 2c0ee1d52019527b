#include "recording/reader.h"

#include "base/file_replacement.h"
#include "base/integer_text.h"
#include "base/translation.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sqlite3.h>

namespace brokerlab::recording {
namespace {

Time at_ns(std::int64_t ns) { return Time(Duration(ns)); }
std::int64_t ns_of(Time t) { return t.time_since_epoch().count(); }

EventLevel parse_level(std::string_view text) {
  if (text == "fault") return EventLevel::fault;
  return text == "control" ? EventLevel::control : EventLevel::detail;
}

constexpr int reader_patience_ms = 10'000;  ///< Of a recording that grows, with who writes it.

// One statement being read, from prepare to finalize.
class Query {
 public:
  Query(sqlite3* database, const char* sql) {
    if (sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) != SQLITE_OK) failed_ = true;
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query() { sqlite3_finalize(statement_); }

  Query& with(std::int64_t value) {
    sqlite3_bind_int64(statement_, ++bound_, value);
    return *this;
  }
  Query& with(std::string_view value) {
    sqlite3_bind_text(statement_, ++bound_, value.data(), static_cast<int>(value.size()),
                      SQLITE_TRANSIENT);
    return *this;
  }

  bool next() {
    if (failed_) return false;
    const int outcome = sqlite3_step(statement_);
    failed_ = outcome != SQLITE_ROW && outcome != SQLITE_DONE;
    return outcome == SQLITE_ROW;
  }
  bool failed() const { return failed_; }

  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  int small(int column) const { return sqlite3_column_int(statement_, column); }
  double real(int column) const { return sqlite3_column_double(statement_, column); }
  std::string text(int column) const {
    const auto* bytes = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return bytes == nullptr ? std::string{} : std::string(static_cast<const char*>(bytes), size);
  }
  bool null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  std::optional<int> maybe_small(int column) const {
    if (null(column)) return {};
    return small(column);
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
  bool failed_ = false;
};

/// Takes a keyframe's JSON apart as it is read: a large cluster's has tens of thousands of facts.
class KeyframeTaker : public nlohmann::json_sax<nlohmann::json> {
 public:
  explicit KeyframeTaker(Facts& facts) : facts_(facts) {}

  bool start_object(std::size_t /*elements*/) override { return ++depth_ <= 2; }
  bool end_object() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    // Keyframes are sorted, so what comes goes to the end.
    if (depth_ == 1) {
      attributes_ = &facts_.emplace_hint(facts_.end(), std::move(name), Attributes{})->second;
    } else {
      attribute_ = std::move(name);
    }
    return true;
  }
  bool string(string_t& value) override {
    if (depth_ != 2 || attributes_ == nullptr) return false;
    attributes_->insert_or_assign(attributes_->end(), std::move(attribute_), std::move(value));
    return true;
  }
  // Nothing else is in a keyframe.
  bool null() override { return false; }
  bool boolean(bool /*value*/) override { return false; }
  bool number_integer(number_integer_t /*value*/) override { return false; }
  bool number_unsigned(number_unsigned_t /*value*/) override { return false; }
  bool number_float(number_float_t /*value*/, const string_t& /*text*/) override { return false; }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_array(std::size_t /*elements*/) override { return false; }
  bool end_array() override { return false; }
  bool parse_error(std::size_t /*position*/, const std::string& /*last*/,
                   const nlohmann::detail::exception& /*why*/) override {
    return false;
  }

 private:
  using Attributes = Facts::mapped_type;
  Facts& facts_;
  Attributes* attributes_ = nullptr;
  std::string attribute_;
  int depth_ = 0;
};

constexpr const char* event_columns =
    "SELECT e.id, e.t, k.name, k.level, e.machine, e.partition, e.cause, e.en, e.ko, e.detail "
    "FROM event e JOIN event_kind k ON k.id = e.kind ";

RecordedEvent read_event(const Query& query) {
  RecordedEvent event;
  event.id = query.integer(0);
  event.t = at_ns(query.integer(1));
  event.kind = query.text(2);
  event.level = parse_level(query.text(3));
  event.machine = query.maybe_small(4);
  event.partition = query.maybe_small(5);
  if (!query.null(6)) event.cause = query.integer(6);
  event.en = query.text(7);
  event.ko = query.text(8);
  event.detail = query.text(9);
  return event;
}

RecordedMessage read_message(const Query& query) {
  RecordedMessage message;
  message.id = query.integer(0);
  message.sent = at_ns(query.integer(1));
  if (!query.null(2)) message.arrived = at_ns(query.integer(2));
  message.source = query.small(3);
  message.destination = query.small(4);
  message.kind = query.text(5);
  message.size = Bytes(query.integer(6));
  if (!query.null(7)) message.exchange = query.integer(7);
  return message;
}

}  // namespace

std::string RecordedPartition::name() const { return fmt::format("{}-{}", topic, number); }

struct Reader::State {
  sqlite3* database = nullptr;
  Duration longest_flight{};
  std::optional<std::string> error;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { sqlite3_close(database); }

  template <class Row>
  void each(Query& query, Row row) {
    while (query.next()) row(query);
    if (query.failed() && !error) error = sqlite3_errmsg(database);
  }
  template <class Row>
  void each(const char* sql, Row row) {
    Query query(database, sql);
    each(query, row);
  }

  std::string meta(std::string_view key) {
    std::string value;
    Query query(database, "SELECT value FROM meta WHERE key = ?");
    each(query.with(key), [&](const Query& row) { value = row.text(0); });
    return value;
  }

  // How far a recording that grows has got; nothing: it does not.
  std::optional<Time> look_again() {
    const auto until = parse_integer<std::int64_t>(meta("recorded_until_ns"));
    const auto flight =
        parse_integer<std::int64_t>(meta(until ? "flight_so_far_ns" : "longest_flight_ns"));
    longest_flight = Duration(flight.value_or(0));
    if (!until) return std::nullopt;
    return at_ns(*until);
  }

  // `where` binds from, to and as many more as `bounds` holds; both passes use the same.
  std::vector<RecordedMessage> thinned_messages(const std::string& where,
                                                const std::vector<std::int64_t>& bounds,
                                                int limit) {
    ENSURE(limit > 0, "a limit of {} messages", limit);
    std::int64_t count = 0;
    Query counting(database, ("SELECT count(*) FROM message WHERE " + where).c_str());
    for (const auto bound : bounds) counting.with(bound);
    each(counting, [&](const Query& row) { count = row.integer(0); });
    std::int64_t stride = 1;
    while (count / stride > limit) stride *= 2;
    // Hashed, because a plain id % 2 would keep all requests and no response.
    const std::string sql =
        "SELECT id, sent, arrived, source, destination, kind, bytes, exchange FROM message WHERE " +
        where + " AND (((id & 2147483647) * 2654435761) >> 16) & ? = 0 ORDER BY sent, id";
    Query reading(database, sql.c_str());
    for (const auto bound : bounds) reading.with(bound);
    std::vector<RecordedMessage> messages;
    each(reading.with(stride - 1),
         [&](const Query& row) { messages.push_back(read_message(row)); });
    return messages;
  }
};

Reader::Reader(std::unique_ptr<State> state) : state_(std::move(state)) {}
Reader::Reader(Reader&&) noexcept = default;
Reader& Reader::operator=(Reader&&) noexcept = default;
Reader::~Reader() = default;

namespace {

/// Of a file that a run began under that name.
std::string what_became_of(const std::string& writing_path) {
  return is_being_written(writing_path)
             ? tr("a run is writing it right now")
             : tr("its run was ended before it had written everything; run it again");
}

}  // namespace

Result<Reader, std::string> Reader::open_growing(const std::string& path) {
  std::error_code ignored;
  const std::string unfinished = path + FileReplacement::suffix;
  if (std::filesystem::exists(unfinished, ignored)) {
    auto growing = open_file(unfinished, true);
    if (growing) return growing;  // or it was finished at this very moment
  }
  return open(path);
}

Result<Reader, std::string> Reader::open(const std::string& path) {
  std::error_code ignored;
  const std::string unfinished = path + FileReplacement::suffix;
  if (!std::filesystem::exists(path, ignored)) {
    if (!std::filesystem::exists(unfinished, ignored)) return fail(tr("{}: no such file", path));
    return fail(tr("{}: no such file, but {}: {}", path, unfinished, what_became_of(unfinished)));
  }
  if (std::filesystem::is_directory(path, ignored)) return fail(tr("{}: is a directory", path));
  if (path.ends_with(FileReplacement::suffix)) {
    return fail(tr("{}: an unfinished recording; {}", path, what_became_of(path)));
  }
  return open_file(path, false);
}

Result<Reader, std::string> Reader::open_file(const std::string& path, bool may_grow) {
  std::ifstream file(path, std::ios::binary);
  std::string magic(15, '\0');
  if (!file) return fail(tr("{}: cannot be read", path));
  if (!file.read(magic.data(), 15) || magic != "SQLite format 3") {
    return fail(tr(
        "{}: not a recording of brokerlab (make one: brokerlab run ... --record FILE.run)", path));
  }
  auto state = std::make_unique<State>();
  if (sqlite3_open_v2(path.c_str(), &state->database, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) {
    return fail(path + ": " + sqlite3_errmsg(state->database));
  }
  if (may_grow) sqlite3_busy_timeout(state->database, reader_patience_ms);
  const std::string format = state->meta("format");
  const std::string finished = state->meta("longest_flight_ns");
  if (state->error) {
    return fail(tr("{}: a SQLite file, but not a readable recording of brokerlab ({})", path,
                   *state->error));
  }
  if (format != std::to_string(recording_format)) {
    return fail(
        tr("{}: recording format {}, but this brokerlab reads format {}; make the "
           "recording again with this version",
           path, format.empty() ? "unknown" : format, recording_format));
  }
  if (finished.empty() && may_grow && state->look_again()) return Reader(std::move(state));
  if (finished.empty()) {
    return fail(tr("{}: an unfinished recording; {}", path, what_became_of(path)));
  }
  const auto flight = parse_integer<std::int64_t>(finished);
  state->longest_flight = Duration(flight.value_or(0));
  return Reader(std::move(state));
}

std::optional<Time> Reader::recorded_until() const { return state_->look_again(); }

std::string Reader::meta(std::string_view key) const { return state_->meta(key); }

Duration Reader::duration() const {
  return Duration(parse_integer<std::int64_t>(meta("duration_ns")).value_or(0));
}

Scope Reader::scope() const {
  Scope scope;
  const std::string level = meta("record_level");
  for (const auto known : {Level::sampled, Level::control, Level::none}) {
    if (level == to_text(known)) scope.level = known;
  }
  scope.sample = parse_integer<std::int64_t>(meta("record_sample")).value_or(1);
  const auto from = parse_integer<std::int64_t>(meta("record_from_ns"));
  const auto until = parse_integer<std::int64_t>(meta("record_until_ns"));
  if (from && until) scope.from = at_ns(*from), scope.until = at_ns(*until);
  return scope;
}

std::vector<RecordedMachine> Reader::machines() const {
  std::vector<RecordedMachine> machines;
  state_->each("SELECT id, name, role FROM machine ORDER BY id", [&](const Query& row) {
    machines.push_back({row.small(0), row.text(1), row.text(2)});
  });
  return machines;
}

std::vector<RecordedProcess> Reader::processes() const {
  std::vector<RecordedProcess> processes;
  state_->each(
      "SELECT id, machine, name, kind, number FROM process ORDER BY id", [&](const Query& row) {
        processes.push_back({row.small(0), row.small(1), row.text(2), row.text(3), row.small(4)});
      });
  return processes;
}

std::vector<RecordedPartition> Reader::partitions() const {
  std::vector<RecordedPartition> partitions;
  state_->each("SELECT id, topic, number, internal FROM partition ORDER BY id",
               [&](const Query& row) {
                 partitions.push_back({row.small(0), row.text(1), row.small(2), row.small(3) != 0});
               });
  return partitions;
}

std::vector<RecordedEvent> Reader::events(EventLevel down_to, Time from, Time to) const {
  std::string sql = event_columns;
  if (down_to == EventLevel::detail) {
    sql += "WHERE e.t BETWEEN ? AND ? ORDER BY e.t, e.id";
  } else {
    // By their kinds: details are most of a long run's events, and none of them is looked at. The
    // plus signs keep SQLite from walking along the time instead.
    sql += "WHERE +e.t BETWEEN ? AND ? AND e.kind IN (SELECT id FROM event_kind WHERE level IN (";
    sql += down_to == EventLevel::fault ? "'fault'" : "'fault', 'control'";
    sql += ")) ORDER BY +e.t, +e.id";
  }
  std::vector<RecordedEvent> events;
  Query query(state_->database, sql.c_str());
  state_->each(query.with(ns_of(from)).with(ns_of(to)),
               [&](const Query& row) { events.push_back(read_event(row)); });
  return events;
}

std::optional<RecordedEvent> Reader::event(std::int64_t id) const {
  std::optional<RecordedEvent> event;
  Query query(state_->database, (std::string(event_columns) + "WHERE e.id = ?").c_str());
  state_->each(query.with(id), [&](const Query& row) { event = read_event(row); });
  return event;
}

std::vector<RecordedEvent> Reader::causes(std::int64_t id) const {
  std::vector<RecordedEvent> chain;
  std::set<std::int64_t> seen;
  for (std::optional<std::int64_t> next = id; next && seen.insert(*next).second;) {
    auto found = event(*next);
    if (!found) break;
    next = found->cause;
    chain.push_back(std::move(*found));
  }
  return chain;
}

Facts Reader::facts_at(Time t) const {
  Facts facts;
  std::int64_t last = 0;  // The last fact that counts.
  Query latest(state_->database,
               "SELECT id FROM fact WHERE t <= ? ORDER BY t DESC, id DESC LIMIT 1");
  state_->each(latest.with(ns_of(t)), [&](const Query& row) { last = row.integer(0); });
  std::int64_t known = 0;  // The last one that the keyframe tells.
  Query before(state_->database, "SELECT max(fact) FROM keyframe WHERE fact <= ?");
  state_->each(before.with(last), [&](const Query& row) { known = row.integer(0); });
  Query keyframe(state_->database, "SELECT facts FROM keyframe WHERE fact = ?");
  state_->each(keyframe.with(known), [&](const Query& row) {
    KeyframeTaker taker(facts);
    if (!nlohmann::json::sax_parse(row.text(0), &taker) && !state_->error) {
      state_->error = tr("the keyframe at fact {} is damaged", known);
    }
  });
  Query since(state_->database,
              "SELECT subject, attribute, value FROM fact WHERE id > ? AND id <= ? ORDER BY id");
  state_->each(since.with(known).with(last),
               [&](const Query& row) { facts[row.text(0)][row.text(1)] = row.text(2); });
  return facts;
}

std::vector<RecordedMessage> Reader::messages(Time from, Time to, int limit) const {
  return state_->thinned_messages("sent BETWEEN ? AND ?", {ns_of(from), ns_of(to)}, limit);
}

std::vector<RecordedMessage> Reader::messages_in_flight(Time t, int limit,
                                                        Duration at_least) const {
  // A message in flight now cannot have been sent before the longest flight of the run.
  const auto lookback = std::max(state_->longest_flight, at_least).count();
  const auto now = ns_of(t);
  return state_->thinned_messages(
      "sent BETWEEN ? AND ? AND (coalesce(arrived, sent) >= ? OR sent >= ?)",
      {now - lookback, now, now, now - at_least.count()}, limit);
}

std::vector<RecordedMetric> Reader::metrics() const {
  std::vector<RecordedMetric> metrics;
  state_->each("SELECT id, name, machine, partition, label, unit FROM metric ORDER BY id",
               [&](const Query& row) {
                 metrics.push_back({row.small(0), row.text(1), row.maybe_small(2),
                                    row.maybe_small(3), row.text(4), row.text(5)});
               });
  return metrics;
}

std::vector<Sample> Reader::series(int metric) const {
  std::vector<Sample> samples;
  Query query(state_->database, "SELECT t, value FROM sample WHERE metric = ? ORDER BY t");
  state_->each(query.with(metric), [&](const Query& row) {
    samples.push_back({at_ns(row.integer(0)), row.real(1)});
  });
  return samples;
}

std::vector<RecordedInvariant> Reader::invariants() const {
  std::vector<RecordedInvariant> invariants;
  state_->each(
      "SELECT name, held, checked, detail FROM invariant ORDER BY name", [&](const Query& row) {
        invariants.push_back({row.text(0), row.small(1) != 0, row.integer(2), row.text(3)});
      });
  return invariants;
}

std::vector<RecordedLostRecord> Reader::lost_records() const {
  std::vector<RecordedLostRecord> records;
  state_->each(
      "SELECT partition, offset, record_id, acknowledged, why FROM lost_record "
      "ORDER BY partition, offset",
      [&](const Query& row) {
        records.push_back(
            {row.small(0), row.integer(1), row.text(2), at_ns(row.integer(3)), row.text(4)});
      });
  return records;
}

const std::optional<std::string>& Reader::read_error() const { return state_->error; }

}  // namespace brokerlab::recording
