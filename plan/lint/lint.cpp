#include "plan/lint/lint.h"

#include "base/json_text.h"
#include "base/plurals.h"
#include "base/translation.h"
#include "plan/lint/rules.h"
#include "plan/lint/subject.h"
#include "scenarios/loader.h"
#include "scenarios/text_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace brokerlab::plan {
namespace {

std::string for_shell(const std::string& word) {
  const bool plain = !word.empty() && std::all_of(word.begin(), word.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("-_./=,:+").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return text + "'";
}

/// A file to which import writes this scenario without touching another.
std::string name_for(const std::string& scenario) {
  std::string name = "imported.json";
  for (int number = 2; std::filesystem::exists(name) && number < 1000; ++number) {
    const auto there = scenarios::read_text_file(name);
    if (there && *there == scenario) break;
    name = fmt::format("imported-{}.json", number);
  }
  return name;
}

std::string severity_word(Severity severity) {
  switch (severity) {
    case Severity::hint:
      return tr("hint");
    case Severity::warning:
      return tr("warning");
    case Severity::danger:
      return tr("danger");
  }
  UNREACHABLE();
}

}  // namespace

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::hint:
      return "hint";
    case Severity::warning:
      return "warning";
    case Severity::danger:
      return "danger";
  }
  UNREACHABLE();
}

const std::vector<LintRule>& lint_rules() {
  static const std::vector<LintRule> all = [] {
    std::vector<LintRule> rules;
    for (const auto& part : {replication_rules(), cluster_rules(), client_rules()}) {
      rules.insert(rules.end(), part.begin(), part.end());
    }
    return rules;
  }();
  return all;
}

std::vector<Finding> lint(const scenarios::Scenario& scenario, Origin origin) {
  const Subject subject(scenario, origin != Origin::scenario);
  std::vector<Finding> all;
  for (const LintRule& rule : lint_rules()) {
    Findings found(rule);
    rule.look(subject, found);
    for (Finding& one : found.take()) {
      const bool of_client =
          one.path.starts_with("/producers") || one.path.starts_with("/consumers");
      if (of_client && origin == Origin::files_without_load) continue;
      all.push_back(std::move(one));
    }
  }
  return all;
}

std::string command_for(const Finding& finding, const Linted& linted) {
  if (!finding.rule->shows) return {};
  const bool imported = !linted.imported.empty();
  const auto path =
      imported ? Result<std::string, Problem>(linted.file) : scenarios::find_scenario(linted.file);
  if (!path) return {};
  std::vector<std::string> sets = finding.sets;
  while (true) {
    scenarios::LoadOptions options;
    options.overrides = sets;
    const scenarios::Loaded loaded =
        imported ? scenarios::parse_scenario(linted.imported, linted.file, ".", options)
                 : scenarios::load_scenario(*path, options);
    if (loaded.scenario) break;
    // A shorter run may not fit with what else the file says: then all of it.
    if (sets.empty() || !sets.front().starts_with("duration=")) return {};
    sets.erase(sets.begin());
  }
  const std::string file = for_shell(linted.file);
  const std::string to = imported ? name_for(linted.imported) : std::string();
  std::string text =
      imported ? fmt::format("brokerlab import {} --to {} && brokerlab run {}", file, to, to)
               : "brokerlab run " + file;
  for (const std::string& set : sets) text += " --set " + for_shell(set);
  return text;
}

std::string lint_text(const std::vector<Finding>& findings, const Linted& linted) {
  std::string text;
  for (const Finding& one : findings) {
    text += fmt::format("{} [{}] {}\n", severity_word(one.rule->severity), one.rule->id, one.path);
    text += fmt::format("  {}\n", say(one.message));
    text += "  " + tr("do: {}", translated(one.rule->remedy)) + "\n";
    if (!one.rule->incident.empty()) {
      text += "  " + tr("it happened: brokerlab run {}", one.rule->incident) + "\n";
    }
    if (const std::string command = command_for(one, linted); !command.empty()) {
      text += "  " + tr("see it here: {}", command) + "\n";
    }
  }
  return text +
         (findings.empty() ? tr("{}: nothing found", linted.file)
                           : with_plurals(tr("{}: {} finding(s)", linted.file, findings.size()))) +
         "\n";
}

std::string lint_json(const std::vector<Finding>& findings, const Linted& linted) {
  std::string text;
  for (const Finding& one : findings) {
    text += json_text(Json{{"file", linted.file},
                           {"rule", one.rule->id},
                           {"severity", name_of(one.rule->severity)},
                           {"path", one.path},
                           {"message", say(one.message)},
                           {"remedy", translated(one.rule->remedy)},
                           {"incident", one.rule->incident},
                           {"command", command_for(one, linted)}}) +
            "\n";
  }
  return text;
}

std::string rules_text() {
  std::string text;
  for (const LintRule& rule : lint_rules()) {
    text += fmt::format("{} ({})\n  {}\n  {}\n", rule.id, severity_word(rule.severity),
                        translated(rule.what), translated(rule.remedy));
    if (!rule.incident.empty()) {
      text += "  " + tr("it happened: brokerlab run {}", rule.incident) + "\n";
    }
  }
  return text;
}

std::string rules_json() {
  std::string text;
  for (const LintRule& rule : lint_rules()) {
    text += json_text(Json{{"rule", rule.id},
                           {"severity", name_of(rule.severity)},
                           {"what", translated(rule.what)},
                           {"remedy", translated(rule.remedy)},
                           {"incident", rule.incident}}) +
            "\n";
  }
  return text;
}

}  // namespace brokerlab::plan
