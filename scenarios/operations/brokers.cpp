// Brokers that are added while the cluster runs, and restarts of all, one after the other.
#include "base/translation.h"
#include "scenarios/description.h"
#include "scenarios/names.h"
#include "scenarios/operations/kinds.h"
#include "scenarios/operations/operator.h"
#include "scenarios/validate.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

bool is_broker(const Scenario& scenario, const std::string& name) {
  for (int i = 1; i <= scenario.broker_count(); ++i) {
    if (name == fmt::format("broker-{}", i)) return true;
  }
  return false;
}

class AddBroker final : public OperationAction {
 public:
  std::string broker;
  Phrase what() const override { return phrase("adds {} to the cluster", broker); }
  std::string adds() const override { return broker; }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    check_broker_name(scenario, path + "/add_broker", broker, report);
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    Cluster::Member* member = by.cluster().find(broker);
    if (member->machine->powered() && !member->process->running()) member->process->start();
    co_return Refusal();
  }
};

/// As an operator does it who looks at UnderReplicatedPartitions before each step.
class RollingRestart final : public OperationAction {
 public:
  std::vector<std::string> brokers;
  Duration pause{0};
  static const Settings<RollingRestart>& settings() {
    static const auto all =
        Settings<RollingRestart>("RollingRestart",
                                 "Brokers are stopped cleanly and started again, one after the "
                                 "other, each when all replicas are in sync.")
            .field("brokers", &RollingRestart::brokers, setting::list(machine_name(), 0, 100),
                   "Which, in this order; unset: all.")
            .field("pause", &RollingRestart::pause, Duration{0}, 1h,
                   "Between the last replica in sync and the next stop.");
    return all;
  }
  Phrase what() const override { return phrase("restarts the brokers, one after the other"); }
  void check(const Scenario& scenario, const std::string& path,
             SettingsReport& report) const override {
    for (std::size_t i = 0; i < brokers.size(); ++i) {
      check_broker_name(scenario, fmt::format("{}/rolling_restart/brokers/{}", path, i), brokers[i],
                        report);
    }
  }
  sim::Task<Refusal> carry_out(Operator& by) const override {
    std::vector<std::string> order = brokers;
    for (int i = 1; brokers.empty() && i <= by.cluster().scenario().broker_count(); ++i) {
      order.push_back(fmt::format("broker-{}", i));
    }
    for (const std::string& name : order) {
      Cluster::Member* member = by.cluster().find(name);
      if (!member->process->running()) continue;
      co_await wait_until(by, [&by] { return all_in_sync(by.cluster()); });
      co_await by.world().sleep(pause);
      by.world().set_cause({});
      member->process->terminate();
      co_await wait_until(by, [member] { return !member->process->running(); });
      if (member->machine->powered()) member->process->start();
      co_await wait_until(by, [&by, member] {
        const model::Broker* broker = by.cluster().broker(by.cluster().broker_id(*member));
        return broker != nullptr && broker->server().serving();
      });
    }
    co_await wait_until(by, [&by] { return all_in_sync(by.cluster()); });
    co_return Refusal();
  }

 private:
  static sim::Task<> wait_until(Operator& by, std::function<bool()> holds) {
    while (!holds()) co_await by.world().sleep(100ms);
  }
  static bool all_in_sync(const Cluster& cluster) { return cluster.all_in_sync(); }
};

}  // namespace

void check_broker_name(const Scenario& scenario, const std::string& path, const std::string& name,
                       SettingsReport& report) {
  if (is_broker(scenario, name) || !report.clean("/brokers")) return;
  report.error(path, in_quotes(name),
               tr("is no broker: they are broker-1 to broker-{}", scenario.broker_count()));
}

void add_broker_operations(Settings<Operation>& kinds) {
  kinds.alternative("add_broker", &Operation::action, &AddBroker::broker, machine_name(),
                    "A broker of the scenario joins now, and not at the start.");
  kinds.alternative<RollingRestart>("rolling_restart", &Operation::action,
                                    "Brokers are restarted, one after the other.");
}

}  // namespace brokerlab::scenarios
