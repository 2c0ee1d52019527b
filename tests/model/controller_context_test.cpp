// What the controller knows, and what it decides about all partitions: tables, without a simulator.
// Held against kafka.controller.{ControllerContext, KafkaController, ReplicaStateMachine}.
#include "model/controller/context.h"
#include "model/controller/decisions.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;
using ShuttingDown = ControllerContext::ShuttingDown;

namespace {

std::vector<BrokerId> brokers(const std::vector<int>& numbers) {
  return {numbers.begin(), numbers.end()};
}

RegisteredBroker registered(int id, std::int64_t epoch = 1) {
  return {{BrokerId(id), {sim::MachineId(id), kafka_port}}, epoch};
}

std::string told(const LeaderAndIsr& state) {
  std::string isr;
  for (const BrokerId one : state.isr) isr += fmt::format("{}{}", isr.empty() ? "" : ",", one);
  return fmt::format("{} of [{}], epoch {}",
                     state.leader.valid() ? fmt::format("{}", state.leader) : "nobody", isr,
                     state.leader_epoch);
}

/// "t-0: 2 of [2,3], epoch 1; t-1: ..."
std::string told(const PartitionStates& states) {
  std::string text;
  for (const auto& [name, state] : states) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", name.name(), told(state));
  }
  return text;
}

/// A controller of brokers 1, 2 and 3 and of topic "t": two partitions, led by 1 and by 2.
struct Cluster {
  BrokerConfig config;
  ControllerContext context{config};

  Cluster() {
    for (const int id : {1, 2, 3}) context.add_broker(registered(id));
    context.add_topic("t", {{brokers({1, 2, 3}), brokers({2, 3, 1})}, {}});
    context.load({{{"t", 0}, {BrokerId(1), 0, brokers({1, 2, 3}), 0}},
                  {{"t", 1}, {BrokerId(2), 0, brokers({2, 3, 1}), 0}}});
  }
  void dies(int id) {
    context.remove_broker(BrokerId(id));
    context.note_dead({BrokerId(id)});
  }
  void isr_is(int partition, int leader, const std::vector<int>& isr) {
    context.adopt({"t", partition}, {BrokerId(leader), 0, brokers(isr), 0});
  }
  std::string elect() const { return told(elect_missing_leaders(context).changed); }
  std::string shrink(int gone) const {
    return told(
        shrink_isrs(context, BrokerId(gone), [](const TopicPartition&, BrokerId) { return true; }));
  }
  ErrorCode judge(const AlterPartitionRequest::Partition& change) const {
    return judge_isr_change(context, change, context.find(change.partition)->state);
  }
};

}  // namespace

TEST_CASE("a broker that bounced between two looks has both died and started", "[unit]") {
  const Cluster cluster;
  const auto compare = [&](const std::vector<RegisteredBroker>& now) {
    std::map<BrokerId, RegisteredBroker> by_id;
    for (const RegisteredBroker& broker : now) by_id[broker.endpoint.id] = broker;
    const ControllerContext::BrokerChanges changes = cluster.context.compare(by_id);
    std::string text;
    for (const BrokerId id : changes.dead) text += fmt::format("-{}", id);
    for (const BrokerId id : changes.started) text += fmt::format("+{}", id);
    return text;
  };
  CHECK(compare({registered(1), registered(2), registered(3)}) == "");
  CHECK(compare({registered(1), registered(3)}) == "-2");
  CHECK(compare({registered(1), registered(2), registered(3), registered(4)}) == "+4");
  CHECK(compare({registered(1), registered(2, 9), registered(3)}) == "-2+2");
  CHECK(compare({}) == "-1-2-3");
}

TEST_CASE("only the present life of a broker is listened to", "[unit]") {
  Cluster cluster;
  CHECK(cluster.context.is_current(BrokerId(1), 1));
  CHECK_FALSE(cluster.context.is_current(BrokerId(1), 0));
  cluster.dies(1);
  CHECK_FALSE(cluster.context.is_current(BrokerId(1), 1));
}

TEST_CASE("a replica on a failed directory is offline, its broker alive", "[unit]") {
  Cluster cluster;
  ControllerContext& context = cluster.context;
  const TopicPartition lost{"t", 0};
  CHECK(context.lose_replicas(BrokerId(1), {lost}) == std::set<TopicPartition>{lost});
  CHECK(context.lose_replicas(BrokerId(1), {lost}).empty());  // known already
  CHECK_FALSE(context.is_online(lost, BrokerId(1), ShuttingDown::left_out));
  CHECK(context.is_online({"t", 1}, BrokerId(1), ShuttingDown::left_out));
  CHECK(context.online_for(lost, ShuttingDown::left_out) ==
        std::set<BrokerId>{BrokerId(2), BrokerId(3)});
  CHECK(context.live_ids() == brokers({1, 2, 3}));
  CHECK(cluster.elect() == "t-0: 2 of [2,3], epoch 1");

  context.regain_replicas(BrokerId(1), {lost});
  CHECK(context.is_online(lost, BrokerId(1), ShuttingDown::left_out));
  CHECK(context.lose_replicas(BrokerId(1), {lost}).size() == 1);
  cluster.dies(1);  // and comes back with another disk
  context.add_broker(registered(1, 2));
  CHECK(context.is_online(lost, BrokerId(1), ShuttingDown::left_out));
}

TEST_CASE("replicas of brokers that are not registered are missing", "[unit]") {
  Cluster cluster;
  CHECK(cluster.context.missing().empty());
  cluster.dies(3);
  CHECK(cluster.context.missing() == std::set<BrokerId>{BrokerId(3)});
  CHECK(cluster.context.live_endpoints().size() == 2);
}

TEST_CASE("metadata is told of partitions that have a state", "[unit]") {
  Cluster cluster;
  cluster.context.add_topic("new", {{brokers({1})}, {}});
  CHECK(cluster.context.has_topic("new"));
  CHECK(cluster.context.all_metadata().size() == 2);
  cluster.context.adopt({"new", 0}, {BrokerId(1), 0, brokers({1}), 0});
  CHECK(cluster.context.all_metadata().size() == 3);
  cluster.context.clear();
  CHECK(cluster.context.all_metadata().empty());
  CHECK(cluster.context.live_ids().empty());
}

TEST_CASE("a topic's own settings come before the broker's", "[unit]") {
  Cluster cluster;
  cluster.config.topics.unclean_leader_election_enable = true;
  TopicOverrides careful;
  careful.set(&TopicConfig::unclean_leader_election_enable, false);
  cluster.context.add_topic("careful", {{brokers({1})}, careful});
  CHECK(cluster.context.topic_config("t").unclean_leader_election_enable);
  CHECK_FALSE(cluster.context.topic_config("careful").unclean_leader_election_enable);
}

TEST_CASE("who led is replaced, when somebody can", "[unit]") {
  Cluster cluster;
  CHECK(cluster.elect() == "");
  cluster.dies(1);
  CHECK(cluster.elect() == "t-0: 2 of [2,3], epoch 1");
  cluster.isr_is(1, 1, {1});
  const Elections elections = elect_missing_leaders(cluster.context);
  CHECK(told(elections.changed) == "t-0: 2 of [2,3], epoch 1");
  CHECK(elections.hopeless == std::vector<TopicPartition>{{"t", 1}});
  cluster.config.topics.unclean_leader_election_enable = true;
  CHECK(cluster.elect() == "t-0: 2 of [2,3], epoch 1; t-1: 2 of [2], epoch 1");
}

TEST_CASE("a new partition begins with its live replicas", "[unit]") {
  Cluster cluster;
  cluster.dies(2);
  cluster.context.add_topic("new", {{brokers({2, 3, 1}), brokers({2})}, {}});
  const Elections elections = elect_missing_leaders(cluster.context);
  CHECK(told(elections.created) == "new-0: 3 of [3,1], epoch 0");
  CHECK(elections.hopeless.empty());  // new-1 never had a leader
}

TEST_CASE("the dead leave the ISR, but the last one stays in it", "[unit]") {
  Cluster cluster;
  CHECK(cluster.shrink(3) == "t-0: 1 of [1,2], epoch 1; t-1: 2 of [2,1], epoch 1");
  CHECK(cluster.shrink(4) == "");
  cluster.isr_is(0, 1, {1});
  CHECK(cluster.shrink(1) == "t-0: nobody of [1], epoch 1; t-1: 2 of [2,3], epoch 1");
}

TEST_CASE("a broker that shuts down hands over what others can lead", "[unit]") {
  Cluster cluster;
  cluster.context.mark_shutting_down(BrokerId(1));
  CHECK(told(hand_over(cluster.context, BrokerId(1))) == "t-0: 2 of [2,3], epoch 1");
  CHECK(followed_by(cluster.context, BrokerId(1)) == std::set<TopicPartition>{{"t", 1}});
  cluster.isr_is(0, 1, {1});
  CHECK(told(hand_over(cluster.context, BrokerId(1))) == "");
  cluster.dies(1);
  CHECK(cluster.context.shutting_down().empty());
}

// ControllerContext.isReplicaOnline, as the offline and the preferred election ask it.
TEST_CASE("who is shutting down leads nothing anew, preferred or not", "[unit]") {
  Cluster cluster;
  cluster.context.mark_shutting_down(BrokerId(2));
  cluster.dies(1);
  CHECK(cluster.elect() == "t-0: 3 of [3], epoch 1; t-1: 3 of [3], epoch 1");
  cluster.config.leader_imbalance_per_broker_percentage = 10;
  cluster.isr_is(1, 3, {3, 2});
  const std::optional<Imbalance> found = find_imbalance(cluster.context, BrokerId(2));
  REQUIRE(found);
  CHECK(told(found->moved) == "");
  CHECK_FALSE(find_imbalance(cluster.context, BrokerId(3)));
}

TEST_CASE("preferred leaders lead again when too much is led by others", "[unit]") {
  Cluster cluster;
  cluster.config.leader_imbalance_per_broker_percentage = 10;
  CHECK_FALSE(find_imbalance(cluster.context, BrokerId(1)));
  cluster.isr_is(0, 3, {3, 1});
  cluster.isr_is(1, 3, {3});
  const std::optional<Imbalance> of_1 = find_imbalance(cluster.context, BrokerId(1));
  REQUIRE(of_1);
  CHECK(of_1->percentage == 100);
  CHECK(told(of_1->moved) == "t-0: 1 of [3,1], epoch 1");
  const std::optional<Imbalance> of_2 = find_imbalance(cluster.context, BrokerId(2));
  REQUIRE(of_2);
  CHECK(told(of_2->moved) == "");  // broker 2 is not in sync
  cluster.config.leader_imbalance_per_broker_percentage = 100;
  CHECK_FALSE(find_imbalance(cluster.context, BrokerId(1)));
}

// KafkaController.tryProcessAlterPartition.
TEST_CASE("an ISR change is judged by epochs first, then by who would be in it", "[unit]") {
  Cluster cluster;
  const TopicPartition name{"t", 0};
  cluster.context.adopt(name, {BrokerId(1), 5, brokers({1, 2}), 7});
  const auto judge = [&](int leader_epoch, int partition_epoch, const std::vector<int>& isr) {
    return std::string(to_text(cluster.judge({name, leader_epoch, brokers(isr), partition_epoch})));
  };
  CHECK(judge(5, 7, {1, 2, 3}) == "NONE");
  CHECK(judge(5, 7, {1}) == "NONE");
  CHECK(judge(6, 7, {1}) == "NOT_CONTROLLER");  // it knows more than we do
  CHECK(judge(5, 8, {1}) == "NOT_CONTROLLER");
  CHECK(judge(4, 7, {1}) == "FENCED_LEADER_EPOCH");
  CHECK(judge(5, 6, {1}) == "INVALID_UPDATE_VERSION");
  CHECK(judge(5, 6, {1, 2}) == "NONE");  // what it has got already
  CHECK(judge(5, 7, {1, 2, 4}) == "INELIGIBLE_REPLICA");
  cluster.context.mark_shutting_down(BrokerId(3));
  CHECK(judge(5, 7, {1, 2, 3}) == "INELIGIBLE_REPLICA");
  cluster.context.adopt(name, {BrokerId(1), 5, brokers({1, 2, 3}), 8});
  CHECK(judge(5, 8, {1, 3}) == "INELIGIBLE_REPLICA");  // nor may it stay
  cluster.dies(2);
  CHECK(judge(5, 8, {1, 2}) == "INELIGIBLE_REPLICA");
  CHECK(judge(5, 8, {1}) == "NONE");
}

TEST_CASE("states that others have written are taken over, an ISR change keeps its leader",
          "[unit]") {
  Cluster cluster;
  const TopicPartition name{"t", 0};
  cluster.context.correct({{name, {BrokerId(2), 3, brokers({2}), 4}},
                           {{"gone", 0}, {BrokerId(2), 3, brokers({2}), 4}}});
  CHECK(told(cluster.context.find(name)->state) == "2 of [2], epoch 3");
  CHECK(cluster.context.find({"gone", 0}) == nullptr);
  const LeaderAndIsr before = cluster.context.adopt_isr(name, {BrokerId(2), 3, brokers({2, 3}), 5});
  CHECK(told(before) == "2 of [2], epoch 3");
  CHECK(told(cluster.context.find(name)->state) == "2 of [2,3], epoch 3");
}
