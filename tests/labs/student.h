// A student: a folder that is gone afterwards, and what the lab says there.
#pragma once

#include "base/settings.h"
#include "cli/command_line.h"
#include "labs/checks.h"
#include "labs/files.h"
#include "labs/guide.h"
#include "labs/subjects.h"
#include "tests/temporary.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <sstream>

namespace brokerlab::labs::tests {

struct Said {
  int status;
  std::string out;
  std::string err;
  bool tells(const std::string& words) const { return out.find(words) != std::string::npos; }
};

/// One student in a folder that is gone afterwards.
class Student {
 public:
  explicit Student(const std::string& name)
      : folder_(brokerlab::tests::temporary_path("labs_" + name)) {
    std::filesystem::remove_all(folder_);
  }
  ~Student() { std::filesystem::remove_all(folder_); }
  Student(const Student&) = delete;
  Student& operator=(const Student&) = delete;

  Said lab(std::vector<std::string> words) const {
    std::ostringstream out;
    std::ostringstream err;
    words.insert(words.begin(), "lab");
    const int status = cli::run_command(words, {out, err, "brokerlab"});
    return {status, out.str(), err.str()};
  }
  Said starts(const std::string& which, const std::string& language = "en") const {
    return lab({"start", which, folder_, "--lang", language});
  }
  Said runs(std::vector<std::string> how = {}) const {
    std::vector<std::string> words{"run", folder_};
    words.insert(words.end(), how.begin(), how.end());
    return lab(words);
  }
  Said asks_what_is_done() const { return lab({"check", folder_}); }
  Said asks_for_a_hint() const { return lab({"hint", folder_}); }

  std::string file(const std::string& name) const { return folder_ + "/" + name; }
  std::string reads(const std::string& name) const {
    const auto text = read_file(file(name));
    REQUIRE(text.ok());
    return *text;
  }
  void writes(const std::string& name, const std::string& text) const {
    REQUIRE(write_file(file(name), text).ok());
  }
  void answers(const std::string& question, const Json& answer) const {
    Json document = Json::parse(reads("answers.json"));
    document[question]["answer"] = answer;
    writes("answers.json", document.dump(2));
  }
  void changes(const std::string& override_text) const {
    Json document = Json::parse(reads("scenario.json"));
    const auto equals = override_text.find('=');
    const auto status = scenarios::Scenario::settings().set(
        document, override_text.substr(0, equals), override_text.substr(equals + 1));
    REQUIRE(status.ok());
    writes("scenario.json", document.dump(2));
  }
  /// What the report of the first run says, for every answer that is read from it.
  void answers_as_read(const Lab& lab) const {
    const auto recording = recording::Reader::open(file("runs/first.run"));
    REQUIRE(recording.ok());
    const auto report = report_of(*recording);
    REQUIRE(report.ok());
    for (const LabTask& task : lab.tasks) {
      for (const Check& check : task.checks) {
        const auto* reading = std::get_if<Reading>(&check.what);
        if (reading == nullptr) continue;
        const auto measured = measure(*report, reading->metric);
        REQUIRE(measured.has_value());
        answers(reading->answer, *measured);
      }
    }
  }
  /// The answers of the committed solution.
  void answers_as_solved(const Lab& lab) const {
    const auto solved = read_file(lab.directory + "/solution/answers.json");
    REQUIRE(solved.ok());
    const Json document = Json::parse(*solved);
    for (const auto& item : document.items()) answers(item.key(), item.value()["answer"]);
  }
  void changes_as_solved(const Lab& lab) const {
    const auto solved = read_file(lab.directory + "/solution/overrides.json");
    REQUIRE(solved.ok());
    const Json document = Json::parse(*solved);
    for (const Json& one : document) changes(one.get<std::string>());
  }

 private:
  const std::string folder_;
};

inline Lab known(const std::string& name) {
  LoadedLab found = find_lab(name);
  REQUIRE(found.lab.has_value());
  return *found.lab;
}

}  // namespace brokerlab::labs::tests
