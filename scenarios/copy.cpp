#include "scenarios/copy.h"

#include "base/file_replacement.h"
#include "base/json_text.h"
#include "base/settings.h"
#include "base/translation.h"
#include "scenarios/hardware_profiles.h"
#include "scenarios/loader.h"
#include "scenarios/text_file.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <map>

namespace brokerlab::scenarios {
namespace {

namespace fs = std::filesystem;

constexpr const char* schema_name = "scenario.schema.json";

Problem about(const std::string& path, std::string message) {
  return {path, {}, {}, std::move(message)};
}

/// Made beside its place, and put there when it is complete.
class NewFolder {
 public:
  explicit NewFolder(fs::path place) : place_(std::move(place)), work_(place_) {
    work_ += FileReplacement::suffix;
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;
  ~NewFolder() {
    std::error_code ignored;
    if (made_) fs::remove_all(work_, ignored);
  }

  Status<std::string> make() {
    std::error_code error;
    const fs::path parent = place_.parent_path();
    if (!parent.empty() && !fs::is_directory(parent, error)) {
      return fail(tr("there is no folder {}", parent.string()));
    }
    if (fs::exists(fs::symlink_status(place_, error))) {
      return fail(tr("is there already; choose another name"));
    }
    if (!fs::create_directory(work_, error)) {
      return fail(error ? tr("cannot be made: {}", error.message())
                        : tr("cannot be made: {} is there, left by another try; remove it",
                             work_.string()));
    }
    made_ = true;
    return {};
  }

  Status<std::string> write(const fs::path& name, std::string_view text) const {
    std::error_code error;
    fs::create_directories((work_ / name).parent_path(), error);
    return replace_file((work_ / name).string(), text);
  }

  Status<std::string> copy(const fs::path& file, const fs::path& name) const {
    std::error_code error;
    fs::create_directories((work_ / name).parent_path(), error);
    fs::copy_file(file, work_ / name, error);
    if (error) return fail(tr("cannot copy {}: {}", file.string(), error.message()));
    return {};
  }

  Status<std::string> put_in_place() {
    std::error_code error;
    // Nobody's folder is replaced: rename() takes the place of an empty one only.
    fs::rename(work_, place_, error);
    if (error) return fail(tr("cannot be made: {}", error.message()));
    made_ = false;
    return {};
  }

  fs::path work() const { return work_; }

 private:
  const fs::path place_;
  fs::path work_;
  bool made_ = false;
};

/// Where a file of the original lies in the copy: as beside the original, if it lay there.
fs::path place_in_copy(const std::string& written, const char* folder) {
  const fs::path path = fs::path(written).lexically_normal();
  const bool beside = path.is_relative() && !path.empty() && *path.begin() != "..";
  return beside ? path : fs::path(folder) / path.filename();
}

/// The files that the document names, and where each goes; the document is changed to say so.
std::map<fs::path, fs::path> gather_files(Json& document, const std::string& directory) {
  std::map<fs::path, fs::path> files;
  const auto gather = [&](Json& name, const char* folder) {
    const auto written = name.get<std::string>();
    const fs::path to = place_in_copy(written, folder);
    files[fs::path(directory) / written] = to;
    name = to.string();
  };
  if (document.contains("sources")) {
    for (Json& source : document["sources"]) {
      if (source.contains("file")) gather(source["file"], "data");
      for (const char* part : {"rate", "record_size"}) {
        if (!source.contains(part) || !source[part].is_object()) continue;
        if (source[part].contains("file")) gather(source[part]["file"], "data");
      }
    }
  }
  if (document.contains("hardware")) {
    for (auto& item : document["hardware"].items()) {
      Json& machine = item.value();
      if (!machine.contains("profile")) continue;
      const auto profile = machine["profile"].get<std::string>();
      const bool is_file = profile.find('/') != std::string::npos || profile.ends_with(".json");
      if (is_file) gather(machine["profile"], "hardware");
    }
  }
  return files;
}

/// What proves the library's story is not about the copy, which will be changed.
void leave_out_lesson(const Scenario& original, Json& wanted) {
  if (wanted.erase("lesson") == 0) return;
  const auto tell = [&](const char* key, const LocalText& text) {
    if (wanted.contains(key)) {
      wanted[key] = {{"en", told(original, text.en)}, {"ko", told(original, text.ko)}};
    }
  };
  tell("title", original.title);
  tell("story", original.story);
}

/// The text with another name and schema, otherwise as its author laid it out, if that says the
/// same as `wanted`; else `wanted` as JSON is printed.
std::string adapted(std::string text, const Json& original, const Json& wanted) {
  for (const char* key : {"name", "$schema"}) {
    if (!original.contains(key)) continue;
    const std::string value = json_text(original[key]);
    const std::size_t at = text.find("\"" + std::string(key) + "\"");
    const std::size_t begin = at == std::string::npos ? at : text.find(value, at);
    if (begin == std::string::npos) continue;
    text.replace(begin, value.size(), json_text(wanted[key]));
  }
  const Json read = Json::parse(text, nullptr, false);
  return read == wanted ? text : json_text(wanted, 2) + "\n";
}

}  // namespace

Result<ScenarioCopy, Problems> copy_scenario(const std::string& from, const std::string& folder) {
  fs::path place(folder);
  if (!place.has_filename()) place = place.parent_path();
  if (place.extension() == ".json") place.replace_extension();
  const std::string name = place.filename().string();
  const Loaded original = load_scenario(from);
  if (!original.scenario) return fail(original.errors);
  const auto text = read_text_file(from);
  if (!text) return fail(Problems{about(from, text.error())});
  Json document;
  SettingsReport report;
  report.file = from;
  if (!parse_json(*text, document, report)) return fail(report.errors);

  Json wanted = document;
  wanted["name"] = name;
  if (wanted.contains("$schema")) wanted["$schema"] = schema_name;
  leave_out_lesson(*original.scenario, wanted);
  const auto files = gather_files(wanted, original.scenario->directory);
  NewFolder made(place);
  const auto problem = [&](const std::string& message) {
    return fail(Problems{about(place.string(), message)});
  };
  if (const auto begun = made.make(); !begun) return problem(begun.error());
  for (const auto& [source, to] : files) {
    if (const auto done = made.copy(source, to); !done) return problem(done.error());
  }
  const std::string file = name + ".json";
  const std::map<std::string, std::string> texts{{file, adapted(*text, document, wanted)},
                                                 {schema_name, scenario_schema()}};
  for (const auto& [at, content] : texts) {
    if (const auto done = made.write(at, content); !done) return problem(done.error());
  }
  // It must run as it is; a name that no scenario may have is found here.
  Loaded copy = load_scenario((made.work() / file).string());
  if (!copy.scenario) {
    for (Problem& one : copy.errors) one.file = (place / file).string();
    return fail(copy.errors);
  }
  if (const auto done = made.put_in_place(); !done) return problem(done.error());
  ScenarioCopy result{
      (place / file).string(), {}, (place / schema_name).string(), std::move(*copy.scenario)};
  result.scenario.directory = place.string();
  for (const auto& [source, to] : files) result.data_files.push_back((place / to).string());
  return result;
}

}  // namespace brokerlab::scenarios
