#include "cli/log_recovery.h"

#include "log/directory/verify.h"
#include "log/segment/batch_scanner.h"

#include <fmt/format.h>

namespace brokerlab::cli {

Result<std::unique_ptr<log::Log>, log::LogError> open_to_recover(log::Env& env,
                                                                 const std::string& dir,
                                                                 log::Offset log_start_offset) {
  return log::Log::open(env, dir, {},
                        {.recovery_point = 0,
                         .log_start_offset = log_start_offset,
                         .clean = false,
                         .now = 0,
                         .cutting = log::Log::Cutting::kept});
}

Result<CutContents, log::IoError> contents_of_cuts(log::Env& env, const log::Log& log) {
  CutContents contents;
  for (const log::Log::Recovery::Cut& cut : log.recovery().cuts) {
    if (cut.kept_as.empty()) continue;
    const auto file = env.open(log::join_path(log.dir(), cut.kept_as));
    if (!file.ok()) return fail(file.error());
    log::BatchScanner scanner(**file);
    while (true) {
      const auto batch = scanner.next_unchecked();
      if (!batch.ok()) return fail(batch.error());
      if (!*batch) break;
      const std::int64_t records = (*batch)->record_count();
      const bool good = (*batch)->checksum_ok();
      contents.batches += 1;
      contents.records += records;
      contents.good_batches += good ? 1 : 0;
      contents.good_records += good ? records : 0;
      scanner.accept(**batch);
    }
  }
  return contents;
}

std::string to_text(const Context& context, const CutContents& contents) {
  if (contents.batches == 0) return {};
  const auto both = [&](std::int64_t batches, std::int64_t records) {
    const std::string held = count_text(context, records, record_noun);
    return fmt::format(fmt::runtime(context.say("{} with {}", "{}와 {}")),
                       count_text(context, batches, batch_noun), held);
  };
  const std::string all = both(contents.batches, contents.records);
  if (contents.good_batches == 0) return all;
  const std::string good = both(contents.good_batches, contents.good_records);
  if (contents.good_batches == contents.batches) {
    return context.say(all + ", all good", all + ", 모두 온전함");
  }
  return context.say(
      fmt::format("{}, of which {} {} good", all, good, contents.good_batches == 1 ? "is" : "are"),
      fmt::format("{}, 그중 {}는 온전함", all, good));
}

Result<RecoveryOutlook, log::IoError> foresee_recovery(log::Env& env, const std::string& dir) {
  const std::string path = named_path(dir);
  log::OverlayEnv trial(env);
  RecoveryOutlook outlook;
  const auto refused = [&outlook](const log::IoError& error) {
    outlook.refusal =
        log::LogError{.kind = log::LogError::Kind::io, .message = error.text(), .io = error};
    return outlook;
  };
  auto lock = PartitionLock::take(trial, path);
  if (!lock.ok()) return refused(lock.error());
  const auto log = open_to_recover(trial, path, lock->log_start_offset());
  if (!log.ok()) {
    outlook.refusal = log.error();
    return outlook;
  }
  outlook.bytes_cut = (*log)->recovery().bytes_cut;
  const auto contents = contents_of_cuts(trial, **log);
  if (!contents.ok()) return fail(contents.error());
  outlook.contents = *contents;
  if (const auto closed = (*log)->close(); !closed.ok()) {
    outlook.refusal = closed.error();
    return outlook;
  }
  const auto released = lock->release_cleanly((*log)->log_end_offset());
  if (!released.ok()) return refused(released.error());
  const auto left = log::verify_partition(trial, path);
  if (!left.ok()) return fail(left.error());
  outlook.damage_left = left->damage_count;
  return outlook;
}

}  // namespace brokerlab::cli
