#include "scenarios/text_file.h"

#include "base/translation.h"
#include "base/units.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace brokerlab::scenarios {

Result<std::string, std::string> read_text_file(const std::string& path) {
  constexpr std::uintmax_t largest_file = 8u << 20;
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (error || !std::filesystem::exists(status)) {
    return fail(tr("there is no such file"));
  }
  if (std::filesystem::is_directory(status)) return fail(tr("is a directory"));
  if (!std::filesystem::is_regular_file(status)) return fail(tr("is not a regular file"));
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return fail(tr("cannot be read"));
  if (size > largest_file) {
    return fail(tr("has {}; at most 8 MiB are read",
                   to_rounded_text(Bytes(static_cast<std::int64_t>(size)))));
  }
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return fail(tr("cannot be read"));
  return text;
}

}  // namespace brokerlab::scenarios
