// Subject: what several rules of lint ask a scenario: how much is written, what fails together, and
// which faults to put into it to show a harm.
//
// Lifetime: borrows the scenario. Threads: none. Errors: none; what cannot be known (a data file
// that is gone) counts as no load.
#pragma once

#include "scenarios/description.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brokerlab::plan {

/// What producers send, together; records a second and bytes of one, before compression.
struct Load {
  double mean = 0;   ///< Over the run,
  double peak = 0;   ///< and its highest.
  double size = 0;   ///< Of a record.
  double ratio = 1;  ///< How many times smaller it travels and is kept.

  double mean_bytes() const { return mean * size / ratio; }  ///< A second, as kept.
  double peak_bytes() const { return peak * size / ratio; }
};

/// Machines that one failure takes together: a computer, a rack, a zone.
struct Domain {
  enum class Kind { host, rack, zone };
  Kind kind = Kind::host;
  std::string name;
  std::vector<int> brokers;  ///< From 0.
  int ensemble = 0;          ///< Servers of ZooKeeper.
  bool drawn = false;        ///< It stands in the topology, so it can fail as one.
};

class Subject {
 public:
  /// `drawn_from_files`: import made it of the files of a cluster, of which nobody may have told
  /// how many brokers it has.
  explicit Subject(const scenarios::Scenario& scenario, bool drawn_from_files = false);

  const scenarios::Scenario& scenario() const { return scenario_; }
  const std::vector<Load>& loads() const { return loads_; }  ///< Of each producer.
  Load load_of_topic(std::string_view topic) const;
  /// What is written to these topics.
  Load load_of(const std::vector<std::string>& topics) const;
  /// Bytes a second, as kept, that are written to the topic in the long run: over `span`, not over
  /// the run alone. A rate goes on as its description says: what is constant stays, days and bursts
  /// come again, the last step of steps holds. (A source's `until` ends the run's load, not the
  /// load there is.) Users in a closed loop and rates from a file: as over the run.
  double kept_a_second(std::string_view topic, Duration span) const;
  /// Groups that read the topic.
  int readers_of(std::string_view topic) const;

  /// Each kind in which there are at least two, or of hosts: that carry at least two machines.
  const std::vector<Domain>& domains() const { return domains_; }
  int domains_of(Domain::Kind kind) const;
  /// Every broker says its broker.rack, so Kafka spreads replicas over racks.
  bool rack_aware() const { return rack_aware_; }

  bool drawn_from_files() const { return drawn_from_files_; }
  /// One broker alone can be no example of what several would do, unless nobody told of the others.
  bool has_one_broker() const { return scenario_.broker_count() < 2 && !drawn_from_files_; }
  bool written_with_acks_all(std::string_view topic) const;
  /// Of a group of brokers.
  Duration granted_session(std::size_t group) const;

 private:
  void find_domains();

  const scenarios::Scenario& scenario_;
  std::vector<Load> loads_;
  std::vector<Domain> domains_;
  bool rack_aware_ = false;
  bool drawn_from_files_ = false;
};

/// Faults that show a harm, put one behind the other into a scenario in place of its own.
class Story {
 public:
  explicit Story(const Subject& subject);

  /// At that part of the run, from 0 to 1: `kind` as in a scenario, `whom` as JSON.
  Story& at(double part, std::string_view kind, std::string_view whom, std::string_view as = {});
  /// The same to each broker from `first` to `last`, from 0, inclusive.
  Story& brokers(double part, std::string_view kind, int first, int last);
  /// Each broker in turn loses power and gets it back before the next one does, where the run is
  /// long enough for that; else the first one does, and stays away.
  Story& each_broker_in_turn();
  Duration part(double part) const;
  Duration length() const { return length_; }

  /// What --set needs.
  std::vector<std::string> sets() const;

 private:
  const Subject& subject_;
  Duration length_;
  bool shortened_;
  std::string faults_;
};

/// A run longer than this is cut short to show a harm, where that is possible.
inline constexpr Duration longest_story = 15min;
inline constexpr Duration short_story = 10min;

/// {"leader_of_most":"orders"}
std::string leader_of_most(std::string_view topic);

/// "a, b, c and 5 more", each in quotes of its own language's kind.
Phrase names_of(const std::vector<std::string>& names);

}  // namespace brokerlab::plan
