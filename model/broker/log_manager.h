// LogManager: the logs of one broker, in directories that may fail: opened and recovered at the
// start, flushed and checkpointed while it runs, closed at its end.
//
// What the log engine has written is in memory; each call here that takes time then waits for the
// hardware (BrokerStorage::settle), and there a disk's failure is seen.
//
// Lifetime: owned by the ReplicaManager. Threads: none. Source: kafka.log.LogManager; KIP-112.
#pragma once

#include "log/directory/checkpoint.h"
#include "model/broker/hosted_replicas.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace brokerlab::model {

class LogManager {
 public:
  LogManager(const ReplicaContext& context, HostedReplicas& replicas)
      : context_(context), replicas_(replicas) {}

  /// Reads the settings that a topic has of its own.
  using ConfigReader = std::function<sim::Task<TopicOverrides>(std::string topic)>;
  void set_config_reader(ConfigReader reader) { read_config_ = std::move(reader); }

  /// Opens every log of every directory, recovering those of an unclean stop. Takes its time.
  sim::Task<> load();
  /// Starts the background work: checkpoints, flushes.
  void start();
  /// Flushes, writes checkpoints and the clean-shutdown markers.
  sim::Task<> close_cleanly();

  /// Before the first open() of the topic; reads once.
  sim::Task<> learn_config(std::string topic);
  /// Settings have changed: of the topic, by what it sets for itself, or of all topics, by the
  /// broker's. Gives the hosted replicas that have others now. Source:
  /// LogManager.updateTopicConfig, DynamicLogConfig.reconfigure.
  std::vector<Partition*> use_topic_config(const std::string& topic, TopicOverrides overrides);
  std::vector<Partition*> use_broker_config();
  /// A replica with its log: one that was loaded, or a new one where the fewest are. `is_new`: the
  /// controller has just made the partition, so it cannot be on a directory that has failed.
  Result<std::unique_ptr<Partition>, ErrorCode> open(const TopicPartition& name, bool is_new);
  /// The log is renamed at once, and its files go after file.delete.delay.ms. Source:
  /// LogManager.asyncDelete.
  void remove(const TopicPartition& name);
  /// Syncs what lies before a new segment, in the background.
  void flush_behind(const TopicPartition& name, Offset base) {
    context_.process.spawn(flush_to(name, base));
  }

  /// Up to where the log was compacted (cleaner-offset-checkpoint); 0: it never was.
  Offset first_dirty_offset(const TopicPartition& name) const;
  void note_cleaned(const TopicPartition& name, Offset upto);

  void tell_failed(int dir, sim::DiskError error);
  /// Forgets the directory. Gives the hosted replicas that are gone with it.
  std::vector<TopicPartition> lose_dir(int dir);

 private:
  /// A log directory's part of load().
  struct Recovered {
    int logs = 0;
    Bytes scanned{0};
    Bytes cut{0};
    void add(const Recovered& other) {
      logs += other.logs;
      scanned += other.scanned;
      cut += other.cut;
    }
  };
  /// What is left to load of a directory, for its recovery threads.
  struct Loading {
    int dir;
    bool clean;
    log::OffsetCheckpoint recovery_points;
    log::OffsetCheckpoint log_starts;
    std::vector<std::string> names;
    std::size_t next = 0;
    bool works = true;  ///< False: the directory has failed.
  };
  sim::Task<Recovered> load_dir(int dir);
  sim::Task<Recovered> load_logs(Loading& loading);
  sim::Task<> load_log(Loading& loading, const std::string& name, Recovered& recovered);
  /// Hosted or not.
  void for_each_log(const std::function<void(const TopicPartition&, log::Log&)>& act);
  std::vector<Partition*> apply_configs(const std::string* topic);
  int emptiest_dir() const;  ///< -1: all have failed.
  sim::Task<> flush_to(TopicPartition name, Offset base);
  sim::Task<> delete_later(int dir, std::string path);
  sim::Task<> checkpoint_high_watermarks();
  sim::Task<> checkpoint_recovery_points();
  sim::Task<> checkpoint_log_starts();
  sim::Task<> flush_dirty_logs();
  sim::Task<> forget_expired_producers();
  void write_high_watermarks();
  void write_recovery_points();
  void write_log_starts();
  void write_cleaned(int dir);
  void write_checkpoints(const char* name, const std::vector<log::OffsetCheckpoint>& by_dir);
  sim::World& world() const { return context_.world(); }

  const ReplicaContext& context_;
  HostedReplicas& replicas_;
  ConfigReader read_config_;
  std::map<std::string, TopicOverrides> topic_configs_;
  std::map<TopicPartition, std::unique_ptr<log::Log>> loaded_;  ///< Not hosted yet.
  std::map<TopicPartition, int> dirs_;                          ///< Of every log here.
  log::OffsetCheckpoint high_watermarks_;
  log::OffsetCheckpoint cleaned_;
  std::int64_t removed_ = 0;  ///< How many logs: part of their names then.
};

}  // namespace brokerlab::model
