// brokerlab log extract FILE.run --broker 1 --at 340s DIR: a broker's log directory as it is at a
// moment of a run, as files. The recording has no bytes; the run is repeated up to there.
#include "base/translation.h"
#include "cli/deeds.h"
#include "cli/log_command.h"
#include "cli/progress.h"
#include "cli/recordings.h"
#include "log/env/posix_env.h"
#include "scenarios/loader.h"
#include "scenarios/look_into.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <ostream>

namespace brokerlab::cli {
namespace {

namespace fs = std::filesystem;

struct ExtractArguments {
  std::string file;
  std::int64_t broker = 0;
  std::string at;
  std::string dir;
  std::string data;
};

struct Copied {
  std::int64_t partitions = 0;
  std::int64_t files = 0;
  std::int64_t bytes = 0;
};

constexpr std::size_t copied_at_once = 1 << 20;

Status<log::IoError> copy_file(log::Env& from, const std::string& source, log::Env& to,
                               const std::string& target, Copied& copied) {
  auto in = from.open(source);
  if (!in) return fail(in.error());
  auto out = to.create(target);
  if (!out) return fail(out.error());
  std::vector<std::byte> buffer(copied_at_once);
  for (std::int64_t at = 0; at < (*in)->size();) {
    const auto got = (*in)->read_at(at, log::MutableByteView(buffer.data(), buffer.size()));
    if (!got) return fail(got.error());
    if (*got == 0) break;
    if (auto put = (*out)->append(log::ByteView(buffer.data(), *got)); !put) return put;
    at += static_cast<std::int64_t>(*got);
    copied.bytes += static_cast<std::int64_t>(*got);
  }
  ++copied.files;
  return {};
}

/// All that is in the directory, which is two levels deep.
Status<log::IoError> copy_dir(log::Env& from, const std::string& source, log::Env& to,
                              const std::string& target, Copied& copied) {
  if (auto made = to.make_dir(target); !made) return made;
  const auto names = from.list(source);
  if (!names) return fail(names.error());
  for (const std::string& name : *names) {
    const std::string inner = log::join_path(source, name);
    const std::string outer = log::join_path(target, name);
    if (from.list(inner).ok()) {
      ++copied.partitions;
      if (auto done = copy_dir(from, inner, to, outer, copied); !done) return done;
    } else if (auto done = copy_file(from, inner, to, outer, copied); !done) {
      return done;
    }
  }
  return {};
}

/// Nothing that is there is written over. The error has been told.
bool is_free(Context& context, const std::string& dir) {
  std::error_code error;
  if (!fs::exists(dir, error)) return true;
  std::string why;
  if (!fs::is_directory(dir, error)) {
    why = tr("is no directory");
  } else if (!fs::is_empty(dir, error) || error) {
    why = tr("is not empty");
  }
  if (why.empty()) return true;
  context.status = refuse(context, {{"dir", {}, dir, why}});
  return false;
}

std::string ids_of(const recording::Reader& reader) {
  std::string ids;
  for (const auto& process : reader.processes()) {
    if (process.kind != "broker") continue;
    ids += (ids.empty() ? "" : ", ") + std::to_string(process.number);
  }
  return ids;
}

void tell_copied(Context& context, const ExtractArguments& arguments, Time at,
                 const Copied& copied) {
  context.out << context.say(
      fmt::format("broker {} at {}: {}, {} in {} files, in {}\n", arguments.broker,
                  brokerlab::to_text(at.time_since_epoch()),
                  count_text(copied.partitions, "partition", "partitions"),
                  bytes_text(copied.bytes), copied.files, arguments.dir),
      fmt::format("{}의 브로커 {}: 파티션 {}개, 파일 {}개, {}, {}에 저장했습니다\n",
                  brokerlab::to_text(at.time_since_epoch()), arguments.broker, copied.partitions,
                  copied.files, bytes_text(copied.bytes), arguments.dir));
}

/// What to ask the run, and where to look.
std::optional<scenarios::Scenario> repeated(Context& context, const recording::Reader& reader,
                                            const ExtractArguments& arguments) {
  const auto scenario = recorded_scenario(reader, arguments.file);
  if (!scenario) {
    context.status = refuse(context, {{{}, {}, {}, scenario.error()}});
    return std::nullopt;
  }
  const std::string folder = data_folder_of(reader, arguments.file, arguments.data);
  auto loaded = scenarios::parse_scenario(json_text(*scenario, 2), arguments.file, folder);
  if (!loaded.scenario) context.status = refuse(context, loaded.errors);
  return std::move(loaded.scenario);
}

void extract(Context& context, const ExtractArguments& arguments) {
  const auto reader = open_recording(arguments.file);
  if (!reader) {
    context.status = refuse(context, {{{}, {}, {}, reader.error()}});
    return;
  }
  const auto span = read_span(context, *reader, arguments.at, "");
  if (!span) return;
  const auto processes = reader->processes();
  const bool known = std::any_of(processes.begin(), processes.end(), [&](const auto& process) {
    return process.kind == "broker" && process.number == arguments.broker;
  });
  if (!known) {
    context.status =
        refuse(context, {{"--broker",
                          {},
                          std::to_string(arguments.broker),
                          tr("there is no such broker; there are {}", ids_of(*reader))}});
    return;
  }
  if (!is_free(context, arguments.dir)) return;
  const auto scenario = repeated(context, *reader, arguments);
  if (!scenario) return;
  log::PosixEnv to;
  Copied copied;
  std::optional<log::IoError> wrong;
  const auto looked = scenarios::look_into(*scenario, span->from, [&](scenarios::Cluster& cluster) {
    auto& storage = cluster.storage(model::BrokerId(static_cast<int>(arguments.broker)));
    for (int i = 0; i < storage.dirs() && !wrong; ++i) {
      // A broker with several disks has a log directory on each.
      const std::string target = storage.dirs() == 1
                                     ? arguments.dir
                                     : log::join_path(arguments.dir, fmt::format("disk{}", i + 1));
      log::Env& from = storage.dir(i).env();
      if (!from.list(model::log_root).ok()) continue;  // It has not been started yet.
      const auto done = copy_dir(from, model::log_root, to, target, copied);
      if (!done) wrong = done.error();
    }
  });
  if (!looked) {
    context.err << "brokerlab: " << looked.error() << "\n";
    context.status = exit_trouble;
    return;
  }
  if (wrong) {
    context.status = report(context, *wrong);
    return;
  }
  if (copied.files == 0) {
    context.status =
        refuse(context, {{"--at", {}, arguments.at, tr("the broker has no log directory yet")}});
    return;
  }
  tell_copied(context, arguments, span->from, copied);
}

}  // namespace

void add_log_extract(Command log, Context& context) {
  const auto arguments = std::make_shared<ExtractArguments>();
  const Command command =
      log.sub("extract", tr("A broker's log directory at a moment of a recorded run, as files"));
  command.option("file", arguments->file, tr("A recording (run --record FILE.run)")).required();
  command.option("dir", arguments->dir, tr("A directory that is empty, or not there yet"))
      .required();
  command.option("--broker", arguments->broker, tr("Its broker.id")).required();
  command.option("--at", arguments->at, tr("The moment, such as 335s or 09:00:35")).required();
  command.option("--data", arguments->data, tr("Folder of the scenario's data files"));
  command.run([&context, arguments] { extract(context, *arguments); });
}

}  // namespace brokerlab::cli
