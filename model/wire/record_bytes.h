// The fields of records that coordinators keep in topics of their own, as Kafka's messages that are
// not flexible have them: strings are an i16 length and bytes (-1: null), byte fields an i32 length
// and bytes, arrays an i32 count.
//
// Errors: a reader gives zeros and empty texts once something was missing; ok() tells.
// Lifetime: a reader borrows its bytes. Threads: values.
#pragma once

#include "base/units.h"
#include "log/batch/big_endian.h"
#include "log/types.h"

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace brokerlab::model {

class RecordWriter {
 public:
  template <std::integral Integer>
  RecordWriter& number(Integer value) {
    bytes_.resize(bytes_.size() + sizeof(Integer));
    log::store_big_endian(bytes_.data() + bytes_.size() - sizeof(Integer), value);
    return *this;
  }
  RecordWriter& text(std::string_view value) {
    number(static_cast<std::int16_t>(value.size()));
    return raw(log::as_bytes(value));
  }
  RecordWriter& text(const std::optional<std::string>& value) {
    return value ? text(std::string_view(*value)) : number(std::int16_t{-1});
  }
  RecordWriter& count(std::size_t n) { return number(static_cast<std::int32_t>(n)); }
  RecordWriter& blob(const log::ByteVector& value) { return count(value.size()).raw(value); }
  RecordWriter& millis(Duration value) {
    return number(static_cast<std::int32_t>(whole_millis(value)));
  }
  log::ByteVector take() { return std::move(bytes_); }

 private:
  RecordWriter& raw(log::ByteView value) {
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    return *this;
  }
  log::ByteVector bytes_;
};

class RecordReader {
 public:
  explicit RecordReader(log::ByteView bytes) : bytes_(bytes) {}

  template <std::integral Integer>
  Integer number() {
    const log::ByteView raw = take(sizeof(Integer));
    return raw.empty() ? Integer{0} : log::load_big_endian<Integer>(raw.data());
  }
  std::optional<std::string> optional_text() {
    const auto length = number<std::int16_t>();
    if (length < 0) return std::nullopt;
    return std::string(log::as_text(take(static_cast<std::size_t>(length))));
  }
  std::string text() {
    std::optional<std::string> value = optional_text();
    if (!value) ok_ = false;
    return value.value_or("");
  }
  log::ByteView blob() {
    const auto length = number<std::int32_t>();
    return length < 0 ? log::ByteView{} : take(static_cast<std::size_t>(length));
  }
  /// Each item takes at least one byte, so a count beyond what is left is malformed.
  std::size_t count() {
    const auto n = number<std::int32_t>();
    if (n >= 0 && static_cast<std::size_t>(n) <= bytes_.size()) return static_cast<std::size_t>(n);
    ok_ = false;
    return 0;
  }
  Duration millis() { return std::chrono::milliseconds(number<std::int32_t>()); }
  bool ok() const { return ok_; }

 private:
  log::ByteView take(std::size_t size) {
    if (!ok_ || size > bytes_.size()) {
      ok_ = false;
      return {};
    }
    const log::ByteView front = bytes_.first(size);
    bytes_ = bytes_.subspan(size);
    return front;
  }
  log::ByteView bytes_;
  bool ok_ = true;
};

}  // namespace brokerlab::model
