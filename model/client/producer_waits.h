// Where the time of a producer's batch goes, from its first record to its acknowledgment: for the
// trace, never read by the model. Every part is measured; nothing is guessed from settings.
//
// Threads: none. Source of the names: ProducerConfig, and the broker's metrics RequestQueueTimeMs,
// LocalTimeMs and RemoteTimeMs.
#pragma once

#include "base/phrase.h"
#include "model/config.h"
#include "model/wire/protocol.h"
#include "sim/network.h"
#include "sim/trace.h"
#include "sim/world.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace brokerlab::model {

struct BatchTimes {
  Time drained;                            ///< For the last attempt.
  Duration lingered{0};                    ///< For linger.ms, or until it was full.
  Duration blocked{0};                     ///< Though ready: its broker took no request.
  std::string_view blocked_by = {};        ///< The setting that kept it; empty: a connection.
  Duration backed_off{0};                  ///< For retry.backoff.ms.
  Duration failed{0};                      ///< In attempts that failed.
  ErrorCode last_error = ErrorCode::none;  ///< Of the last of them.
};

/// Whether a card was full while a request went from one machine to another: made when it is sent.
class CardUse {
 public:
  CardUse(const sim::Network& network, sim::MachineId from, sim::MachineId to);
  /// Of those two the machine with the full card; none: neither.
  std::optional<sim::MachineId> full() const;

 private:
  struct Look {
    Bytes moved, capacity;
  };
  Look look(sim::MachineId machine, sim::Direction way) const;

  const sim::Network& network_;
  const sim::MachineId from_, to_;
  const Look out_, in_;
};

/// An acknowledgment that has come.
struct AcknowledgmentTimes {
  const BatchTimes& batch;
  Response::Waits broker_waits;
  std::string broker;          ///< Machines' names.
  std::string full_card = {};  ///< Of a machine whose card was full; empty: none.
  Duration whole{0};           ///< Since the batch was begun.
  Duration last_attempt{0};    ///< Since it was drained.
};

/// The largest parts, those of 100 ms and a fifth of the whole: "linger.ms = 500 ms (480 ms)".
/// Nothing: no part is that large.
std::optional<Phrase> where_it_waited(const AcknowledgmentTimes& times,
                                      const ProducerConfig& config);

struct ProducerBatch;

/// Tells where the time of acknowledgments went that took 100 ms or more: once in 10 s a partition,
/// unless it gets twice as bad.
class AcknowledgmentWaits {
 public:
  AcknowledgmentWaits(sim::World& world, const ProducerConfig& config)
      : world_(world), config_(config) {}

  struct Answer {
    Response::Waits waits;
    std::string broker;
  };
  void note(const ProducerBatch& batch, sim::Trace::About about, const Answer& answer,
            const CardUse& cards);

 private:
  struct Told {
    Time when{};
    Duration longest{0};
  };
  sim::World& world_;
  const ProducerConfig& config_;
  std::map<TopicPartition, Told> told_;
};

/// "REQUEST_TIMED_OUT, after NOT_ENOUGH_REPLICAS": of a batch whose last attempt failed otherwise.
Phrase how_it_ended(ErrorCode error, ErrorCode last);

}  // namespace brokerlab::model
