#include "viz/deeds.h"

#include "base/json_text.h"
#include "viz/cluster/condition.h"

#include <nlohmann/json.hpp>

namespace brokerlab::viz {
namespace {

const recording::RecordedProcess* process_of(const Run& run, int machine) {
  for (const auto* some : {&run.brokers, &run.zookeepers}) {
    for (const auto& process : *some) {
      if (process.machine == machine) return &process;
    }
  }
  for (const auto* clients : {&run.producers, &run.consumers}) {
    for (const Client& client : *clients) {
      if (client.process.machine == machine) return &client.process;
    }
  }
  return nullptr;
}

}  // namespace

std::vector<Deed> deeds_for(const Scene& scene) {
  const auto& asked = scene.view.asked;
  if (!asked || asked->of != Asked::Of::machine) return {};
  const auto* machine = scene.run.machine(asked->id);
  if (machine == nullptr) return {};
  const std::string& name = machine->name;
  const auto with = [&](const char* kind, Json what) {
    return json_text(Json{{kind, std::move(what)}});
  };
  std::vector<Deed> deeds{
      {1, Text::act_kill, with("kill_process", name)},
      {2, Text::act_power_off, with("power_off", name)},
      {3, Text::act_pause, with("pause", {{"machine", name}, {"for", "10s"}})},
      {4, Text::act_cut,
       with("cut", {{"between", Json::array({name})}, {"and", Json::array({"everyone_else"})}})},
      {5, Text::act_slow_nic, with("slow_nic", {{"machine", name}, {"rate", "1Mbps"}})}};
  if (machine->role == "broker") {
    deeds.push_back(
        {6, Text::act_slow_disk, with("slow_disk", {{"machine", name}, {"factor", 20}})});
  }
  if (const auto source = scene.run.source_of.find(asked->id);
      source != scene.run.source_of.end()) {
    deeds.push_back({7, Text::act_spike,
                     with("spike", {{"source", source->second}, {"factor", 10}, {"for", "30s"}})});
  }
  const auto* process = process_of(scene.run, asked->id);
  const bool troubled = process != nullptr && !conditions_of(scene, *process).empty();
  if (troubled) deeds.push_back({8, Text::act_put_right, with("put_right", name)});
  return deeds;
}

}  // namespace brokerlab::viz
