#include "labs/files.h"

#include "base/file_replacement.h"
#include "base/translation.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace brokerlab::labs {
namespace {

constexpr std::uintmax_t largest_file = 64u << 20;

}  // namespace

Result<std::string, std::string> read_file(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) return fail(tr("there is no such file"));
  if (!std::filesystem::is_regular_file(path, error)) {
    return fail(tr("is not a regular file"));
  }
  const std::uintmax_t size = std::filesystem::file_size(path, error);
  if (error) return fail(tr("cannot be read"));
  if (size > largest_file) return fail(tr("is larger than 64 MiB"));
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file) return fail(tr("cannot be read"));
  return text;
}

Status<std::string> write_file(const std::string& path, std::string_view text) {
  return replace_file(path, text);
}

}  // namespace brokerlab::labs
