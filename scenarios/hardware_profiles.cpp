#include "scenarios/hardware_profiles.h"

#include "base/installation.h"
#include "base/translation.h"
#include "scenarios/text_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>

namespace brokerlab::scenarios {

const Settings<ProfileSource>& ProfileSource::settings() {
  static const auto all =
      Settings<ProfileSource>("ProfileSource", "Where a number comes from.")
          .field("title", &ProfileSource::title, setting::text(300), "Author and title.")
          .required()
          .field("url", &ProfileSource::url,
                 setting::text(1000, "https?://[^ ]+", "an address that begins with http"),
                 "Where it is; none for an estimate.")
          .field("quote", &ProfileSource::quote, setting::record<LocalText>(),
                 "What it says, or how the number follows from it.")
          .required();
  return all;
}

const Settings<HardwareProfile>& HardwareProfile::settings() {
  using P = HardwareProfile;
  static const auto all =
      Settings<P>("HardwareProfile", "A known machine.")
          .field(
              "name", &P::name,
              setting::text(63, "[A-Za-z0-9][A-Za-z0-9_-]*", "a name of letters, digits, - and _"),
              "Its name.")
          .required()
          .field("title", &P::title, setting::record<LocalText>(), "One line for people.")
          .required()
          .field("machine", &P::machine, setting::record<sim::MachineConfig>(), "The machine.")
          .required()
          .field("sources", &P::sources, setting::map(setting::record<ProfileSource>()),
                 "By JSON pointer below machine: the source of every number.")
          .required();
  return all;
}

namespace {

/// "/disks/0/size" to its parts.
std::vector<std::string_view> parts(std::string_view pointer) {
  std::vector<std::string_view> found;
  while (!pointer.empty()) {
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    found.push_back(pointer.substr(1, end - 1));
    pointer.remove_prefix(end);
  }
  return found;
}

bool covers(std::string_view source, std::string_view number) {
  const auto wanted = parts(source);
  const auto given = parts(number);
  return std::equal(wanted.begin(), wanted.end(), given.begin(), given.end(),
                    [](std::string_view a, std::string_view b) { return a == "*" || a == b; });
}

/// Calls `visit` with the pointer and the value of every number and quantity.
void each_number(const Json& value, const std::string& pointer,
                 const std::function<void(const std::string&, const Json&)>& visit) {
  if (value.is_object()) {
    for (const auto& [key, member] : value.items()) {
      each_number(member, json_pointer(pointer, key), visit);
    }
  } else if (value.is_array()) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      each_number(value[i], json_pointer(pointer, i), visit);
    }
  } else if (value.is_number()) {
    visit(pointer, value);
  } else if (value.is_string()) {
    const auto& text = value.get_ref<const std::string&>();
    if (!text.empty() && text[0] >= '0' && text[0] <= '9') visit(pointer, value);
  }
}

/// "/disks/*/size" of "/disks/0/size".
std::string with_stars(std::string_view pointer) {
  std::string text;
  for (const std::string_view part : parts(pointer)) {
    const bool place = part.find_first_not_of("0123456789") == std::string_view::npos;
    text += "/";
    text += place && !part.empty() ? "*" : part;
  }
  return text;
}

void check_sources(const Json& machine, const HardwareProfile& profile, SettingsReport& report) {
  std::set<std::string> used;
  each_number(machine, "", [&](const std::string& pointer, const Json& value) {
    bool found = false;
    for (const auto& [name, source] : profile.sources) {
      if (!covers(name, pointer)) continue;
      found = true;
      used.insert(name);
    }
    if (!found) {
      const std::string all = with_stars(pointer);
      report.error(
          "/machine" + pointer, brief_text(value),
          all == pointer
              ? tr("has no source; /sources needs \"{}\"", pointer)
              : tr("has no source; /sources needs \"{}\", or \"{}\" for all alike", pointer, all));
    }
  });
  for (const auto& [name, source] : profile.sources) {
    if (used.contains(name)) continue;
    report.error("/sources", fmt::format("\"{}\"", name), tr("names no number of /machine"));
  }
}

/// A profile as it was written, beside what was read from it.
struct Read {
  std::optional<HardwareProfile> profile;
  Json machine;
  Problems errors;
};

Read read_profile(const std::string& path) {
  SettingsReport report;
  report.file = path;
  const auto text = read_text_file(path);
  if (!text) return {std::nullopt, {}, {{path, {}, {}, text.error()}}};
  Json document;
  if (!parse_json(*text, document, report)) return {std::nullopt, {}, std::move(report.errors)};
  HardwareProfile profile = HardwareProfile::settings().read(document, report);
  if (profile.machine.profile) {
    report.error("/machine/profile", brief_text(document["machine"]["profile"]),
                 tr("a profile cannot adjust another one"));
  }
  if (report.clean("/machine") && report.clean("/sources") && document.is_object()) {
    check_sources(document["machine"], profile, report);
  }
  Read result{std::nullopt, {}, std::move(report.errors)};
  if (result.errors.empty()) {
    result.machine = document["machine"];
    result.profile = std::move(profile);
  }
  return result;
}

/// Reads each profile once, and reports its mistakes once.
class Profiles {
 public:
  Profiles(std::string directory, SettingsReport& report)
      : directory_(std::move(directory)), report_(report) {}

  /// The machine of the profile; nothing, and the reason reported, when it is not to be had.
  std::optional<Json> machine(const std::string& name, const std::string& asked_at) {
    const auto path = find_profile(name, directory_);
    if (!path) {
      report_.error(asked_at, path.error().value, path.error().message);
      return std::nullopt;
    }
    const auto [at, is_new] = read_.try_emplace(*path);
    if (is_new) {
      at->second = read_profile(*path);
      report_.errors.insert(report_.errors.end(), at->second.errors.begin(),
                            at->second.errors.end());
      if (!at->second.errors.empty()) {
        report_.error(asked_at, fmt::format("\"{}\"", name),
                      tr("the profile {} has mistakes, see there", *path));
      }
    }
    if (!at->second.profile) return std::nullopt;
    return at->second.machine;
  }

 private:
  const std::string directory_;
  SettingsReport& report_;
  std::map<std::string, Read> read_;
};

/// `machine` is the name of a profile and of nothing under "hardware": it gets an entry there.
void use_by_name(const Json& user, Json& document, Profiles& profiles) {
  if (!user.is_object() || !user.contains("machine") || !user["machine"].is_string()) return;
  const auto name = user["machine"].get<std::string>();
  Json& hardware = document["hardware"];
  if (!hardware.is_object() || hardware.contains(name)) return;
  const auto library = profile_library();
  const bool known = std::any_of(library.begin(), library.end(),
                                 [&](const LibraryEntry& entry) { return entry.name == name; });
  if (!known) return;  // The scenario's own check lists what there is.
  if (auto machine = profiles.machine(name, "/hardware")) hardware[name] = std::move(*machine);
}

}  // namespace

void use_profiles(Json& document, const std::string& directory, SettingsReport& report) {
  if (!document.is_object()) return;
  Profiles profiles(directory, report);
  if (!document.contains("hardware")) document["hardware"] = Json::object();
  if (document["hardware"].is_object()) {
    const auto known = profile_library();
    for (auto& item : document["hardware"].items()) {
      Json& entry = item.value();
      const bool shadows = std::any_of(known.begin(), known.end(), [&](const LibraryEntry& one) {
        return one.name == item.key();
      });
      if (shadows && !(entry.is_object() && entry.contains("profile"))) {
        report.warning(json_pointer("/hardware", item.key()), {},
                       tr("stands for the profile of the same name, which is not used"));
      }
      if (!entry.is_object() || !entry.contains("profile") || !entry["profile"].is_string()) {
        continue;
      }
      const std::string path = json_pointer(json_pointer("/hardware", item.key()), "profile");
      auto machine = profiles.machine(entry["profile"].get<std::string>(), path);
      if (!machine) continue;
      entry.erase("profile");
      machine->merge_patch(entry);
      entry = std::move(*machine);
    }
  }
  for (const char* part : {"zookeeper", "brokers", "producers", "consumers", "hosts"}) {
    if (!document.contains(part)) continue;
    const Json users = document[part];
    if (!users.is_array()) {
      use_by_name(users, document, profiles);
    } else {
      for (const Json& user : users) use_by_name(user, document, profiles);
    }
  }
}

LoadedProfile load_profile(const std::string& path) {
  Read read = read_profile(path);
  return {std::move(read.profile), std::move(read.errors)};
}

std::string profile_directory() {
  return std::string(installation_directory()) + "/scenarios/hardware";
}

std::vector<LibraryEntry> profile_library() { return json_files_in(profile_directory()); }

Result<std::string, Problem> find_profile(const std::string& path_or_name,
                                          const std::string& directory) {
  if (path_or_name.find('/') != std::string::npos || path_or_name.ends_with(".json")) {
    const std::filesystem::path path(path_or_name);
    if (path.is_absolute() || directory.empty()) return path_or_name;
    return (std::filesystem::path(directory) / path).string();
  }
  std::vector<std::string> names;
  std::string list;
  for (const LibraryEntry& entry : profile_library()) {
    if (entry.name == path_or_name) return entry.path;
    names.push_back(entry.name);
    list += list.empty() ? "" : ", ";
    list += entry.name;
  }
  const std::string near = nearest_name(path_or_name, names);
  return fail(Problem{{},
                      {},
                      fmt::format("\"{}\"", path_or_name),
                      near.empty() ? tr("names no hardware profile; there are {}", list)
                                   : tr("names no hardware profile; did you mean \"{}\"?", near)});
}

std::string effective_text(const HardwareProfile& profile) {
  return HardwareProfile::settings().to_text(profile);
}

}  // namespace brokerlab::scenarios
