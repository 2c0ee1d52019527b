// brokerlab log dump DIR|FILE: batches, records, index entries and producers, close to what
// kafka-dump-log prints (log_dumper.h).
#include "base/translation.h"
#include "cli/log_dumper.h"

#include <fmt/format.h>

namespace brokerlab::cli {
namespace {

struct DumpArguments {
  LogTarget target;
  bool records = false;
  std::optional<std::int64_t> segment;
};

/// The files of a partition's directory: segment by segment, then producer snapshots, then epochs.
Result<std::vector<std::string>, log::IoError> files_of(
    log::Env& env, const DumpArguments& arguments, const std::vector<log::SegmentFiles>& segments) {
  const auto wanted = [&arguments](log::Offset offset) {
    return !arguments.segment || offset == *arguments.segment;
  };
  std::vector<std::string> files;
  for (const log::SegmentFiles& segment : segments) {
    if (!wanted(segment.base_offset)) continue;
    for (const std::string* file :
         {&segment.log, &segment.index, &segment.time_index, &segment.transaction_index}) {
      if (!file->empty()) files.push_back(*file);
    }
  }
  if (files.empty()) return files;
  const auto snapshots = log::list_snapshots(env, arguments.target.dir);
  if (!snapshots.ok()) return fail(snapshots.error());
  for (const log::SnapshotFile& snapshot : *snapshots) {
    if (wanted(snapshot.offset)) files.push_back(snapshot.path);
  }
  const std::string epochs =
      log::join_path(arguments.target.dir, log::leader_epoch_checkpoint_name);
  if (!arguments.segment && env.exists(epochs)) files.push_back(epochs);
  return files;
}

/// The files to dump; nothing when that was refused.
std::vector<std::string> chosen_files(Context& context, MeteredEnv& env,
                                      const DumpArguments& arguments) {
  const std::string& path = arguments.target.dir;
  if (is_file(path)) {
    if (LogDumper::takes(path) && !arguments.segment) return {path};
    context.status = refuse(
        context,
        {{path,
          {},
          {},
          arguments.segment
              ? context.say("is one file; --segment is for a directory",
                            "파일 하나입니다. --segment는 디렉터리를 줄 때 씁니다")
              : context.say("is none of the files that dump knows: <offset>.log, .index, "
                            ".timeindex, .txnindex, .snapshot, leader-epoch-checkpoint",
                            "dump가 아는 파일이 아닙니다. 아는 파일은 <오프셋>.log, .index, "
                            ".timeindex, .txnindex, .snapshot, leader-epoch-checkpoint입니다")}});
    return {};
  }
  const auto segments = segments_of(context, env, arguments.target);
  if (!segments) return {};
  const auto files = files_of(env, arguments, *segments);
  if (!files.ok()) {
    context.status = report(context, files.error());
    return {};
  }
  if (files->empty()) {
    context.status = refuse(context, {{"--segment",
                                       {},
                                       std::to_string(*arguments.segment),
                                       context.say("no segment begins at this offset",
                                                   "이 오프셋에서 시작하는 세그먼트가 없습니다")}});
    return {};
  }
  if (arguments.target.json || arguments.records) env.expect(bytes_of(env, *segments));
  return *files;
}

void dump(Context& context, const DumpArguments& arguments) {
  MeteredEnv env(context.err);
  LogDumper dumper(context, env, arguments.records, arguments.target.json);
  for (const std::string& file : chosen_files(context, env, arguments)) {
    if (const auto dumped = dumper.dump(file); !dumped.ok()) {
      context.status = report(context, dumped.error());
      return;
    }
  }
}

}  // namespace

void add_log_dump(Command log, Context& context) {
  const auto arguments = std::make_shared<DumpArguments>();
  const Command command =
      log.sub("dump", tr("Print batches, indexes, producer snapshots, epochs, as kafka-dump-log"));
  add_target(command, arguments->target, tr("A partition's directory, or one file of it"));
  command.flag("--records", arguments->records, tr("Every record too"));
  command.option("--segment", arguments->segment, tr("Only the segment that begins here"));
  command.run([&context, arguments] { dump(context, *arguments); });
}

}  // namespace brokerlab::cli
