// Draft: what files have told of a cluster so far; import.cpp makes a scenario of it. Each kind of
// file has a function here that adds what it says.
//
// Lifetime: of one import. Threads: none. Errors: remarks.
#pragma once

#include "model/kafka_settings.h"
#include "plan/files/import.h"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::plan {

using Json = nlohmann::ordered_json;
/// Settings by name; values as JSON text.
using Config = std::map<std::string, std::string>;

struct DraftBroker {
  Config config;
  std::optional<std::string> machine;  ///< As under "hardware", JSON.
  int log_dirs = 1;
  bool has_file = false;  ///< A server.properties of its own.
};

struct DraftTopic {
  std::string name;
  int partitions = 0;
  int replicas = 0;
  Config config;
};

struct Draft {
  std::map<int, DraftBroker> brokers;
  std::optional<std::string> any_machine;  ///< Of brokers without one of their own.
  std::optional<int> servers;              ///< Of ZooKeeper.
  std::vector<DraftTopic> topics;          ///< In the order in which they were told of.
  std::optional<std::string> workload;     ///< Benchmark's, as JSON.
  bool has_driver = false;                 ///< Benchmark's.
  int replication_factor = 0;              ///< For topics of the workload; 0: unsaid.
  Config topic_config;
  Config producer_config;
  Config consumer_config;
  std::optional<int> last_file;  ///< The broker of the last server.properties,
  std::string last_file_name;    ///< and its file.
  std::vector<Remark> remarks;
  Problems errors;

  DraftTopic& topic(const std::string& name);
  void remark(const NamedText& file, int line, const std::string& text, Phrase reason);
  /// What stands at `path` cannot be taken, and nothing can stand in for it.
  void error(const NamedText& file, const std::string& path, const std::string& value,
             std::string message);
  /// Puts a setting into `config`, if brokerlab has it and takes the value; else remarks.
  void set(const NamedText& file, int line, model::Component component, const std::string& key,
           const std::string& value, Config& config);
};

/// Whether a setting of that name has a value that is nobody's business.
bool is_secret(std::string_view key);
/// "key=value"; of a secret "key=***".
std::string told(const std::string& key, const std::string& value);

/// A number, or a text that is one.
std::optional<double> number_in(const Json& value);

/// As a scenario has it.
Json json_of(const Config& config);

void add_properties(Draft& draft, const NamedText& file);
void add_topics(Draft& draft, const NamedText& file);
void add_reassignment(Draft& draft, const NamedText& file);
void add_capacity(Draft& draft, const NamedText& file);
void add_workload(Draft& draft, const NamedText& file);
void add_driver(Draft& draft, const NamedText& file);
/// Producers, sources and groups of the workload.
void put_load(Draft& draft, Json& scenario);
/// Where no workload tells of a load: a small one for topics of each kind, and who reads it, long
/// enough for brokers to fall and come back: without them nothing can go wrong that anybody sees.
void put_example_load(Draft& draft, Json& scenario);

}  // namespace brokerlab::plan
