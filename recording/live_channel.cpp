#include "recording/live_channel.h"

#include "base/json_text.h"
#include "base/translation.h"

#include <nlohmann/json.hpp>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sqlite3.h>
#include <unistd.h>
#include <utility>

namespace brokerlab::recording {
namespace {

constexpr int channel_patience_ms = 10'000;

constexpr const char* channel_schema = R"sql(
PRAGMA synchronous=OFF;
CREATE TABLE state(id INTEGER PRIMARY KEY, json TEXT);
CREATE TABLE wish(id INTEGER PRIMARY KEY, json TEXT);
CREATE TABLE command(id INTEGER PRIMARY KEY, words TEXT, done INTEGER, answer TEXT);
)sql";

constexpr std::array doings{std::pair{LiveState::Doing::catching_up, "catching_up"},
                            std::pair{LiveState::Doing::running, "running"},
                            std::pair{LiveState::Doing::finishing, "finishing"},
                            std::pair{LiveState::Doing::ended, "ended"}};

std::string to_json(const LiveState& state) {
  Json json;
  for (const auto& [doing, name] : doings) {
    if (doing == state.doing) json["doing"] = name;
  }
  json["recording"] = state.recording;
  json["life"] = state.life;
  json["now_ns"] = state.now.time_since_epoch().count();
  json["present_ns"] = state.present.time_since_epoch().count();
  json["problem"] = state.problem;
  return json_text(json);
}

std::int64_t number_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_number_integer() ? found->get<std::int64_t>() : 0;
}
std::string text_in(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<LiveState> state_from(const std::string& text) {
  const Json json = json_from(text);
  if (!json.is_object()) return std::nullopt;
  LiveState state;
  for (const auto& [doing, name] : doings) {
    if (text_in(json, "doing") == name) state.doing = doing;
  }
  state.recording = text_in(json, "recording");
  state.life = static_cast<int>(number_in(json, "life"));
  state.now = Time(Duration(number_in(json, "now_ns")));
  state.present = Time(Duration(number_in(json, "present_ns")));
  state.problem = text_in(json, "problem");
  return state;
}

// One statement of the channel, from prepare to finalize.
class Said {
 public:
  Said(sqlite3* database, const char* sql) {
    sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr);
  }
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;
  ~Said() { sqlite3_finalize(statement_); }
  Said& with(std::int64_t value) {
    sqlite3_bind_int64(statement_, ++bound_, value);
    return *this;
  }
  Said& with(std::string_view text) {
    sqlite3_bind_text(statement_, ++bound_, text.empty() ? "" : text.data(),
                      static_cast<int>(text.size()), SQLITE_TRANSIENT);
    return *this;
  }
  bool row() { return statement_ != nullptr && sqlite3_step(statement_) == SQLITE_ROW; }
  bool done() { return statement_ != nullptr && sqlite3_step(statement_) == SQLITE_DONE; }
  std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string text(int column) const {
    const auto* bytes = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return bytes == nullptr ? std::string{} : std::string(static_cast<const char*>(bytes), size);
  }

 private:
  sqlite3_stmt* statement_ = nullptr;
  int bound_ = 0;
};

}  // namespace

struct LiveChannel::State {
  std::string path;
  sqlite3* database = nullptr;
  int lock = -1;  ///< Of who created it.

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    sqlite3_close(database);
    if (lock < 0) return;
    unlink(path.c_str());
    unlink((path + "-journal").c_str());  // of a run that was ended while it wrote
    close(lock);
  }

  Status<std::string> open() {
    if (sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, nullptr) == SQLITE_OK) {
      sqlite3_busy_timeout(database, channel_patience_ms);
      return {};
    }
    return fail(path + ": " + sqlite3_errmsg(database));
  }
};

LiveChannel::LiveChannel(std::unique_ptr<State> state) : state_(std::move(state)) {}
LiveChannel::LiveChannel(LiveChannel&&) noexcept = default;
LiveChannel& LiveChannel::operator=(LiveChannel&&) noexcept = default;
LiveChannel::~LiveChannel() = default;

Result<LiveChannel, std::string> LiveChannel::create(const std::string& recording) {
  auto state = std::make_unique<State>();
  state->path = path_of(recording);
  constexpr int everyone_reads = 0666;
  const int file = ::open(state->path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, everyone_reads);
  if (file < 0) return fail(tr("cannot write {}: {}", state->path, std::strerror(errno)));
  if (flock(file, LOCK_EX | LOCK_NB) != 0) {
    close(file);
    return fail(tr("{} is simulated live already; choose another name", recording));
  }
  state->lock = file;
  // What a session that was killed has left says nothing of this one.
  if (ftruncate(file, 0) != 0) {
    return fail(tr("cannot write {}: {}", state->path, std::strerror(errno)));
  }
  if (auto opened = state->open(); !opened) return fail(opened.error());
  if (sqlite3_exec(state->database, channel_schema, nullptr, nullptr, nullptr) != SQLITE_OK) {
    return fail(tr("cannot write {}: {}", state->path, sqlite3_errmsg(state->database)));
  }
  return LiveChannel(std::move(state));
}

Result<LiveChannel, std::string> LiveChannel::join(const std::string& recording) {
  auto state = std::make_unique<State>();
  state->path = path_of(recording);
  std::error_code ignored;
  if (!std::filesystem::exists(state->path, ignored)) {
    return fail(tr("{}: is not simulated live (start it: brokerlab live)", recording));
  }
  if (auto opened = state->open(); !opened) return fail(opened.error());
  LiveChannel joined(std::move(state));
  if (!joined.simulated()) {
    return fail(tr("{}: is not simulated live any more", recording));
  }
  return joined;
}

void LiveChannel::tell(const LiveState& state) {
  Said(state_->database, "INSERT OR REPLACE INTO state VALUES(1, ?)").with(to_json(state)).done();
}

std::optional<LiveState> LiveChannel::state() const {
  Said said(state_->database, "SELECT json FROM state");
  return said.row() ? state_from(said.text(0)) : std::nullopt;
}

void LiveChannel::wish(const LiveWish& wish) {
  const Json json = {{"pace", wish.pace}, {"paused", wish.paused}, {"full_speed", wish.full_speed}};
  Said(state_->database, "INSERT OR REPLACE INTO wish VALUES(1, ?)").with(json_text(json)).done();
}

LiveWish LiveChannel::wish() const {
  LiveWish wish;
  Said said(state_->database, "SELECT json FROM wish");
  const Json json = said.row() ? json_from(said.text(0)) : Json();
  if (!json.is_object()) return wish;
  if (const auto pace = json.find("pace"); pace != json.end() && pace->is_number()) {
    const double value = pace->get<double>();
    if (std::isfinite(value) && value > 0) wish.pace = value;
  }
  const auto flag = [&](const char* key) {
    const auto found = json.find(key);
    return found != json.end() && found->is_boolean() && found->get<bool>();
  };
  wish.paused = flag("paused");
  wish.full_speed = flag("full_speed");
  return wish;
}

std::vector<LiveCommand> LiveChannel::unanswered() const {
  std::vector<LiveCommand> commands;
  Said said(state_->database, "SELECT id, words FROM command WHERE done IS NULL ORDER BY id");
  while (said.row()) commands.push_back({said.integer(0), said.text(1)});
  return commands;
}

void LiveChannel::answer(std::int64_t command, const LiveAnswer& answer) {
  Said(state_->database, "UPDATE command SET done = ?, answer = ? WHERE id = ?")
      .with(answer.done ? 1 : 0)
      .with(answer.words)
      .with(command)
      .done();
}

bool LiveChannel::simulated() const {
  if (state_->lock >= 0) return true;
  const int file = ::open(state_->path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool locked = flock(file, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
  close(file);
  return locked;
}

std::optional<std::int64_t> LiveChannel::ask(std::string_view words) {
  Said asked(state_->database, "INSERT INTO command(words) VALUES(?)");
  if (!asked.with(words).done()) return std::nullopt;
  return sqlite3_last_insert_rowid(state_->database);
}

std::optional<LiveAnswer> LiveChannel::answer_to(std::int64_t command) const {
  Said said(state_->database, "SELECT done, answer FROM command WHERE id = ? AND done NOT NULL");
  said.with(command);
  if (!said.row()) return std::nullopt;
  return LiveAnswer{said.integer(0) != 0, said.text(1)};
}

}  // namespace brokerlab::recording
