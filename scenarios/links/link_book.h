// Links: the same applications without Kafka between them. Every program that sends a source's
// records has a connection of its own to every application that wants them, and keeps for each a
// buffer of its own. The LinkBook knows who is linked to whom, by what rule a full buffer is met,
// and what became of the records on each link.
//
//   waits   who sends stands still until the one full buffer has room: all other receivers with it
//   drops   what finds its buffer full is thrown away, for that receiver alone
//
// The members of a group share its records: they take turns. Records are kept in a buffer until
// their receiver has answered that it has processed them, and sent again over a new connection: a
// receiver that dies gets some twice, a sender that dies loses what is in its buffers.
//
// Lifetime: outlives the processes; one a run. Threads: none.
#pragma once

#include "scenarios/description.h"
#include "sim/ids.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace brokerlab::scenarios {

struct LinkRules {
  bool waits = true;
  Bytes buffer{32 << 20};  ///< Of each link: buffer.memory of a KafkaProducer.
};

/// Records in a row, as they came out of their source.
struct LinkRun {
  int lane = 0;
  std::int64_t first = 0;
  std::int64_t count = 0;
  Time first_due;
  Time last_due;
  std::int64_t bytes = 0;
};

class LinkBook {
 public:
  LinkBook(const Scenario& scenario, LinkRules rules);

  struct Link {
    std::size_t sender = 0;  ///< Of scenario.producers.
    std::size_t group = 0;   ///< Of scenario.consumers.
    sim::MachineId receiver;
    std::int64_t processed = 0;          ///< Different records.
    std::int64_t again = 0;              ///< That were processed before.
    std::int64_t dropped = 0;            ///< That found the buffer full.
    Duration longest{0};                 ///< From coming into being to having been processed.
    std::map<int, std::int64_t> next{};  ///< By lane: behind the last that was processed.
  };
  struct Sender {
    std::int64_t taken = 0;  ///< From its source.
    Duration stood_still{0};
    Time stands_since = never;
  };

  const LinkRules& rules() const { return rules_; }
  const std::vector<Link>& links() const { return links_; }
  const Sender& sender(std::size_t producer) const { return senders_[producer]; }
  /// The links of a sender, by group.
  std::map<std::size_t, std::vector<std::size_t>> links_of(std::size_t producer) const;

  void note_taken(std::size_t producer, std::int64_t records) {
    senders_[producer].taken += records;
  }
  void note_stands(std::size_t producer, Time now) { senders_[producer].stands_since = now; }
  void note_goes_on(std::size_t producer, Time now);
  void note_dropped(std::size_t link, std::int64_t records) { links_[link].dropped += records; }
  /// Some records of a run, from `since` on, when the first was begun, one after the other.
  void note_processed(std::size_t link, const LinkRun& part, Time first_done, Time now);

 private:
  const LinkRules rules_;
  std::vector<Link> links_;
  std::vector<Sender> senders_;
};

}  // namespace brokerlab::scenarios
