// KafkaProducer: Kafka's producer client.
//
// send() waits for the topic's metadata, chooses a partition (Partitioner), waits for memory
// (BufferPool) and puts the record into the batch of its partition (RecordAccumulator), from where
// the Sender takes it. Without enable.idempotence and with more than one request in flight a
// retried batch may overtake its successor, and a batch whose response was lost is written twice;
// with it brokers know each batch again (TransactionManager).
//
// Costs: serialising, hashing and compressing take time on the machine's Cpu, as in the caller's
// thread (see send_cost in the .cpp). Sizes are exact: gzip really compresses.
//
// Lifetime: owned by the Program of its process; its coroutines die with the process, and whatever
//           was buffered is then lost, unheard. Borrows the ClusterContext.
// Threads:  none. Errors: a record's fate is told to the Observer, exactly once.
// Source:   org.apache.kafka.clients.producer.KafkaProducer.
#pragma once

#include "model/client/metadata.h"
#include "model/client/transaction_manager.h"
#include "model/cluster_context.h"
#include "model/config.h"
#include "sim/machine.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace brokerlab::model {

struct ProducerRecord {
  RecordRef ref;
  Time intended;  ///< When the load wanted it sent; latencies count from here.
  std::string topic;
  std::optional<int> partition;  ///< Unset: the partitioner chooses.
  std::optional<log::ByteVector> key;
  log::ByteVector value;
  std::optional<log::Timestamp> timestamp;  ///< CreateTime; unset: what its machine's clock says.
};

/// Records without bytes of their own, which come together and have the same key or none.
struct ProducerRun {
  RecordRun run;
  /// Of the first and the last; those between are spread evenly.
  Time intended_first;
  Time intended_last;
  std::string topic;
  std::optional<int> partition;  ///< Unset: the partitioner chooses, as for records without a key.
  std::int64_t key_size = -1;    ///< Of each; -1: none.
  std::int64_t bytes = 0;        ///< Of all values together.
};

struct ProducerSetup {
  std::string client_id;
  std::vector<Address> bootstrap;  ///< bootstrap.servers
  ProducerConfig config;
};

class KafkaProducer {
 public:
  KafkaProducer(sim::Process& process, ProducerSetup setup, ClusterContext& context);
  KafkaProducer(const KafkaProducer&) = delete;
  KafkaProducer& operator=(const KafkaProducer&) = delete;
  ~KafkaProducer();

  /// Buffers the record. Waits for the topic's metadata and for buffer memory, max.block.ms at
  /// most together. False: the record failed (the Observer has heard why).
  sim::Task<bool> send(ProducerRecord record);

  /// The same of all records of a run; they travel as phantom batches (log/batch/phantom.h). Costs
  /// what as many records cost the producer's machine, and us what the batches do.
  sim::Task<bool> send(ProducerRun run);

  // --- With a transactional.id ---
  // Each waits max.block.ms at most (REQUEST_TIMED_OUT: not done yet; the same call goes on with
  // it). Another error: the transaction can only be aborted, or, when failed(), nothing can be sent
  // any more.

  sim::Task<ErrorCode> init_transactions();
  ErrorCode begin_transaction();
  sim::Task<ErrorCode> send_offsets(GroupOffsets offsets);
  sim::Task<ErrorCode> commit_transaction();
  sim::Task<ErrorCode> abort_transaction();
  bool failed() const;
  /// The transaction can only be aborted.
  bool must_abort() const;
  /// init_transactions(), commit_transaction() or abort_transaction() has ended with
  /// REQUEST_TIMED_OUT because max.block.ms was over: the same call goes on with it. Else that is
  /// its outcome, such as that of a batch that has expired.
  bool call_under_way() const;

  /// Sends everything buffered without lingering and waits until all of it has met its fate.
  sim::Task<> flush();

  /// No further send(); flushes until the deadline, then fails what is left.
  sim::Task<> close(Time deadline = never);
  /// After close(), in a process that goes on: its connections end, and its loops.
  void shut();

  struct Counters {
    std::int64_t records_sent = 0;
    std::int64_t records_acknowledged = 0;
    std::int64_t records_failed = 0;
    std::int64_t requests = 0;
    std::int64_t batches = 0;      ///< Sent, retries included.
    std::int64_t batch_bytes = 0;  ///< As sent.
    std::int64_t batches_retried = 0;
    Duration waited_for_buffer{};  ///< Time send() spent waiting for memory.
  };
  const Counters& counters() const;
  Bytes buffer_available() const;
  std::int64_t records_buffered() const;  ///< Neither acknowledged nor failed yet.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace brokerlab::model
