// An operation of a scenario: what an operator does to the cluster while it runs. Each kind is an
// OperationAction; they are listed in scenarios/operations/kinds.cpp.
//
// Lifetime: values. Threads: none. Errors: checked in loading; what the cluster refuses is told in
// the run, under Kafka's name for it.
#pragma once

#include "base/phrase.h"
#include "base/settings_fwd.h"
#include "base/units.h"
#include "sim/task.h"

#include <memory>
#include <string>

namespace brokerlab {
struct SettingsReport;
}

namespace brokerlab::scenarios {

class Operator;
struct Scenario;

/// What became of it; empty: it was done.
using Refusal = Phrase;

/// One kind of operation, with what the scenario says of it.
class OperationAction {
 public:
  virtual ~OperationAction() = default;

  virtual Phrase what() const = 0;  ///< "creates topic orders", as the time line says it.
  /// Before the run: what it is about exists. `path`: "/operations/3".
  virtual void check(const Scenario& scenario, const std::string& path,
                     SettingsReport& report) const = 0;
  virtual sim::Task<Refusal> carry_out(Operator& by) const = 0;

  /// The topic that is not there before; empty: none.
  virtual std::string makes() const { return {}; }
  /// The broker that is not there before; empty: none.
  virtual std::string adds() const { return {}; }
  /// It changes settings of topics, brokers or clients.
  virtual bool changes_settings() const { return false; }
  /// How many partitions a topic has afterwards; 0: it says nothing of that.
  virtual int partitions_of(const std::string& /*topic*/) const { return 0; }
};

struct Operation {
  Duration at{0};
  std::shared_ptr<const OperationAction> action;  ///< Null: of no kind, which loading has told.

  // As of the action; of none nothing.
  std::string makes() const { return action ? action->makes() : std::string(); }
  std::string adds() const { return action ? action->adds() : std::string(); }
  bool changes_settings() const { return action && action->changes_settings(); }
  int partitions_of(const std::string& topic) const {
    return action ? action->partitions_of(topic) : 0;
  }

  static const Settings<Operation>& settings();
};

/// What must hold of operations: called once all else of the scenario has been checked.
void validate_operations(const Scenario& scenario, SettingsReport& report);

}  // namespace brokerlab::scenarios
