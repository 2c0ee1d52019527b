#include "model/broker/deletion.h"

#include "model/events.h"

#include <functional>
#include <utility>
#include <vector>

namespace brokerlab::model {

// --- Retention ---

sim::Task<> Deletion::run() {
  co_await context_.world().sleep(context_.config.log_initial_task_delay);
  while (true) {
    context_.world().set_cause({});
    for (const auto& [name, partition] : replicas_.all()) {
      // Logs that are compacted, too, are the cleaner's (LogManager.cleanupLogs).
      if (!partition->config().compacts()) apply_retention(*partition);
    }
    co_await context_.storage.settle();
    co_await context_.world().sleep(context_.config.log_retention_check_interval);
  }
}

void Deletion::apply_retention(Partition& partition) {
  log::Log& log = partition.log();
  const log::Timestamp now = context_.wall_millis();
  const log::Expired expired = log.expired(now, partition.high_watermark());
  if (expired.segments == 0) return;
  const Offset from = log.log_start_offset();
  if (expired.start > from) {
    context_.cluster.observer.on_deleting(
        {context_.id, partition.name(), from, expired.start, now, false});
  }
  const std::size_t before = log.condemned();
  // What the disk does is seen when the broker waits for it.
  if (!log.apply_retention(now, partition.high_watermark())) return;
  if (const std::size_t condemned = log.condemned() - before; condemned > 0) {
    context_.process.spawn(
        remove_files_later(partition.name(), condemned, partition.config().file_delete_delay));
  }
  const Phrase why = expired.by_size == 0   ? Phrase{"retention.ms", "retention.ms"}
                     : expired.by_time == 0 ? Phrase{"retention.bytes", "retention.bytes"}
                                            : Phrase{"retention.bytes and retention.ms",
                                                     "retention.bytes와 retention.ms"};
  if (expired.start == from) return;
  const sim::World::KeepCause keep(context_.world());
  context_.world().trace().record(events::segments_deleted,
                                  {.machine = context_.machine(), .partition = partition.id()},
                                  {{"segments", std::to_string(expired.segments)},
                                   {"from", std::to_string(from)},
                                   {"start", std::to_string(expired.start)},
                                   {"size", to_rounded_text(Bytes(expired.bytes))},
                                   sim::Detail::of("why", why)});
}

sim::Task<> Deletion::remove_files_later(TopicPartition name, std::size_t segments,
                                         Duration delay) {
  co_await context_.world().sleep(delay);
  Partition* partition = replicas_.find(name);
  if (partition == nullptr) co_return;
  (void)partition->log().remove_condemned(segments);
  co_await context_.storage.settle();
}

// --- Requests ---

/// Answered when the logs of all live replicas begin at or behind what was asked for.
class Deletion::DelayedDeleteRecords final : public DelayedOperation {
 public:
  DelayedKind kind() const override { return DelayedKind::delete_records; }
  using Answer = std::function<void(std::vector<Part>)>;
  DelayedDeleteRecords(const HostedReplicas& replicas, std::vector<Part> parts, Answer answer)
      : replicas_(replicas), parts_(std::move(parts)), answer_(std::move(answer)) {}

 private:
  bool try_complete() override {
    bool all_done = true;
    for (Part& part : parts_) {
      if (part.required == log::no_offset) continue;
      const TopicPartition& name = part.answer.partition;
      const Partition* partition = replicas_.find(name);
      if (partition == nullptr || !partition->is_leader()) {
        part.answer.error =
            partition == nullptr ? replicas_.why_missing(name) : ErrorCode::not_leader_or_follower;
        part.answer.low_watermark = log::no_offset;
        part.required = log::no_offset;
      } else if (const Offset low = partition->low_watermark(); low >= part.required) {
        part.answer.low_watermark = low;
        part.required = log::no_offset;
      } else {
        all_done = false;
      }
    }
    if (all_done) answer_(std::move(parts_));
    return all_done;
  }
  void expire() override {
    for (Part& part : parts_) {
      if (part.required != log::no_offset) part.answer.error = ErrorCode::request_timed_out;
    }
    answer_(std::move(parts_));
  }

  const HostedReplicas& replicas_;
  std::vector<Part> parts_;
  Answer answer_;
};

sim::Task<> Deletion::delete_records(CallPtr call) {
  const auto& request = call->as<DeleteRecordsRequest>();
  std::vector<Part> parts;
  std::vector<TopicPartition> names;
  for (const DeleteRecordsRequest::Partition& wanted : request.partitions) {
    parts.push_back(delete_from(wanted));
    names.push_back(wanted.partition);
  }
  co_await context_.storage.settle();
  const auto respond = [call](std::vector<Part> done) {
    auto response = std::make_unique<DeleteRecordsResponse>();
    for (Part& part : done) response->partitions.push_back(std::move(part.answer));
    call->respond(std::move(response));
  };
  replicas_.purgatory().add(
      std::make_shared<DelayedDeleteRecords>(replicas_, std::move(parts), respond), names,
      request.timeout);
}

Deletion::Part Deletion::delete_from(const DeleteRecordsRequest::Partition& wanted) {
  Part part{.answer = {.partition = wanted.partition}};
  Partition* partition = replicas_.find(wanted.partition);
  if (!context_.metadata.has(wanted.partition)) {
    part.answer.error = ErrorCode::unknown_topic_or_partition;
  } else if (wanted.partition.topic == offsets_topic) {
    part.answer.error = ErrorCode::invalid_topic;
  } else if (partition == nullptr) {
    part.answer.error = replicas_.why_missing(wanted.partition);
  }
  if (part.answer.error != ErrorCode::none) return part;
  const auto start = partition->start_to_be(wanted.offset);
  if (!start) {
    part.answer.error = start.error();
    return part;
  }
  part.required = *start;
  part.answer.low_watermark = partition->low_watermark();
  const Offset from = partition->log().log_start_offset();
  if (*start <= from) return part;
  context_.cluster.observer.on_deleting(
      {context_.id, partition->name(), from, *start, context_.wall_millis(), true});
  if (!partition->log().advance_log_start_offset(*start)) {
    part = {.answer = {wanted.partition, log::no_offset, ErrorCode::kafka_storage_error}};
    return part;
  }
  const sim::World::KeepCause keep(context_.world());
  context_.world().trace().record(
      events::records_deleted, {.machine = context_.machine(), .partition = partition->id()},
      {{"from", std::to_string(from)}, {"start", std::to_string(*start)}});
  return part;
}

}  // namespace brokerlab::model
