#include "cli/moment.h"

#include "base/integer_text.h"
#include "base/translation.h"

#include <fmt/format.h>

#include <chrono>
#include <optional>

namespace brokerlab::cli {
namespace {

using namespace std::chrono_literals;

constexpr log::Timestamp second = 1000;
/// The first moment whose year has five digits.
constexpr log::Timestamp year_10000 = 253'402'300'800'000;

/// Takes text from the front, piece by piece.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool at_end() const { return rest_.empty(); }
  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly `count` digits.
  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int number = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      number = number * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }
  /// The digits behind a decimal point, as milliseconds rounded up.
  std::optional<int> fraction() {
    int millis = 0;
    int place = 100;
    bool more = false;
    std::size_t count = 0;
    for (; count < rest_.size() && rest_[count] >= '0' && rest_[count] <= '9'; ++count) {
      millis += (rest_[count] - '0') * place;
      more = more || (place == 0 && rest_[count] != '0');
      place /= 10;
    }
    rest_.remove_prefix(count);
    if (count == 0) return std::nullopt;
    return millis + (more ? 1 : 0);
  }

 private:
  std::string_view rest_;
};

std::optional<std::chrono::milliseconds> read_date(Scanner& text) {
  const auto year = text.digits(4);
  if (!year || !text.take("-")) return std::nullopt;
  const auto month = text.digits(2);
  if (!month || !text.take("-")) return std::nullopt;
  const auto day = text.digits(2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch();
}

std::optional<std::chrono::milliseconds> read_time(Scanner& text) {
  const auto hour = text.digits(2);
  if (!hour || !text.take(":")) return std::nullopt;
  const auto minute = text.digits(2);
  if (!minute) return std::nullopt;
  std::optional<int> seconds = 0;
  std::optional<int> millis = 0;
  if (text.take(":")) {
    seconds = text.digits(2);
    if (text.take(".,")) millis = text.fraction();
  }
  if (!seconds || !millis || *hour > 23 || *minute > 59 || *seconds > 59) return std::nullopt;
  return *hour * 1h + *minute * 1min + *seconds * 1s + *millis * 1ms;
}

/// What is to be taken off the time on the clock: "Z", "+09:00", "+0900", "-05".
std::optional<std::chrono::milliseconds> read_zone(Scanner& text) {
  if (text.take("Zz")) return 0ms;
  const bool east = text.take("+");
  if (!east && !text.take("-")) return std::nullopt;
  const auto hours = text.digits(2);
  std::optional<int> minutes = 0;
  if (text.take(":") || !text.at_end()) minutes = text.digits(2);
  if (!hours || !minutes || *hours > 18 || *minutes > 59) return std::nullopt;
  const std::chrono::milliseconds ahead = *hours * 1h + *minutes * 1min;
  return east ? ahead : -ahead;
}

}  // namespace

Result<log::Timestamp, std::string> parse_moment(std::string_view text) {
  auto moment = parse_integer<log::Timestamp>(text);
  if (!moment) {
    const auto malformed = [] {
      return fail(
          tr("must be milliseconds since 1970, or a date and time with its zone such as "
             "2024-03-04T09:00:00+09:00 or 2024-03-04T00:00:00Z"));
    };
    Scanner scanner(text);
    const auto date = read_date(scanner);
    if (!date || !scanner.take("Tt ")) return malformed();
    const auto time = read_time(scanner);
    if (!time) return malformed();
    if (scanner.at_end()) {
      return fail(tr("says no zone; {0}Z is universal time, {0}+09:00 Korea's", text));
    }
    const auto ahead = read_zone(scanner);
    if (!ahead || !scanner.at_end()) return malformed();
    moment = (*date + *time - *ahead).count();
  }
  if (*moment < 0) return fail(tr("must not be before 1970"));
  return *moment;
}

std::string time_text(log::Timestamp timestamp) {
  if (timestamp == log::no_timestamp) return tr("no timestamp");
  // Of a year that has four digits; else the plain number says more.
  if (timestamp < 0 || timestamp >= year_10000) return std::to_string(timestamp);
  const std::chrono::sys_time<std::chrono::milliseconds> moment{
      std::chrono::milliseconds(timestamp)};
  const auto day = std::chrono::floor<std::chrono::days>(moment);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(moment - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     timestamp % second);
}

}  // namespace brokerlab::cli
