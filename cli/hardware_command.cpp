// brokerlab hardware list | show | check
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "scenarios/hardware_profiles.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

using namespace brokerlab::scenarios;

void list(Context& context, bool as_json) {
  if (profile_library().empty()) {
    context.err << "brokerlab: " << no_library(profile_directory()) << "\n";
    context.status = exit_trouble;
    return;
  }
  for (const LibraryEntry& entry : profile_library()) {
    const LoadedProfile loaded = load_profile(entry.path);
    if (!loaded.profile) {
      context.status = refuse(context, loaded.errors);
      continue;
    }
    const std::string& title = loaded.profile->title.in(context.language);
    if (as_json) {
      context.out << json_text(Json{{"name", entry.name}, {"title", title}, {"file", entry.path}})
                  << "\n";
    } else {
      context.out << fmt::format("{:<20} {}\n", entry.name, title);
    }
  }
}

std::string_view kind_name(sim::DiskKind kind, bool korean) {
  switch (kind) {
    case sim::DiskKind::hdd:
      return "hdd";
    case sim::DiskKind::ssd:
      return "ssd";
    case sim::DiskKind::nvme:
      return "nvme";
    case sim::DiskKind::volume:
      return korean ? "볼륨" : "volume";
  }
  UNREACHABLE();
}

std::string disk_line(const sim::DiskConfig& disk) {
  std::string line = fmt::format(
      "{} {}, {} / {}", kind_name(disk.kind, spoken() == Language::korean), to_text(disk.size),
      to_rounded_text(disk.read_rate), to_rounded_text(disk.write_rate));
  if (disk.iops) line += fmt::format(", {} IOPS", disk.iops->count());
  if (disk.burst_iops) line += tr(" ({} in bursts)", disk.burst_iops->count());
  return line;
}

void print(const HardwareProfile& profile, const std::string& path, Context& context) {
  const sim::MachineConfig& machine = profile.machine;
  const auto row = [&](std::string english, std::string korean, const std::string& value) {
    // Hangul takes two columns a letter; a tab lines both up.
    context.out << context.say(std::move(english), std::move(korean)) << "\t" << value << "\n";
  };
  context.out << profile.name << "\n" << profile.title.in(context.language) << "\n\n";
  row("Cores", "코어", std::to_string(machine.cpu.cores));
  row("Memory", "메모리",
      context.say(fmt::format("{}, heap {}", to_text(machine.page_cache.ram),
                              to_text(machine.page_cache.heap)),
                  fmt::format("{}, 힙 {}", to_text(machine.page_cache.ram),
                              to_text(machine.page_cache.heap))));
  std::string nic = to_text(machine.nic.rate);
  if (machine.nic.burst_rate) nic += tr(" ({} in bursts)", to_text(*machine.nic.burst_rate));
  row("Network", "네트워크", nic);
  for (std::size_t i = 0; i < machine.disks.size();) {
    const std::string line = disk_line(machine.disks[i]);
    std::size_t alike = 1;
    while (i + alike < machine.disks.size() && disk_line(machine.disks[i + alike]) == line) ++alike;
    row("Disks", "디스크",
        context.say(fmt::format("{} x {}", alike, line), fmt::format("{}개: {}", alike, line)));
    i += alike;
  }
  if (machine.volume_link) {
    std::string link = to_rounded_text(machine.volume_link->rate);
    if (machine.volume_link->burst_rate) {
      link += tr(" ({} in bursts)", to_rounded_text(*machine.volume_link->burst_rate));
    }
    row("Link", "연결", link);
  }
  row("File", "파일", path);
  context.out << "\n" << context.say("Sources", "출처") << "\n";
  for (const auto& [pointer, source] : profile.sources) {
    const bool estimate = source.title == "Estimate";
    context.out << fmt::format("  {}\n    {}\n", pointer, estimate ? tr("Estimate") : source.title);
    if (!source.url.empty()) context.out << "    " << source.url << "\n";
    context.out << "    " << source.quote.in(context.language) << "\n";
  }
}

void show(Context& context, const std::string& name, bool as_json) {
  const auto path = find_profile(name);
  if (!path) {
    context.status = refuse(context, {path.error()});
    return;
  }
  const LoadedProfile loaded = load_profile(*path);
  if (!loaded.profile) {
    context.status = refuse(context, loaded.errors);
  } else if (as_json) {
    context.out << effective_text(*loaded.profile);
  } else {
    print(*loaded.profile, *path, context);
  }
}

void check(Context& context, const std::vector<std::string>& files, bool as_json) {
  std::size_t good = 0;
  Problems errors;
  for (const std::string& file : files) {
    // A name of the library, too; anything that is there is a file.
    const auto path =
        std::filesystem::exists(file) ? Result<std::string, Problem>(file) : find_profile(file);
    if (!path) {
      errors.push_back(path.error());
      continue;
    }
    const LoadedProfile loaded = load_profile(*path);
    good += loaded.profile ? 1 : 0;
    errors.insert(errors.end(), loaded.errors.begin(), loaded.errors.end());
  }
  if (as_json) {
    for (const Problem& one : errors) {
      context.out << json_text(Json{{"file", one.file},
                                    {"path", one.path},
                                    {"value", one.value},
                                    {"message", one.message}})
                  << "\n";
    }
  } else {
    context.err << to_text(errors);
    context.out << context.say(
        fmt::format("{} of {} files are valid\n", good, files.size()),
        fmt::format("파일 {1}개 가운데 {0}개가 올바릅니다\n", good, files.size()));
  }
  if (good != files.size()) context.status = exit_bad_input;
}

}  // namespace

void add_hardware(Command app, Context& context) {
  const Command group = app.sub("hardware", tr("Known machines; checking your own"));
  group.needs_sub();
  struct Arguments {
    std::string name;
    std::vector<std::string> files;
    bool json = false;
  };
  const auto arguments = std::make_shared<Arguments>();

  const Command list_command = group.sub("list", tr("Names and titles"));
  list_command.flag("--json", arguments->json, tr("One object a line"));
  list_command.run([&context, arguments] { list(context, arguments->json); });

  const Command show_command = group.sub("show", tr("A machine, and where its numbers are from"));
  show_command.option("name", arguments->name, tr("A name of the list, or a file")).required();
  show_command.flag("--json", arguments->json, tr("Every setting in force, as JSON"));
  show_command.run([&context, arguments] { show(context, arguments->name, arguments->json); });

  const Command check_command = group.sub("check", tr("List every mistake in profiles"));
  check_command.option("files", arguments->files, tr("Names of the list, or files")).required();
  check_command.flag("--json", arguments->json, tr("One object a mistake"));
  check_command.run([&context, arguments] { check(context, arguments->files, arguments->json); });
}

}  // namespace brokerlab::cli
