#include "recording/rows.h"

#include "recording/reader.h"

#include <sqlite3.h>

namespace brokerlab::recording {

struct Rows::State {
  sqlite3* database = nullptr;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { sqlite3_close(database); }
};

struct Rows::Cursor::State {
  sqlite3* database = nullptr;
  sqlite3_stmt* statement = nullptr;
  std::optional<std::string> error;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { sqlite3_finalize(statement); }
};

Rows::Rows(std::unique_ptr<State> state) : state_(std::move(state)) {}
Rows::Rows(Rows&&) noexcept = default;
Rows& Rows::operator=(Rows&&) noexcept = default;
Rows::~Rows() = default;

Result<Rows, std::string> Rows::open(const std::string& path) {
  // The reader knows what is wrong with a file.
  if (auto reader = Reader::open(path); !reader) return fail(reader.error());
  auto state = std::make_unique<State>();
  if (sqlite3_open_v2(path.c_str(), &state->database, SQLITE_OPEN_READONLY, nullptr) != SQLITE_OK) {
    return fail(path + ": " + sqlite3_errmsg(state->database));
  }
  return Rows(std::move(state));
}

std::vector<std::string> Rows::tables() const {
  std::vector<std::string> names;
  Cursor cursor = select("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name");
  while (cursor.next()) names.emplace_back(cursor.text(0));
  return names;
}

Rows::Cursor Rows::select(const std::string& sql) const {
  auto state = std::make_unique<Cursor::State>();
  state->database = state_->database;
  if (sqlite3_prepare_v2(state->database, sql.c_str(), -1, &state->statement, nullptr) !=
      SQLITE_OK) {
    state->error = sqlite3_errmsg(state->database);
  }
  return Cursor(std::move(state));
}

std::int64_t Rows::number(const std::string& sql) const {
  Cursor cursor = select(sql);
  return cursor.next() ? cursor.integer(0) : 0;
}

Rows::Cursor::Cursor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Rows::Cursor::Cursor(Cursor&&) noexcept = default;
Rows::Cursor::~Cursor() = default;

bool Rows::Cursor::next() {
  if (state_->error) return false;
  const int outcome = sqlite3_step(state_->statement);
  if (outcome != SQLITE_ROW && outcome != SQLITE_DONE) {
    state_->error = sqlite3_errmsg(state_->database);
  }
  return outcome == SQLITE_ROW;
}

int Rows::Cursor::width() const { return sqlite3_column_count(state_->statement); }

std::string Rows::Cursor::column(int at) const {
  const char* name = sqlite3_column_name(state_->statement, at);
  return name == nullptr ? "" : name;
}

Cell Rows::Cursor::cell(int at) const {
  switch (sqlite3_column_type(state_->statement, at)) {
    case SQLITE_NULL:
      return std::monostate{};
    case SQLITE_INTEGER:
      return integer(at);
    case SQLITE_FLOAT:
      return real(at);
    default:
      return text(at);
  }
}

std::int64_t Rows::Cursor::integer(int at) const {
  return sqlite3_column_int64(state_->statement, at);
}

std::optional<std::int64_t> Rows::Cursor::maybe_integer(int at) const {
  if (sqlite3_column_type(state_->statement, at) == SQLITE_NULL) return {};
  return integer(at);
}

double Rows::Cursor::real(int at) const { return sqlite3_column_double(state_->statement, at); }

std::string_view Rows::Cursor::text(int at) const {
  const auto* bytes = static_cast<const char*>(sqlite3_column_blob(state_->statement, at));
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(state_->statement, at));
  return bytes == nullptr ? std::string_view{} : std::string_view(bytes, size);
}

const std::optional<std::string>& Rows::Cursor::error() const { return state_->error; }

}  // namespace brokerlab::recording
