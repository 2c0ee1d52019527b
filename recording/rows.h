// Rows of a recording one after another, for who wants all of them: exports, questions in SQL.
// A row is shown and forgotten; a recording of any size takes the same memory.
//
// Lifetime: owns its connection. What a row shows is valid until the next row only.
// Threads:  none.
// Errors:   open() as Reader's. A Cursor that ended early says why in error().
#pragma once

#include "base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace brokerlab::recording {

/// As SQLite keeps it: NULL, INTEGER, REAL or TEXT.
using Cell = std::variant<std::monostate, std::int64_t, double, std::string_view>;

class Rows {
 public:
  static Result<Rows, std::string> open(const std::string& path);
  Rows(Rows&&) noexcept;
  Rows& operator=(Rows&&) noexcept;
  ~Rows();

  std::vector<std::string> tables() const;  ///< By name.

  class Cursor {
   public:
    Cursor(Cursor&&) noexcept;
    ~Cursor();

    bool next();  ///< The first or next row; false at the end and after an error.
    int width() const;
    std::string column(int at) const;  ///< Its name.
    Cell cell(int at) const;
    std::int64_t integer(int at) const;  ///< 0 for NULL.
    std::optional<std::int64_t> maybe_integer(int at) const;
    double real(int at) const;
    std::string_view text(int at) const;  ///< "" for NULL.
    const std::optional<std::string>& error() const;

   private:
    friend class Rows;
    struct State;
    explicit Cursor(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
  };
  /// `sql`: one SELECT. It must not outlive this object.
  Cursor select(const std::string& sql) const;
  /// Of a SELECT that answers with one number; 0 where it answers nothing.
  std::int64_t number(const std::string& sql) const;

 private:
  struct State;
  explicit Rows(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace brokerlab::recording
