// Wiring: the applications of a scenario under its load and its faults, once as they are, with
// Kafka between them, and once linked to each other (scenarios/links/link_book.h); and from both
// the same numbers, so that they can stand side by side. Machines, programs, sources, seed and
// faults are those of the scenario; without Kafka, brokers and ensemble are not started.
//
// Closed form: without the hub a link for each sender and each application that wants its records
// (n x m when everybody wants everything), with it one for each application (n + m).
//
// What is not compared: stream processors, which have their state in Kafka, and groups that work
// in batches: wiring_problems() names them.
//
// Threads: none. Errors: sentences.
#pragma once

#include "base/phrase.h"
#include "base/problem.h"
#include "base/result.h"
#include "scenarios/links/link_book.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

struct WiringReport {
  bool hub = false;
  int senders = 0;
  int receivers = 0;  ///< Members of groups.
  std::int64_t links_by_form = 0;
  /// Pairs of machines that exchanged something, at least one of them an application's. To Kafka an
  /// application may have one to each broker.
  std::int64_t connected_pairs = 0;
  /// Applications that exchanged something: those with a link to the hub.
  std::int64_t linked_applications = 0;

  // Of the machines that the senders run on:
  std::int64_t records = 0;  ///< Taken from their sources.
  std::int64_t messages = 0, bytes = 0;
  double cpu_seconds = 0;
  double stood_still_s = 0;       ///< In all, before full buffers of links.
  std::int64_t bytes_of_all = 0;  ///< Sent by all machines.

  struct Receiver {
    std::string group;
    bool faulty = false;  ///< A fault of the scenario is about one of its members.
    std::int64_t processed = 0, again = 0;
    std::int64_t missing = 0;      ///< Came into being, and were not processed by the end.
    std::int64_t thrown_away = 0;  ///< Of these, by the rule of a link; deleted in Kafka.
    double longest_s = 0;          ///< From coming into being to having been processed.
  };
  std::vector<Receiver> groups;

  struct Happened {
    double at_s = 0;
    Phrase what;
    std::string target;
    /// Without Kafka what hits a broker or the ensemble hits nobody.
    bool done = false;
  };
  std::vector<Happened> faults;  ///< In the order of the scenario.

  std::string json() const;
  static WiringReport from(const std::string& json);
};

/// What of the scenario has no counterpart without Kafka.
Problems wiring_problems(const Scenario& scenario);

/// One run; in a process that has run nothing before. `links`: without Kafka, by these rules.
Result<WiringReport, std::string> measure(const Scenario& scenario,
                                          const std::optional<LinkRules>& links);

/// Both runs, each in a process of its own.
struct WiringComparison {
  WiringReport links;
  WiringReport hub;
};
Result<WiringComparison, std::string> compare_wirings(const Scenario& scenario, LinkRules rules);

}  // namespace brokerlab::scenarios
