#include "tests/bench/load.h"

#include "scenarios/loader.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <string_view>

namespace brokerlab::bench {
namespace {

using Value = nlohmann::ordered_json;

/// A table with one row; the run gives it a new id every time. Producers differ in the user.
std::string table(const std::string& user, std::string_view padding) {
  return fmt::format(
      "id,username,pass,reply,authdate,server\n"
      "1000000000,{},{},Access-Accept,2019-05-03 08:55:00,192.0.2.64\n",
      user, padding);
}

std::string padding_of(std::size_t size) {
  std::string text(size, ' ');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('a' + i * i % 26);
  return text;
}

/// Whose record is as large as was asked for, or as small as can be.
std::string table_of_size(const std::string& user, Bytes record) {
  constexpr std::size_t rest = 315;  // of the JSON of such a row, beside user and padding
  const auto wanted = static_cast<std::size_t>(record.count());
  return table(user, padding_of(std::max(wanted, rest + user.size()) - rest - user.size()));
}

Value machine(const Load& load) {
  return {{"cpu", {{"cores", 8}}},
          {"nic", {{"rate", to_text(load.nic)}}},
          {"disks", Value::array({{{"kind", "nvme"}, {"write_rate", "1000MB/s"}}})},
          {"page_cache", {{"ram", "64GiB"}}}};
}

/// The k-th record comes k gaps after the begin; the end lies between the last and one more.
Value source(const Load& load, const std::string& name, const Folder& folder) {
  const double seconds = (static_cast<double>(load.records) + 0.5) / load.rate.count();
  Value json = {
      {"name", name},
      {"arrivals", "even"},
      {"rate", Value::array({{{"from", to_text(load.begin)}, {"rate", to_text(load.rate)}}})},
      {"until", to_text(load.begin + from_seconds(seconds))}};
  if (load.payload == Payload::phantom) {
    json["payload"] = "phantom";
    json["record_size"] = to_text(load.record);
  } else {
    json["file"] = name + ".csv";
    std::ofstream(folder / (name + ".csv")) << table_of_size(name, load.record);
  }
  return json;
}

Value producer(const Load& load, const std::string& name) {
  const Duration gap = from_seconds(1 / load.rate.count());
  return {{"name", name},
          {"machine", "server"},
          {"source", name},
          {"topic", "events"},
          {"poll_interval", to_text(load.poll > 0ns ? load.poll : std::max(gap, Duration(1ms)))},
          {"query_time", "0s"},
          {"service_time", "0s"},
          {"config",
           {{"acks", "all"},
            {"enable.idempotence", false},
            {"batch.size", load.batch.count()},
            {"linger.ms", whole_millis(load.linger)}}}};
}

}  // namespace

Result<scenarios::Scenario, std::string> scenario_of(const Load& load, const Folder& folder) {
  const double seconds = static_cast<double>(load.records) / load.rate.count();
  Value json = {
      {"name", "steady_load"},
      {"duration", to_text(load.begin + from_seconds(seconds) + 3s)},
      {"hardware", {{"server", machine(load)}}},
      {"network", {{"delay", "50us"}}},
      {"zookeeper", {{"machine", "server"}}},
      {"brokers", {{"count", load.brokers}, {"machine", "server"}}},
      {"topics",
       Value::array({{{"name", "events"},
                      {"partitions", load.partitions > 0 ? load.partitions : load.brokers},
                      {"replication.factor", 3}}})},
      {"consumers", Value::array({{{"group", "readers"},
                                   {"members", load.clients},
                                   {"machine", "server"},
                                   {"topics", Value::array({"events"})},
                                   {"service_time", "0s"},
                                   {"config", {{"auto.offset.reset", "earliest"}}}}})},
      {"recording", {{"level", "control"}}}};
  for (int i = 1; i <= load.clients; ++i) {
    const std::string name = fmt::format("client-{}", i);
    json["sources"].push_back(source(load, name, folder));
    json["producers"].push_back(producer(load, name));
  }
  const scenarios::Loaded loaded = scenarios::parse_scenario(json.dump(), "load", folder.path());
  if (!loaded.scenario) return fail(to_text(loaded.errors));
  return *loaded.scenario;
}

}  // namespace brokerlab::bench
