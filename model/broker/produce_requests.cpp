#include "model/broker/produce_requests.h"

#include "model/broker/log_manager.h"
#include "model/broker/recompression.h"

#include <algorithm>
#include <functional>

namespace brokerlab::model {
namespace {

const sim::CodecsConfig& codecs_of(const ReplicaContext& context) {
  return context.process.machine().cpu().config().codecs;
}

}  // namespace

/// An acks=all produce: answered when the high watermark has passed all its batches.
class ProduceRequests::DelayedProduce final : public DelayedOperation {
 public:
  using Answer = std::function<void(std::vector<Part>)>;

  DelayedProduce(ProduceRequests& requests, std::vector<Part> parts, Answer answer)
      : world_(requests.context_.world()),
        requests_(requests),
        parts_(std::move(parts)),
        answer_(std::move(answer)) {}
  ~DelayedProduce() override { call_off(); }

  /// The partitions that it waits for.
  std::vector<TopicPartition> awaited() const {
    std::vector<TopicPartition> names;
    for (const Part& part : parts_) {
      if (part.required != log::no_offset) names.push_back(part.answer.partition);
    }
    return names;
  }

  /// Has it told when it has waited for long. A second is long, or half its time.
  void watch(Duration timeout) {
    timer_ = world_.after(std::min<Duration>(1s, timeout / 2), [this, since = world_.now()] {
      for (const Part& part : parts_) {
        if (part.required == log::no_offset) continue;
        requests_.replicas_.tell_stalled(part.answer.partition, part.required, since);
      }
    });
  }

 private:
  bool try_complete() override {
    bool all_done = true;
    const HostedReplicas& replicas = requests_.replicas_;
    for (Part& part : parts_) {
      if (part.required == log::no_offset) continue;
      const TopicPartition& name = part.answer.partition;
      const Partition* partition = replicas.find(name);
      const Partition::AckState state = partition != nullptr
                                            ? partition->acknowledged(part.required)
                                            : Partition::AckState{true, replicas.why_missing(name)};
      if (state.done) {
        part.required = log::no_offset;
        part.answer.error = state.error;
      } else {
        all_done = false;
      }
    }
    if (all_done) finish();
    return all_done;
  }
  void expire() override {
    for (Part& part : parts_) {
      if (part.required != log::no_offset) part.answer.error = ErrorCode::request_timed_out;
    }
    finish();
  }
  void call_off() {
    if (timer_) world_.cancel(*timer_);
  }
  void finish() {
    call_off();
    answer_(std::move(parts_));
  }

  sim::World& world_;
  ProduceRequests& requests_;  ///< Gone when the broker goes and this one with it.
  std::vector<Part> parts_;
  Answer answer_;
  std::optional<sim::TimerId> timer_;
};

sim::Task<> ProduceRequests::produce(CallPtr call) {
  const auto& request = call->as<ProduceRequest>();
  std::vector<Part> parts;
  for (const ProduceRequest::Partition& produced : request.partitions) {
    parts.push_back(append(produced, request.acks));
  }
  const Time written = context_.world().now();
  co_await context_.storage.settle();
  call->note_disk(written);
  for (Part& part : parts) {
    if (replicas_.is_offline(part.answer.partition)) {
      part.answer.error = ErrorCode::kafka_storage_error;
    }
  }
  const auto respond = [this, call](std::vector<Part> done) {
    auto response = std::make_unique<ProduceResponse>();
    for (Part& part : done) {
      if (part.answer.error != ErrorCode::none) part.answer.base_offset = log::no_offset;
      response->partitions.push_back(std::move(part.answer));
    }
    replicas_.name_leaders(*response);
    call->respond(std::move(response));
  };
  if (request.acks != Acks::all) {
    respond(std::move(parts));
    co_return;
  }
  call->note_parked();
  const auto delayed = std::make_shared<DelayedProduce>(*this, std::move(parts), respond);
  const std::vector<TopicPartition> awaited = delayed->awaited();
  replicas_.purgatory().add(delayed, awaited, request.timeout);
  if (!delayed->completed()) delayed->watch(request.timeout);
}

ProduceRequests::Part ProduceRequests::append(const ProduceRequest::Partition& produced,
                                              Acks acks) {
  Part part{.answer = {produced.partition}};
  Partition* partition = replicas_.find(produced.partition);
  if (partition == nullptr) {
    part.answer.error = replicas_.why_missing(produced.partition);
    return part;
  }
  const auto appended = append_to(*partition, produced.records, acks);
  if (!appended) {
    part.answer.error = appended.error();
    return part;
  }
  part.answer.base_offset = appended->first_offset;
  part.answer.log_start_offset = partition->log().log_start_offset();
  part.required = appended->last_offset + 1;
  replicas_.counters().messages_in += appended->records;
  replicas_.counters().bytes_in += appended->bytes;
  if (produced.origin.records && !appended->duplicate) {
    context_.cluster.observer.on_batch_appended(
        {context_.id, produced.partition, *produced.origin.records, appended->first_offset,
         produced.origin.because,
         produced.records.is_phantom() ? &produced.records.phantoms().front() : nullptr});
  }
  replicas_.wake(*partition);
  return part;
}

Result<log::AppendInfo, ErrorCode> ProduceRequests::append_to(Partition& partition,
                                                              const log::Records& sent, Acks acks) {
  const Time now = context_.clock();
  const log::Timestamp wall = context_.wall_millis();
  const std::optional<log::Codec> codec = codec_of(partition.config().compression_type);
  const log::Records records = codec ? recompressed(sent, *codec, codecs_of(context_)) : sent;
  // The leader writes offsets into the batch: it needs its own copy of the sender's bytes.
  log::ByteVector own(records.bytes().data(), records.bytes().data() + records.bytes().size());
  const auto appended =
      records.is_phantom() ? partition.append_as_leader(records.phantoms().front(), acks, now, wall)
                           : partition.append_as_leader(log::MutableByteView(own), acks, now, wall);
  if (!appended) return fail(appended.error());
  const log::AppendInfo& info = appended->info;
  if (info.duplicate) return info;  // a retry of what is there
  if (info.log_append_time != log::no_timestamp) {
    context_.cluster.stamp_millis(context_.process.machine());  // The records keep it.
  }
  if (info.rolled) logs_.flush_behind(partition.name(), info.first_offset);
  context_.cluster.observer.on_leader_append(context_.id, partition.name(),
                                             partition.leader_epoch(), info.first_offset,
                                             partition.log_end_offset(), info.bytes);
  return info;
}

sim::Task<ErrorCode> ProduceRequests::append(TopicPartition name, log::ByteVector batch,
                                             Duration timeout) {
  Partition* partition = replicas_.find(name);
  if (partition == nullptr) co_return replicas_.why_missing(name);
  const auto appended = append_to(*partition, log::ByteSlice::copy_of(batch), Acks::all);
  if (!appended) co_return appended.error();
  replicas_.wake(*partition);
  co_await context_.storage.settle();
  const auto outcome = std::make_shared<sim::OneShot<ErrorCode>>(context_.world());
  const auto answer = [outcome](std::vector<Part> done) { outcome->set(done[0].answer.error); };
  std::vector<Part> parts(1);
  parts[0] = {.answer = {name}, .required = appended->last_offset + 1};
  const std::vector<TopicPartition> awaited{name};
  replicas_.purgatory().add(std::make_shared<DelayedProduce>(*this, std::move(parts), answer),
                            awaited, timeout);
  const std::optional<ErrorCode> error = co_await outcome->wait();
  co_return error.value_or(ErrorCode::unknown_server_error);
}

}  // namespace brokerlab::model
