#include "log/segment/segment_names.h"

#include "base/integer_text.h"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace brokerlab::log {
namespace {

constexpr std::size_t file_number_digits = 20;
constexpr std::array files_of_segment{log_suffix, index_suffix, time_index_suffix};

}  // namespace

std::string segment_file_name(Offset base_offset, std::string_view suffix) {
  return fmt::format("{:020d}{}", base_offset, suffix);
}

std::optional<Offset> base_offset_of(std::string_view file_name, std::string_view suffix) {
  if (file_name.size() != file_number_digits + suffix.size() || !file_name.ends_with(suffix)) {
    return std::nullopt;
  }
  const auto digits = file_name.substr(0, file_number_digits);
  if (digits.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return parse_integer<Offset>(digits);
}

std::string SegmentNames::path(std::string_view suffix) const {
  return join_path(dir_, segment_file_name(base_offset_, suffix) + file_suffix_);
}

Result<std::unique_ptr<File>, IoError> SegmentNames::open(std::string_view suffix) const {
  return env_->open(path(suffix));
}

Result<std::unique_ptr<File>, IoError> SegmentNames::create(std::string_view suffix) const {
  const std::string name = path(suffix);
  if (env_->exists(name)) {
    if (auto removed = env_->remove(name); !removed.ok()) return fail(removed.error());
  }
  return env_->create(name);
}

Status<IoError> SegmentNames::remove() const {
  for (const std::string_view suffix : files_of_segment) {
    if (auto removed = env_->remove(path(suffix)); !removed.ok()) return removed;
  }
  return {};
}

Status<IoError> SegmentNames::rename(std::string_view file_suffix) {
  const std::string before = std::exchange(file_suffix_, std::string(file_suffix));
  for (const std::string_view suffix : files_of_segment) {
    const std::string from = join_path(dir_, segment_file_name(base_offset_, suffix) + before);
    if (!env_->exists(from)) continue;
    if (auto moved = env_->rename(from, path(suffix)); !moved.ok()) return moved;
  }
  return {};
}

}  // namespace brokerlab::log
