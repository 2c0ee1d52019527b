#include "log/env/env.h"

#include "log/batch/phantom.h"

#include <fmt/format.h>

namespace brokerlab::log {

std::string_view to_text(IoErrorKind kind) {
  switch (kind) {
    case IoErrorKind::not_found:
      return "not found";
    case IoErrorKind::exists:
      return "already exists";
    case IoErrorKind::no_space:
      return "no space left";
    case IoErrorKind::read_only:
      return "read only";
    case IoErrorKind::locked:
      return "locked";
    case IoErrorKind::malformed:
      return "malformed";
    case IoErrorKind::io:
      return "input/output error";
  }
  UNREACHABLE();
}

std::string IoError::text() const {
  if (message.empty()) return fmt::format("{}: {}", path, to_text(kind));
  return fmt::format("{}: {}: {}", path, to_text(kind), message);
}

Status<IoError> File::append_phantom(const PhantomBatch& batch) {
  return append(materialise(batch));
}

std::string join_path(std::string_view dir, std::string_view name) {
  if (dir.empty() || dir.ends_with('/')) return fmt::format("{}{}", dir, name);
  return fmt::format("{}/{}", dir, name);
}

std::string parent_path(std::string_view path) {
  const auto slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string(path.substr(0, slash));
}

Result<std::string, IoError> read_text(Env& env, const std::string& path) {
  constexpr std::int64_t limit = std::int64_t{64} << 20;
  auto file = env.open(path);
  if (!file.ok()) return fail(file.error());
  const std::int64_t size = (*file)->size();
  if (size > limit) {
    return fail(IoError{IoErrorKind::io, path, fmt::format("{} bytes of checkpoint", size)});
  }
  std::string text(static_cast<std::size_t>(size), '\0');
  const auto got = (*file)->read_at(0, std::as_writable_bytes(std::span(text)));
  if (!got.ok()) return fail(got.error());
  text.resize(got.value());
  return text;
}

Status<IoError> write_text_atomically(Env& env, const std::string& path, std::string_view text) {
  const std::string temporary = path + ".tmp";
  if (env.exists(temporary)) {
    if (auto removed = env.remove(temporary); !removed.ok()) return removed;
  }
  auto file = env.create(temporary);
  if (!file.ok()) return fail(file.error());
  if (auto written = (*file)->append(as_bytes(text)); !written.ok()) return written;
  if (auto synced = (*file)->sync(); !synced.ok()) return synced;
  if (auto renamed = env.rename(temporary, path); !renamed.ok()) return renamed;
  return env.sync_dir(parent_path(path));
}

}  // namespace brokerlab::log
