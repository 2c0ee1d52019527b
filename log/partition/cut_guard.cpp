#include "log/partition/cut_guard.h"

#include "log/partition/cut_bytes.h"

#include <fmt/format.h>

namespace brokerlab::log {

Failure<IoError> CutGuard::refuse_cut(const LogSegment& segment, std::int64_t position,
                                      std::string why) {
  refused_ = true;
  return fail(IoError{IoErrorKind::malformed,
                      join_path(dir_, segment_file_name(segment.base_offset(), log_suffix)),
                      fmt::format("at byte {}: {}", position, why)});
}

Status<IoError> CutGuard::before_cut(const LogSegment& segment, std::int64_t position,
                                     std::string why) {
  if (cutting_ == Cutting::as_kafka) return note_cut(segment, position, std::move(why));
  const auto judged = judge_cut(segment.log_file(), position, segment.base_offset());
  if (!judged.ok()) return fail(judged.error());
  switch (judged->claim) {
    case CutClaim::not_kafkas:
      return refuse_cut(segment, position,
                        fmt::format("what stands here {}: it is not ours to cut", judged->why));
    case CutClaim::kept_by_kafka:
      return refuse_cut(segment, position,
                        fmt::format("{}, but {}: it is not ours to cut", why, judged->why));
    case CutClaim::cut_by_kafka:
      return note_cut(segment, position, std::move(why));
  }
  UNREACHABLE();
}

Status<IoError> CutGuard::before_removal(const LogSegment& segment, std::string why) {
  if (cutting_ != Cutting::as_kafka) {
    const auto judged = judge_removal(segment.log_file(), segment.base_offset());
    if (!judged.ok()) return fail(judged.error());
    if (judged->claim == CutClaim::not_kafkas) {
      return refuse_cut(segment, 0,
                        fmt::format("{}, but {}: it is not ours to remove", why, judged->why));
    }
  }
  return note_cut(segment, 0, std::move(why));
}

Status<IoError> CutGuard::note_cut(const LogSegment& segment, std::int64_t position,
                                   std::string why) {
  if (cutting_ == Cutting::never) {
    return refuse_cut(segment, position,
                      fmt::format("{}; {} bytes would be cut off, which only a recovery may do",
                                  why, segment.size() - position));
  }
  LogRecovery::Cut cut{.file = segment_file_name(segment.base_offset(), log_suffix),
                       .position = position,
                       .bytes = segment.size() - position,
                       .why = std::move(why),
                       .kept_as = {}};
  if (cutting_ == Cutting::kept && cut.bytes > 0) {
    auto kept = keep_bytes(*env_, dir_, segment.base_offset(), segment.log_file(), position);
    if (!kept.ok()) return fail(kept.error());
    cut.kept_as = std::move(kept).value();
  }
  cuts_.push_back(std::move(cut));
  return {};
}

}  // namespace brokerlab::log
