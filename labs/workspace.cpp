#include "labs/workspace.h"

#include "base/json_text.h"
#include "base/settings.h"
#include "labs/files.h"
#include "labs/words.h"
#include "scenarios/loader.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>

namespace brokerlab::labs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t widest = 96;

/// JSON for people: what fits on a line stays on one.
std::string readable(const Json& value, std::size_t indent, std::size_t taken) {
  std::string line;
  if (value.is_object() || value.is_array()) {
    const bool object = value.is_object();
    for (const auto& item : value.items()) {
      line += line.empty() ? "" : ", ";
      if (object) line += json_text(Json(item.key())) + ": ";
      line += readable(item.value(), 0, 0);
    }
    line = (object ? "{" : "[") + line + (object ? "}" : "]");
    if (line.find('\n') == std::string::npos && taken + line.size() <= widest) return line;
    const std::string margin(indent + 2, ' ');
    line = object ? "{" : "[";
    bool first = true;
    for (const auto& item : value.items()) {
      const std::string key = object ? json_text(Json(item.key())) + ": " : "";
      line += first ? "\n" : ",\n";
      line += margin;
      line += key;
      line += readable(item.value(), indent + 2, indent + 2 + key.size());
      first = false;
    }
    return line + "\n" + std::string(indent, ' ') + (object ? "}" : "]");
  }
  return json_text(value);
}

std::string readable(const Json& value) { return readable(value, 0, 0) + "\n"; }

std::string answers_text(const Lab& lab, std::string_view language) {
  Json document = Json::object();
  for (const Question& question : lab.questions) {
    document[question.name] = {{"question", question.text.in(language)}, {"answer", nullptr}};
  }
  return json_text(document, 2) + "\n";
}

class AnswerReader {
 public:
  AnswerReader(const Lab& lab, const std::string& file, Problems& errors)
      : lab_(lab), file_(file), errors_(errors) {}

  Answers read(const Json& document) {
    Answers answers;
    for (const Question& question : lab_.questions) answers[question.name] = std::monostate{};
    if (!document.is_object()) {
      error("", document, tr("must be an object of answers"));
      return answers;
    }
    for (const auto& item : document.items()) {
      const std::string path = json_pointer("", item.key());
      const Question* question = lab_.question(item.key());
      if (question == nullptr) {
        error(path, item.value(), tr("is no question of this lab"));
      } else if (!item.value().is_object() || !item.value().contains("answer")) {
        error(path, item.value(), tr("must be an object with \"answer\""));
      } else {
        answers[question->name] = one(*question, item.value()["answer"], path + "/answer");
      }
    }
    return answers;
  }

 private:
  Answer one(const Question& question, const Json& value, const std::string& path) {
    if (value.is_null()) return {};
    switch (question.kind) {
      case AnswerKind::yes_no:
        if (value.is_boolean()) return value.get<bool>();
        error(path, value, tr("must be true or false (or null: not answered yet)"));
        return {};
      case AnswerKind::word:
        if (value.is_string()) return value.get<std::string>();
        error(path, value, tr("must be text in quotes (or null: not answered yet)"));
        return {};
      case AnswerKind::number:
      case AnswerKind::count:
        return number(question, value, path);
    }
    return {};
  }

  Answer number(const Question& question, const Json& value, const std::string& path) {
    const bool whole = question.kind == AnswerKind::count;
    const double given = value.is_number() ? value.get<double>() : 0;
    if (!value.is_number() || given < question.least || given > question.most ||
        (whole && given != std::floor(given))) {
      error(path, value,
            whole ? tr("must be a whole number from {} to {}, without quotes or unit (or null: not "
                       "answered yet)",
                       question.least, question.most)
                  : tr("must be a number from {} to {}, without quotes or unit (or null: not "
                       "answered yet)",
                       question.least, question.most));
      return {};
    }
    return given;
  }

  void error(const std::string& path, const Json& value, std::string message) {
    errors_.push_back({file_, path, brief_text(value), std::move(message)});
  }

  const Lab& lab_;
  const std::string& file_;
  Problems& errors_;
};

/// Copies the data files that a scenario names, so that the folder stands on its own.
void copy_data(const OriginalScenario& original, const std::string& directory, Problems& errors) {
  const auto loaded = scenarios::parse_scenario(original.text, "scenario.json", original.directory);
  if (!loaded.scenario) {
    errors.insert(errors.end(), loaded.errors.begin(), loaded.errors.end());
    return;
  }
  for (const auto& source : loaded.scenario->sources) {
    for (const std::string* file : source.files()) {
      if (file->starts_with("/")) continue;
      const fs::path target = fs::path(directory) / *file;
      std::error_code error;
      fs::create_directories(target.parent_path(), error);
      fs::copy_file(loaded.scenario->path_of(*file), target, fs::copy_options::overwrite_existing,
                    error);
      if (error) errors.push_back({target.string(), {}, {}, tr("cannot be written")});
    }
  }
}

}  // namespace

std::string to_text(const Answer& answer) {
  if (const auto* number = std::get_if<double>(&answer)) return fmt::format("{}", *number);
  if (const auto* truth = std::get_if<bool>(&answer)) return *truth ? "true" : "false";
  if (const auto* word = std::get_if<std::string>(&answer)) return *word;
  return "null";
}

Answers read_answers(const Lab& lab, std::string_view text, const std::string& file,
                     Problems& errors) {
  SettingsReport report;
  report.file = file;
  Json document;
  if (!parse_json(text, document, report)) {
    errors.insert(errors.end(), report.errors.begin(), report.errors.end());
    return {};
  }
  errors.insert(errors.end(), report.errors.begin(), report.errors.end());
  return AnswerReader(lab, file, errors).read(document);
}

const Settings<LabState>& LabState::settings() {
  using S = LabState;
  static const auto all =
      Settings<S>("LabState", "What a lab remembers about its student.")
          .field("lab", &S::lab, setting::text(63), "Which lab.")
          .required()
          .field("language", &S::language, setting::text(2, "en|ko", "en or ko"), "en or ko.")
          .field("hints", &S::hints, setting::map(setting::integer(0, 1000)), "Given, by task.")
          .field("predictions", &S::predictions, setting::map(setting::text(1000)),
                 "As they were before the first run.")
          .field("passed", &S::passed, setting::list(setting::text(63), 0, 1000),
                 "Tasks that passed at the last check.")
          .field("sections", &S::sections, 1, 1000, "Of the lesson, that README.md shows.")
          .field("compared", &S::compared, "Predictions were set beside measurements.");
  return all;
}

bool Workspace::ran() const {
  std::error_code error;
  return fs::exists(first_run(), error);
}

Status<std::string> Workspace::save() const {
  return write_file(file(".lab.json"), LabState::settings().to_text(state) + "\n");
}

Result<bool, std::string> Workspace::show_sections(std::size_t sections) {
  const auto shown = static_cast<std::size_t>(state.sections);
  if (sections <= shown || sections > lab.tasks.size()) return false;
  const std::string before = lesson(lab, state.language, shown);
  const std::string after = lesson(lab, state.language, sections);
  const auto readme = read_file(file("README.md"));
  const std::string text = readme ? *readme : before;
  auto written =
      write_file(file("README.md"), text + after.substr(std::min(before.size(), after.size())));
  if (!written.ok()) return fail(written.error());
  state.sections = static_cast<int>(sections);
  return true;
}

Status<std::string> Workspace::speak(std::string_view language) {
  if (language == state.language) return {};
  const auto shown = static_cast<std::size_t>(state.sections);
  const auto readme = read_file(file("README.md"));
  if (readme && *readme == lesson(lab, state.language, shown)) {
    auto written = write_file(file("README.md"), lesson(lab, language, shown));
    if (!written.ok()) return written;
  }
  state.language = std::string(language);
  return {};
}

Result<OriginalScenario, Problems> original_scenario(const Lab& lab) {
  const auto path = scenarios::find_scenario(lab.scenario);
  if (!path) return fail(Problems{path.error()});
  const auto text = read_file(*path);
  if (!text) return fail(Problems{{*path, {}, {}, text.error()}});
  SettingsReport report;
  report.file = *path;
  Json document;
  if (!parse_json(*text, document, report)) return fail(report.errors);
  document.erase("$schema");  // It points to where the student's copy is not.
  document.erase("notes");
  document["title"] = {{"en", lab.title.en}, {"ko", lab.title.ko}};
  document["story"] = {{"en", lab.story.en}, {"ko", lab.story.ko}};
  document.erase("lesson");
  for (const std::string& one : lab.overrides) {
    const std::size_t equals = std::min(one.find('='), one.size());
    const auto status = scenarios::Scenario::settings().set(
        document, one.substr(0, equals), one.substr(std::min(equals + 1, one.size())));
    if (!status.ok()) {
      return fail(Problems{{lab.directory + "/lab.json", "/overrides", one, status.error()}});
    }
  }
  return OriginalScenario{readable(document), fs::path(*path).parent_path().string()};
}

namespace {

/// A lab's folder made inside of another's would hide which of them a command is about.
Problems inside_a_lab(const Lab& lab, const std::string& directory) {
  std::error_code error;
  fs::path above = fs::absolute(directory, error).lexically_normal();
  if (above.filename().empty()) above = above.parent_path();
  while (above != above.root_path()) {
    above = above.parent_path();
    if (!fs::exists(above / ".lab.json", error)) continue;
    return {{directory,
             {},
             {},
             tr("would lie in the folder of another lab, {0}; name one outside, or begin that lab "
                "anew: lab start {1} {0} --force",
                above.string(), lab.id)}};
  }
  return {};
}

/// What stands in the way of a new folder.
Problems occupied(const std::string& directory) {
  std::error_code error;
  if (fs::exists(directory + "/.lab.json", error)) {
    const bool here = fs::equivalent(directory, ".", error);
    return {{directory,
             {},
             {},
             here ? tr("has a lab already: go on with ./brokerlab lab check, or begin anew with "
                       "lab start --force, which forgets your answers")
                  : tr("has a lab already: go on there (cd {}, ./brokerlab lab check), or begin "
                       "anew with --force, which forgets your answers",
                       directory)}};
  }
  std::vector<std::string> found;
  for (const char* name : {"scenario.json", "answers.json", "README.md", "data", "brokerlab"}) {
    if (fs::exists(directory + "/" + name, error)) found.emplace_back(name);
  }
  if (found.empty()) return {};
  return {
      {directory,
       {},
       {},
       tr("has {} already; name another folder, or write over them with --force", listed(found))}};
}

}  // namespace

Problems start(const Lab& lab, const std::string& directory, std::string_view language, bool force,
               const std::string& program) {
  const auto original = original_scenario(lab);
  if (!original) return original.error();
  std::error_code error;
  Problems problems = inside_a_lab(lab, directory);
  if (problems.empty() && !force) problems = occupied(directory);
  if (!problems.empty()) return problems;
  fs::create_directories(directory + "/runs", error);
  if (error) return {{directory, {}, {}, tr("cannot be made: {}", error.message())}};
  for (const auto& entry : fs::directory_iterator(directory + "/runs", error)) {
    if (entry.path().extension() == ".run") fs::remove(entry.path(), error);
  }
  copy_data(*original, directory, problems);
  LabState state;
  state.lab = lab.id;
  state.language = std::string(language);
  const auto put = [&](const char* name, const std::string& text) {
    const auto status = write_file(directory + "/" + name, text);
    if (!status.ok()) problems.push_back({{}, {}, {}, status.error()});
  };
  put("scenario.json", original->text);
  put("answers.json", answers_text(lab, language));
  put("README.md", lesson(lab, language, 1));
  put("brokerlab", fmt::format("#!/bin/sh\nexec '{}' \"$@\"\n", program));
  fs::permissions(directory + "/brokerlab",
                  fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec,
                  fs::perm_options::add, error);
  put(".lab.json", LabState::settings().to_text(state) + "\n");
  return problems;
}

OpenedWorkspace open_workspace(const std::string& directory) {
  Workspace workspace;
  workspace.directory = directory;
  SettingsReport report;
  report.file = workspace.file(".lab.json");
  const auto state = read_file(report.file);
  if (!state) {
    return {std::nullopt,
            {{report.file,
              {},
              {},
              tr("{}; a lab's folder is made by brokerlab lab start", state.error())}}};
  }
  Json document;
  if (parse_json(*state, document, report)) {
    workspace.state = LabState::settings().read(document, report);
  }
  if (!report.ok()) return {std::nullopt, std::move(report.errors)};
  LoadedLab found = find_lab(workspace.state.lab);
  if (!found.lab) return {std::nullopt, std::move(found.errors)};
  workspace.lab = std::move(*found.lab);

  Problems problems;
  const std::string answers_file = workspace.file("answers.json");
  const auto answers = read_file(answers_file);
  if (answers) {
    workspace.answers = read_answers(workspace.lab, *answers, answers_file, problems);
  } else {
    problems.push_back({answers_file, {}, {}, answers.error()});
  }
  if (!problems.empty()) return {std::nullopt, std::move(problems)};
  return {std::move(workspace), {}};
}

std::optional<std::string> language_of_folder(const std::string& directory) {
  const auto text = read_file(directory + "/.lab.json");
  if (!text) return std::nullopt;
  SettingsReport report;
  Json document;
  if (!parse_json(*text, document, report)) return std::nullopt;
  LabState state = LabState::settings().read(document, report);
  return report.ok() ? std::optional(std::move(state.language)) : std::nullopt;
}

}  // namespace brokerlab::labs
