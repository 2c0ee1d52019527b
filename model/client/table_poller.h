// TablePoller: an application that polls a database table and produces its new rows.
//
// Every poll_interval it asks the table, which takes query_time, and gets the rows due by then in
// the order they came; for each it spends service_time of CPU (making the message) and calls the
// producer's send(). A slow producer delays the rows behind it and loses none: a row's latency
// counts from its intended time, not from the poll that found it.
//
// How the program uses its producer is a setting (TableUse): whether it marks a row as sent, in the
// table, before it sends it; whether it waits for each record; whether it makes a new KafkaProducer
// for each, as a script does that somebody wrote in an afternoon; and from when to when it rests.
//
// A closed loop hears at each poll how many of its records have met their fate since the one
// before: its think times begin there.
//
// Lifetime: the Program of a process; the feed and the ClusterContext outlive it. Rows taken from
//           the feed when the process is killed are lost with it, as in a real poller that keeps
//           its mark; one whose mark is set behind its sending is found again by the next life. A
//           row that was sent and not marked is not sent again.
// Threads:  none.
#pragma once

#include "model/client/producer.h"
#include "model/client/record_feed.h"

#include <memory>
#include <vector>

namespace brokerlab::model {

/// How the program treats its rows.
struct TableUse {
  /// A row is marked as sent, and that is committed, before it is sent; else behind it.
  bool marks_before_sending = false;
  Duration mark_time{0};  ///< How long the update and its commit take; 0: it keeps its own mark.
  /// Connects, asks for metadata, sends one record and closes; what is not acknowledged within
  /// send_timeout is given up, and the rest of the poll waits for the next.
  bool new_producer_each = false;
  bool waits_for_each = false;  ///< For its acknowledgment, before the next row.
  Duration send_timeout = 10s;
  Time rests_from{};   ///< It asks for no rows from here ...
  Time rests_until{};  ///< ... to here; the same: never.
};

struct TablePollerSetup {
  int producer = 0;  ///< RecordRef::producer of its records.
  std::string topic;
  Duration poll_interval = 1s;
  Duration query_time = 5ms;
  Duration service_time = 100us;
  int partitions = 1;  ///< Of the topic.
  TransactionUse transaction;
  TableUse use;
  ProducerSetup client;
};

class TablePoller final : public sim::Program {
 public:
  TablePoller(sim::Process& process, TablePollerSetup setup, RecordFeed& feed,
              ClusterContext& context);
  /// The same with rows that have no bytes of their own; many that are alike are sent together.
  TablePoller(sim::Process& process, TablePollerSetup setup, RunFeed& feed,
              ClusterContext& context);

  KafkaProducer& producer() { return *producer_; }
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
  bool marks_behind() const {
    return !setup_.use.marks_before_sending && setup_.use.mark_time > Duration{0};
  }
  /// False: the row was given up, and the program ends for this time.
  sim::Task<bool> send_row(FeedRecord row);
  /// close() of the producer, and a new one. False: it had to give up its record.
  sim::Task<bool> renew_producer();
  std::int64_t records_done() const;
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
    if (records_ == nullptr) return runs_->oldest_due();
    return records_->held() ? records_->held()->intended : records_->next_due();
  }

  sim::Process& process_;
  const TablePollerSetup setup_;
  ClusterContext& context_;
  FeedListener& feed_;
  RecordFeed* records_;  ///< One of these two.
  RunFeed* runs_;
  std::unique_ptr<KafkaProducer> producer_;
  /// Those before it, of a program that makes a new one for each row: their coroutines end with the
  /// process only.
  std::vector<std::unique_ptr<KafkaProducer>> closed_;
  std::int64_t done_by_closed_ = 0;  ///< Records of theirs that have met their fate.
  std::int64_t told_done_ = 0;       ///< Of its records: the feed knows that they are done.
  bool initialized_ = false;         ///< initTransactions() has been called.
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
