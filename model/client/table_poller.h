// TablePoller: an application that polls a database table and produces its new rows.
//
// Every poll_interval it asks the table, which takes query_time, and gets the rows due by then in
// the order they came; for each it spends service_time of CPU (making the message) and calls the
// producer's send(). A slow producer delays the rows behind it and loses none: a row's latency
// counts from its intended time, not from the poll that found it.
//
// A closed loop hears at each poll how many of its records have met their fate since the one
// before: its think times begin there.
//
// Lifetime: the Program of a process; the feed and the ClusterContext outlive it. Rows taken from
//           the feed when the process is killed are lost with it, as in a real poller that keeps
//           its mark.
// Threads:  none.
#pragma once

#include "model/client/producer.h"
#include "model/client/record_feed.h"

namespace brokerlab::model {

struct TablePollerSetup {
  int producer = 0;  ///< RecordRef::producer of its records.
  std::string topic;
  Duration poll_interval = 1s;
  Duration query_time = 5ms;
  Duration service_time = 100us;
  int partitions = 1;  ///< Of the topic.
  TransactionUse transaction;
  ProducerSetup client;
};

class TablePoller final : public sim::Program {
 public:
  TablePoller(sim::Process& process, TablePollerSetup setup, RecordFeed& feed,
              ClusterContext& context);
  /// The same with rows that have no bytes of their own; many that are alike are sent together.
  TablePoller(sim::Process& process, TablePollerSetup setup, RunFeed& feed,
              ClusterContext& context);

  KafkaProducer& producer() { return producer_; }
  /// The feed is exhausted and every row was handed to the producer.
  bool done() const { return done_; }
  /// SIGTERM: asks the table no more, sends what it has (KafkaProducer::close) and exits.
  void terminate(sim::Process& self) override;

 private:
  TablePoller(sim::Process& process, TablePollerSetup setup, FeedListener& listener,
              RecordFeed* records, RunFeed* runs, ClusterContext& context);
  sim::Task<> run();
  sim::Task<> send_records(Time polled);
  sim::Task<> send_runs(Time polled);
  /// Before records are sent: a transaction is open. False: the producer is of no use any more.
  sim::Task<bool> open_transaction();
  /// Ends it when it is due.
  sim::Task<> note_sent(std::int64_t records);
  sim::Task<> end_transaction();
  void give_up();
  bool transactional() const { return setup_.client.config.transactional_id.has_value(); }
  sim::Task<> finish();
  void tell_done();
  std::optional<Time> next_due() const {
    return records_ != nullptr ? records_->next_due() : runs_->oldest_due();
  }

  sim::Process& process_;
  const TablePollerSetup setup_;
  FeedListener& feed_;
  RecordFeed* records_;  ///< One of these two.
  RunFeed* runs_;
  KafkaProducer producer_;
  std::int64_t told_done_ = 0;  ///< Of its records: the feed knows that they are done.
  bool initialized_ = false;    ///< initTransactions() has been called.
  bool in_transaction_ = false;
  bool fenced_ = false;            ///< Nothing can be sent any more.
  std::int64_t in_this_ = 0;       ///< Records of the transaction.
  std::int64_t transactions_ = 0;  ///< That were ended.
  Time began_{};
  bool done_ = false;
  bool stopping_ = false;
  sim::Signal asked_to_stop_;
};

}  // namespace brokerlab::model
