#include "viz/now.h"

#include "viz/cluster/condition.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::viz {
namespace {

struct Count {
  int some = 0;
  int all = 0;
};

// What is counted of machines and of partitions.
struct Census {
  Count offline, unreachable, under_replicated;
  Count brokers_down, zookeepers_down, clients_down;
  Count fenced, cut, bad_ways, sick;
  bool controller = false;
  bool controller_known = false;
  bool quorum = false;
  bool quorum_known = false;
};

void count_partitions(const Scene& scene, Census& census) {
  for (const auto& partition : scene.run.partitions) {
    const auto found = scene.moment.state.partitions.find(partition.id);
    if (found == scene.moment.state.partitions.end()) continue;
    const Leadership leads = leadership(scene, found->second);
    census.offline.some += leads == Leadership::none || leads == Leadership::dead;
    census.unreachable.some += leads == Leadership::unreachable;
    census.under_replicated.some += found->second.isr.size() < found->second.replicas.size();
    ++census.offline.all;
  }
  census.unreachable.all = census.under_replicated.all = census.offline.all;
}

void count_machine(const Scene& scene, const recording::RecordedProcess& process, Census& census,
                   Count& down) {
  ++down.all;
  ++census.sick.all;
  bool sick = false;
  bool cut = false;
  bool bad = false;
  for (const Condition one : conditions_of(scene, process)) {
    // Who has not begun yet is not missed.
    if (is_down(one)) down.some += one != Condition::not_started;
    cut |= one == Condition::cut_off || one == Condition::partly_cut;
    bad |= one == Condition::loss || one == Condition::delay;
    census.fenced.some += one == Condition::fenced;
    sick |= one == Condition::paused || one >= Condition::disk_failed;
  }
  census.cut.some += cut;
  census.bad_ways.some += bad;
  census.sick.some += sick && !bad;
}

Census count(const Scene& scene) {
  Census census;
  count_partitions(scene, census);
  for (const auto& broker : scene.run.brokers) {
    count_machine(scene, broker, census, census.brokers_down);
    const auto state = scene.moment.state.brokers.find(broker.number);
    if (state == scene.moment.state.brokers.end()) continue;
    census.controller_known = true;
    census.controller |= state->second.controller && scene.moment.running(broker);
  }
  for (const auto& server : scene.run.zookeepers) {
    count_machine(scene, server, census, census.zookeepers_down);
    const auto role = scene.moment.state.zookeeper_role.find(server.number);
    if (role == scene.moment.state.zookeeper_role.end()) continue;
    census.quorum_known = true;
    census.quorum |= role->second == "leader" && scene.moment.running(server);
  }
  for (const auto* clients : {&scene.run.producers, &scene.run.consumers}) {
    for (const Client& client : *clients) {
      count_machine(scene, client.process, census, census.clients_down);
    }
  }
  census.fenced.all = census.brokers_down.all;
  census.cut.all = census.bad_ways.all = census.sick.all;
  return census;
}

}  // namespace

std::vector<Holds> what_holds(const Scene& scene, Language language) {
  const Census census = count(scene);
  std::vector<Holds> all;
  const auto tell = [&](Text text, const Count& number, Color color) {
    if (number.some == 0) return;
    all.push_back({fmt::format(fmt::runtime(say(text, language)), number.some, number.all), color});
  };
  const Color red = theme::wrong;
  const Color amber = theme::control;
  if (scene.reader.read_error()) {
    all.push_back({std::string(say(Text::now_damaged, language)), red});
  }
  tell(Text::now_offline, census.offline, red);
  tell(Text::now_unreachable, census.unreachable, red);
  if (census.quorum_known && !census.quorum) {
    all.push_back({std::string(say(Text::now_no_quorum, language)), red});
  }
  if (census.controller_known && !census.controller) {
    all.push_back({std::string(say(Text::now_no_controller, language)), red});
  }
  tell(Text::now_brokers_down, census.brokers_down, red);
  tell(Text::now_cut, census.cut, amber);
  tell(Text::now_zookeepers_down, census.zookeepers_down, amber);
  tell(Text::now_clients_down, census.clients_down, amber);
  tell(Text::now_fenced, census.fenced, amber);
  tell(Text::now_under_replicated, census.under_replicated, amber);
  tell(Text::now_bad_ways, census.bad_ways, amber);
  tell(Text::now_sick, census.sick, amber);
  if (all.empty()) all.push_back({std::string(say(Text::now_well, language)), theme::good});
  return all;
}

}  // namespace brokerlab::viz
