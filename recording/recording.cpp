#include "recording/recording.h"

#include "base/file_replacement.h"
#include "base/translation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <map>
#include <sqlite3.h>
#include <system_error>

namespace brokerlab::recording {
namespace {

constexpr int rows_per_transaction = 20'000;

constexpr const char* pragmas =
    "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;";

// Readers wait for the moment of a commit, and the writer for theirs. What a killed writer leaves
// is read by nobody, so the journal need not outlive it.
constexpr const char* pragmas_of_growing =
    "PRAGMA journal_mode=MEMORY; PRAGMA synchronous=OFF; PRAGMA cache_spill=OFF;";
constexpr int writer_patience_ms = 60'000;

constexpr const char* schema = R"sql(
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT);
CREATE TABLE machine(id INTEGER PRIMARY KEY, name TEXT, role TEXT);
CREATE TABLE process(id INTEGER PRIMARY KEY, machine INTEGER, name TEXT, kind TEXT, number INTEGER);
CREATE TABLE partition(id INTEGER PRIMARY KEY, topic TEXT, number INTEGER, internal INTEGER);
CREATE TABLE event_kind(id INTEGER PRIMARY KEY, name TEXT UNIQUE, level TEXT);
CREATE TABLE event(id INTEGER PRIMARY KEY, t INTEGER, kind INTEGER, machine INTEGER,
                   partition INTEGER, cause INTEGER, en TEXT, ko TEXT, detail TEXT);
CREATE TABLE fact(id INTEGER PRIMARY KEY, t INTEGER, subject TEXT, attribute TEXT, value TEXT);
CREATE TABLE keyframe(fact INTEGER PRIMARY KEY, t INTEGER, facts TEXT);
CREATE TABLE metric(id INTEGER PRIMARY KEY, name TEXT, machine INTEGER, partition INTEGER,
                    label TEXT, unit TEXT);
CREATE TABLE sample(metric INTEGER, t INTEGER, value REAL, PRIMARY KEY(metric, t)) WITHOUT ROWID;
CREATE TABLE message(id INTEGER PRIMARY KEY, sent INTEGER, arrived INTEGER, source INTEGER,
                     destination INTEGER, kind TEXT, bytes INTEGER, exchange INTEGER);
CREATE TABLE invariant(name TEXT PRIMARY KEY, held INTEGER, checked INTEGER, detail TEXT);
CREATE TABLE lost_record(partition INTEGER, offset INTEGER, record_id TEXT, acknowledged INTEGER,
                         why TEXT);
)sql";

// Built once at the end: cheaper than keeping them current row by row. Who reads meanwhile needs
// them meanwhile.
constexpr const char* indexes = R"sql(
CREATE INDEX IF NOT EXISTS event_t ON event(t);
CREATE INDEX IF NOT EXISTS event_by_kind ON event(kind);
CREATE INDEX IF NOT EXISTS fact_t ON fact(t);
CREATE INDEX IF NOT EXISTS message_sent ON message(sent, arrived);
)sql";

// Every statement that writes rows; the order is that of `inserts`.
enum Insert : std::size_t {
  into_meta,
  into_machine,
  into_process,
  into_partition,
  into_event_kind,
  into_event,
  into_fact,
  into_keyframe,
  into_metric,
  into_sample,
  into_message,
  into_invariant,
  into_lost_record,
  insert_count
};

constexpr std::array<const char*, insert_count> inserts = {
    "INSERT OR REPLACE INTO meta VALUES(?,?)",     "INSERT INTO machine VALUES(?,?,?)",
    "INSERT INTO process VALUES(?,?,?,?,?)",       "INSERT INTO partition VALUES(?,?,?,?)",
    "INSERT INTO event_kind VALUES(?,?,?)",        "INSERT INTO event VALUES(?,?,?,?,?,?,?,?,?)",
    "INSERT INTO fact VALUES(?,?,?,?,?)",          "INSERT INTO keyframe VALUES(?,?,?)",
    "INSERT INTO metric VALUES(?,?,?,?,?,?)",      "INSERT OR REPLACE INTO sample VALUES(?,?,?)",
    "INSERT INTO message VALUES(?,?,?,?,?,?,?,?)", "INSERT INTO invariant VALUES(?,?,?,?)",
    "INSERT INTO lost_record VALUES(?,?,?,?,?)",
};

/// Why the file at `path` must not be replaced, if so: it is no recording.
std::optional<std::string> not_to_be_replaced(const std::string& path) {
  std::error_code error;
  const auto kind = std::filesystem::status(path, error).type();
  if (kind == std::filesystem::file_type::not_found) return std::nullopt;
  if (kind != std::filesystem::file_type::regular) {
    return tr("{} is no file that a recording could be written to", path);
  }
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  const bool recording =
      sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READONLY, nullptr) == SQLITE_OK &&
      sqlite3_prepare_v2(database, "SELECT value FROM meta WHERE key = 'format'", -1, &statement,
                         nullptr) == SQLITE_OK &&
      sqlite3_step(statement) == SQLITE_ROW;
  sqlite3_finalize(statement);
  sqlite3_close(database);
  if (recording || std::filesystem::file_size(path, error) == 0) return std::nullopt;
  return tr("{} is there already and no recording: choose another name", path);
}

struct Null {};

void bind(sqlite3_stmt* statement, int column, Null) { sqlite3_bind_null(statement, column); }
void bind(sqlite3_stmt* statement, int column, std::int64_t value) {
  sqlite3_bind_int64(statement, column, value);
}
void bind(sqlite3_stmt* statement, int column, int value) {
  sqlite3_bind_int64(statement, column, value);
}
void bind(sqlite3_stmt* statement, int column, double value) {
  sqlite3_bind_double(statement, column, value);
}
void bind(sqlite3_stmt* statement, int column, Time value) {
  sqlite3_bind_int64(statement, column, value.time_since_epoch().count());
}
void bind(sqlite3_stmt* statement, int column, std::string_view value) {
  // The text outlives the step that follows at once, so SQLite need not copy it. An empty view may
  // have no data at all, which SQLite would take for NULL.
  const char* text = value.empty() ? "" : value.data();
  sqlite3_bind_text(statement, column, text, static_cast<int>(value.size()), SQLITE_STATIC);
}
template <class T>
void bind(sqlite3_stmt* statement, int column, const std::optional<T>& value) {
  if (value) {
    bind(statement, column, *value);
  } else {
    bind(statement, column, Null{});
  }
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string to_json(const EventDetails& details) {
  std::string out = "{";
  for (const auto& [key, value] : details) {
    if (out.size() > 1) out += ',';
    append_json_string(out, key);
    out += ':';
    if (const auto* text = std::get_if<std::string>(&value)) {
      append_json_string(out, *text);
    } else if (const auto* integer = std::get_if<std::int64_t>(&value)) {
      fmt::format_to(std::back_inserter(out), "{}", *integer);
    } else if (const double number = std::get<double>(value); std::isfinite(number)) {
      fmt::format_to(std::back_inserter(out), "{}", number);
    } else {
      out += "null";  // JSON has no infinity.
    }
  }
  return out += '}';
}

using Attributes = std::map<std::string, std::string, std::less<>>;

}  // namespace

std::string_view to_text(Level level) {
  switch (level) {
    case Level::all:
      return "all";
    case Level::sampled:
      return "sampled";
    case Level::control:
      return "control";
    case Level::none:
      return "none";
  }
  UNREACHABLE("recording level {}", static_cast<int>(level));
}

std::string_view to_text(EventLevel level) {
  switch (level) {
    case EventLevel::fault:
      return "fault";
    case EventLevel::control:
      return "control";
    case EventLevel::detail:
      return "detail";
  }
  UNREACHABLE("event level {}", static_cast<int>(level));
}

struct Recording::State {
  FileReplacement file;
  Options options;
  sqlite3* database = nullptr;
  std::array<sqlite3_stmt*, insert_count> statements{};
  std::optional<std::string> error;
  int rows_in_transaction = 0;

  std::map<std::string, std::pair<int, EventLevel>, std::less<>> kinds;
  std::int64_t last_event = 0;
  int last_metric = 0;
  std::int64_t last_message = 0;
  std::int64_t longest_flight = 0;

  std::map<std::string, Attributes, std::less<>> facts;  // As they are now.
  std::int64_t facts_valid = 0;                          // How many that are.
  Time last_fact{};
  std::int64_t last_fact_id = 0;
  std::int64_t last_keyframe = 0;  // The fact behind which it stands.

  explicit State(FileReplacement to) : file(std::move(to)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { close(); }

  void close() {
    for (auto*& statement : statements) {
      sqlite3_finalize(statement);
      statement = nullptr;
    }
    sqlite3_close(database);
    database = nullptr;
  }

  void note_error() {
    if (error) return;
    error = tr("cannot write {}: {}", file.writing_path(), sqlite3_errmsg(database));
  }

  bool execute(const char* sql) {
    if (error) return false;
    if (sqlite3_exec(database, sql, nullptr, nullptr, nullptr) == SQLITE_OK) return true;
    note_error();
    return false;
  }

  bool open() {
    if (sqlite3_open(file.writing_path().c_str(), &database) != SQLITE_OK) {
      note_error();
      return false;
    }
    if (options.grows) sqlite3_busy_timeout(database, writer_patience_ms);
    if (!execute(options.grows ? pragmas_of_growing : pragmas)) return false;
    if (!execute("BEGIN") || !execute(schema)) return false;
    if (options.grows && !execute(indexes)) return false;
    for (std::size_t i = 0; i < insert_count; ++i) {
      if (sqlite3_prepare_v3(database, inserts[i], -1, SQLITE_PREPARE_PERSISTENT, &statements[i],
                             nullptr) != SQLITE_OK) {
        note_error();
        return false;
      }
    }
    return true;
  }

  template <class... Values>
  void insert(Insert which, const Values&... values) {
    if (error) return;
    sqlite3_stmt* statement = statements[which];
    int column = 0;
    (bind(statement, ++column, values), ...);
    const int outcome = sqlite3_step(statement);
    sqlite3_reset(statement);
    ENSURE(outcome != SQLITE_CONSTRAINT, "recording: {}: {}", inserts[which],
           sqlite3_errmsg(database));
    if (outcome != SQLITE_DONE) return note_error();
    if (++rows_in_transaction >= rows_per_transaction) {
      rows_in_transaction = 0;
      execute("COMMIT; BEGIN");
    }
  }

  int kind_id(std::string_view name, EventLevel level) {
    if (const auto known = kinds.find(name); known != kinds.end()) {
      ENSURE(known->second.second == level, "event kind {} has two levels", name);
      return known->second.first;
    }
    const int id = static_cast<int>(kinds.size()) + 1;
    kinds.emplace(name, std::pair{id, level});
    insert(into_event_kind, id, name, to_text(level));
    return id;
  }

  void write_keyframe_if_due() {
    const std::int64_t told = last_fact_id - last_keyframe;
    if (told < std::max(options.keyframe_after, facts_valid)) return;
    std::string json = "{";
    for (const auto& [subject, attributes] : facts) {
      if (json.size() > 1) json += ',';
      append_json_string(json, subject);
      json += ":{";
      bool first = true;
      for (const auto& [attribute, value] : attributes) {
        if (!first) json += ',';
        first = false;
        append_json_string(json, attribute);
        json += ':';
        append_json_string(json, value);
      }
      json += '}';
    }
    json += '}';
    insert(into_keyframe, last_fact_id, last_fact, std::string_view(json));
    last_keyframe = last_fact_id;
  }
};

Recording::Recording(std::unique_ptr<State> state) : state_(std::move(state)) {}
Recording::Recording(Recording&&) noexcept = default;
Recording& Recording::operator=(Recording&&) noexcept = default;
Recording::~Recording() = default;

Result<Recording, std::string> Recording::create(const std::string& path, Options options) {
  ENSURE(options.keyframe_after > 0, "a keyframe after {} facts", options.keyframe_after);
  if (auto refused = not_to_be_replaced(path)) return fail(std::move(*refused));
  auto file = FileReplacement::begin(path);
  if (!file) return fail(file.error());
  auto state = std::make_unique<State>(std::move(*file));
  state->options = options;
  if (!state->open()) return fail(*state->error);
  Recording recording(std::move(state));
  recording.meta("format", std::to_string(recording_format));
  if (recording.error()) return fail(*recording.error());
  return recording;
}

void Recording::meta(std::string_view key, std::string_view value) {
  state_->insert(into_meta, key, value);
}

void Recording::scope(const Scope& scope) {
  ENSURE(scope.from.has_value() == scope.until.has_value(), "a window has two ends");
  meta("record_level", to_text(scope.level));
  if (scope.level == Level::sampled) meta("record_sample", std::to_string(scope.sample));
  if (!scope.from) return;
  meta("record_from_ns", std::to_string(scope.from->time_since_epoch().count()));
  meta("record_until_ns", std::to_string(scope.until->time_since_epoch().count()));
}

void Recording::machine(int id, std::string_view name, std::string_view role) {
  state_->insert(into_machine, id, name, role);
}

void Recording::process(int id, int machine, std::string_view name, std::string_view kind,
                        int number) {
  state_->insert(into_process, id, machine, name, kind, number);
}

void Recording::partition(int id, std::string_view topic, int number, bool internal) {
  state_->insert(into_partition, id, topic, number, internal ? 1 : 0);
}

std::int64_t Recording::event(const EventRow& row) {
  State& s = *state_;
  const std::int64_t id = row.id.value_or(s.last_event + 1);
  s.last_event = std::max(s.last_event, id);
  const int kind = s.kind_id(row.kind, row.level);
  const std::string detail = to_json(row.details);
  s.insert(into_event, id, row.t, kind, row.machine, row.partition, row.cause, row.en, row.ko,
           std::string_view(detail));
  return id;
}

void Recording::fact(Time t, std::string_view subject, std::string_view attribute,
                     std::string_view value) {
  State& s = *state_;
  ENSURE(t >= s.last_fact, "facts must come in order of time: {} after {}", to_text(t),
         to_text(s.last_fact));
  s.last_fact = t;
  auto of_subject = s.facts.find(subject);
  if (of_subject == s.facts.end()) {
    of_subject = s.facts.emplace(std::string(subject), Attributes{}).first;
  }
  auto& attributes = of_subject->second;
  const auto known = attributes.find(attribute);
  if (known != attributes.end() && known->second == value) return;
  if (known == attributes.end()) {
    attributes.emplace(attribute, value);
    ++s.facts_valid;
  } else {
    known->second = value;
  }
  s.insert(into_fact, ++s.last_fact_id, t, subject, attribute, value);
  s.write_keyframe_if_due();
}

int Recording::metric(std::string_view name, std::string_view unit, std::string_view label,
                      std::optional<int> machine, std::optional<int> partition) {
  const int id = ++state_->last_metric;
  state_->insert(into_metric, id, name, machine, partition, label, unit);
  return id;
}

void Recording::sample(int metric, Time t, double value) {
  state_->insert(into_sample, metric, t, value);
}

void Recording::message(const MessageRow& row) {
  State& s = *state_;
  if (row.arrived) s.longest_flight = std::max(s.longest_flight, (*row.arrived - row.sent).count());
  s.insert(into_message, ++s.last_message, row.sent, row.arrived, row.source, row.destination,
           row.kind, row.size.count(), row.exchange);
}

void Recording::invariant(std::string_view name, bool held, std::int64_t checked,
                          std::string_view detail) {
  state_->insert(into_invariant, name, held ? 1 : 0, checked, detail);
}

void Recording::lost_record(const LostRecordRow& row) {
  state_->insert(into_lost_record, row.partition, row.offset, row.record_id, row.acknowledged,
                 row.why);
}

void Recording::step(Time until) {
  State& s = *state_;
  ENSURE(s.options.grows, "only a recording that grows has steps");
  meta("recorded_until_ns", std::to_string(until.time_since_epoch().count()));
  meta("flight_so_far_ns", std::to_string(s.longest_flight));
  s.rows_in_transaction = 0;
  s.execute("COMMIT; BEGIN");
}

const std::optional<std::string>& Recording::error() const { return state_->error; }

Status<std::string> Recording::finish() {
  State& s = *state_;
  ENSURE(s.database != nullptr, "a recording is finished once");
  meta("longest_flight_ns", std::to_string(s.longest_flight));
  s.execute("DELETE FROM meta WHERE key IN ('recorded_until_ns', 'flight_so_far_ns')");
  s.execute("COMMIT");
  s.execute(indexes);
  s.close();
  if (s.error) return fail(*s.error);
  return s.file.commit();
}

}  // namespace brokerlab::recording
