// Sender: the producer's loop that takes batches out of the buffer and sees them to their fate.
//
// It takes batches that are full or have lingered, one a partition and one request a broker, keeps
// up to max.in.flight.requests.per.connection requests under way on each connection, and retries
// what failed with a retriable error until delivery.timeout.ms or the retries are used up. Of an
// idempotent producer it asks a broker for the id first, and what each failure means is the
// TransactionManager's to say.
//
// Lifetime: part of a KafkaProducer; borrows the rest of it. Its coroutines die with the process.
// Threads:  none. Errors: a record's fate is told to the Observer, exactly once.
// Source:   org.apache.kafka.clients.producer.internals.Sender.
#pragma once

#include "model/client/buffer_pool.h"
#include "model/client/metadata.h"
#include "model/client/partitioner.h"
#include "model/client/producer.h"
#include "model/client/producer_outages.h"
#include "model/client/producer_waits.h"
#include "model/client/record_accumulator.h"
#include "model/client/transaction_requests.h"

#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

namespace brokerlab::model {

class Sender {
 public:
  struct Parts {
    ClientNetwork& network;
    RecordAccumulator& accumulator;
    Partitioner& partitioner;
    BufferPool& memory;
    KafkaProducer::Counters& counters;
    TransactionManager* transactions;  ///< nullptr: it is not idempotent.
  };
  Sender(sim::Process& process, const ProducerConfig& config, const Parts& parts,
         ClusterContext& context);

  void start() { process_.spawn(run()); }
  /// close() waits no longer: whatever is buffered or under way has failed.
  void abort_incomplete();
  /// A connection could not be made.
  void note_unreachable(Address address, sim::EventId cause) {
    outages_.note_unreachable(address, RpcFailure::Kind::not_connected, cause);
  }
  /// Why a broker may be silent with which nothing is wrong: it waits itself. None: not known.
  sim::EventId why_silent(Address address) const;

 private:
  struct Drained {
    BrokerId node;
    NodeConnection* connection;
    std::int64_t connection_number;
    std::vector<BatchPtr> batches;
  };
  /// Brokers that had something to be sent and took nothing.
  struct Blocked {
    Time since;
    std::string_view by;  ///< The setting that keeps it waiting.
  };

  sim::Task<> run();
  sim::Task<bool> take_transactional_turn();
  std::vector<std::pair<BrokerId, NodeConnection*>> ready_to_take(const std::set<BrokerId>& nodes,
                                                                  Time& next);
  std::vector<Drained> drain(const std::set<BrokerId>& nodes, Time& next);
  void note_drained(ProducerBatch& batch, BrokerId node);
  sim::Task<> send_drained(Drained drained);
  sim::Task<> request(Drained drained);
  void take_answers(const std::vector<BatchPtr>& batches, BrokerId node,
                    const ProduceResponse& response, Address from, const CardUse& cards);
  void fail_expired();
  /// `failure`: no answer came.
  void complete(const BatchPtr& batch, BrokerId node, const ProduceResponse::Partition& answer,
                const RpcFailure* failure = nullptr);
  bool can_retry(const ProducerBatch& batch, const ProduceResponse::Partition& answer) const;
  void acknowledge(const BatchPtr& batch, BrokerId node, Offset base_offset);
  /// delivery.timeout.ms is over.
  void time_out(const BatchPtr& batch);
  /// It is told by no broker: the producer is closed forcefully, or gives up its transaction.
  void abort(const BatchPtr& batch, ErrorCode error, std::string_view exception);
  void abort_batches(ErrorCode error, std::string_view exception);
  /// `exception`: as in Observer::on_send_failed(). `by_choice`: nothing is wrong with its
  /// partition.
  void give_up(const BatchPtr& batch, ErrorCode error, std::string_view exception = {},
               bool by_choice = false);
  void finish(const BatchPtr& batch);
  void wake() { network_.changed().notify_all(); }
  sim::EventId why_refused(ErrorCode error, sim::PartitionId partition) const;
  sim::Trace::About about(const TopicPartition& partition) const {
    return {.machine = process_.machine().id(), .partition = context_.partitions.id_of(partition)};
  }

  sim::Process& process_;
  sim::World& world_;
  const ProducerConfig& config_;
  ClientNetwork& network_;
  RecordAccumulator& accumulator_;
  Partitioner& partitioner_;
  BufferPool& memory_;
  KafkaProducer::Counters& counters_;
  TransactionManager* const transactions_;
  std::optional<TransactionRequests> transaction_requests_;
  ClusterContext& context_;
  std::map<BrokerId, int> in_flight_;  ///< Produce requests.
  std::map<BrokerId, Blocked> blocked_;
  std::vector<BatchPtr> in_flight_batches_;
  AcknowledgmentWaits waits_;
  ProducerOutages outages_;
};

}  // namespace brokerlab::model
