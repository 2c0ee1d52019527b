// A cluster so small that a run of it takes some milliseconds.
#pragma once

#include "scenarios/text_file.h"
#include "tests/cli/command.h"
#include "tests/in_child.h"
#include "tests/temporary.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace brokerlab::test {

inline const char* const small_scenario = R"({
  "name": "small", "duration": "10s", "brokers": {"count": 3},
  "topics": [{"name": "t", "partitions": 3, "replication.factor": 3}],
  "sources": [{"name": "s", "payload": "phantom", "rate": "100/s", "record_size": "100 B"}],
  "producers": [{"name": "app", "source": "s", "topic": "t", "poll_interval": "100ms", "config": {}}],
  "consumers": [{"group": "g", "topics": ["t"]}],
  "expect": [{"no_acknowledged_record_lost": true}]
})";

/// A run in a process of its own, as every run of a program that makes others has to be; its exit
/// status.
inline int run_recorded(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "run");
  arguments.emplace_back("--quiet");
  return std::stoi(tests::in_child([&] { return std::to_string(command(arguments).status); }));
}

/// A folder of one test's own, emptied before and removed after it.
class Folder {
 public:
  explicit Folder(const std::string& name) : path_(tests::temporary_path(name)) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string file(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
    return path_ + "/" + name;
  }
  std::size_t count(const std::string& folder) const {
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path_ + "/" + folder)) {
      files += entry.path().extension() == ".json" ? 1 : 0;
    }
    return files;
  }

 private:
  std::string path_;
};

}  // namespace brokerlab::test
