#include "model/broker/produce_requests.h"

#include "log/batch/control_record.h"
#include "model/broker/log_manager.h"
#include "model/broker/recompression.h"
#include "model/wire/transactions.h"
#include "sim/when_all.h"

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
  DelayedKind kind() const override { return DelayedKind::produce; }
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
  Guards guards;
  Refused refused;
  if (request.transactional_id && verify_) refused = co_await begin_transaction(request, guards);
  std::vector<Part> parts;
  for (const ProduceRequest::Partition& produced : request.partitions) {
    const auto wrong = refused.find(produced.partition);
    if (wrong != refused.end()) {
      parts.push_back({.answer = {produced.partition, wrong->second}});
    } else {
      parts.push_back(append(produced, request.acks, guards[produced.partition]));
    }
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
      response->partitions.push_back(part.answer);
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

namespace {

log::ProducerBatch producer_of(const log::Records& records) {
  if (records.is_phantom()) return log::ProducerBatch::of(records.phantoms().front());
  const auto batch = log::BatchView::parse(records.bytes().view());
  return batch.ok() ? log::ProducerBatch::of(*batch) : log::ProducerBatch{};
}

}  // namespace

/// ReplicaManager.handleProduceAppend: which partitions may not be written to, and what the others
/// need for it.
sim::Task<ProduceRequests::Refused> ProduceRequests::begin_transaction(
    const ProduceRequest& request, Guards& guards) {
  std::vector<TopicPartition> to_verify;
  ProducerIdAndEpoch producer;
  for (const ProduceRequest::Partition& produced : request.partitions) {
    const log::ProducerBatch batch = producer_of(produced.records);
    Partition* partition = replicas_.find(produced.partition);
    if (!batch.transactional || partition == nullptr) continue;
    producer = {batch.producer_id, batch.producer_epoch};
    const Partition::Guard guard = partition->begin_verification(producer, batch.base_sequence);
    if (guard == Partition::no_guard) continue;
    guards[produced.partition] = guard;
    to_verify.push_back(produced.partition);
  }
  if (to_verify.empty()) co_return Refused{};
  std::string id = *request.transactional_id;
  Refused refused = co_await verify_(std::move(id), producer, std::move(to_verify));
  co_return refused;
}

sim::Task<ErrorCode> ProduceRequests::verify_offsets(std::string transactional_id,
                                                     ProducerIdAndEpoch producer,
                                                     TopicPartition offsets) {
  Partition* partition = replicas_.find(offsets);
  if (!verify_ || partition == nullptr) co_return ErrorCode::none;
  const Partition::Guard guard = partition->begin_verification(producer, log::no_sequence);
  if (guard == Partition::no_guard) co_return ErrorCode::none;
  offset_guards_[{offsets, producer.id}] = guard;
  std::vector<TopicPartition> partitions{offsets};
  const Refused refused =
      co_await verify_(std::move(transactional_id), producer, std::move(partitions));
  co_return refused.empty() ? ErrorCode::none : refused.begin()->second;
}

ProduceRequests::Part ProduceRequests::append(const ProduceRequest::Partition& produced, Acks acks,
                                              Partition::Guard guard) {
  Part part{.answer = {produced.partition}};
  Partition* partition = replicas_.find(produced.partition);
  if (partition == nullptr) {
    part.answer.error = replicas_.why_missing(produced.partition);
    return part;
  }
  const auto appended =
      append_to(*partition, produced.records, acks, log::AppendOrigin::client, guard);
  if (!appended) {
    part.answer.error = appended.error();
    if (appended.error() == ErrorCode::out_of_order_sequence_number && produced.origin.records &&
        partition->log().producers().has_forgotten(producer_of(produced.records))) {
      context_.cluster.observer.on_sequences_forgotten(produced.partition,
                                                       *produced.origin.records);
    }
    return part;
  }
  part.answer.base_offset = appended->first_offset;
  part.answer.log_start_offset = partition->log().log_start_offset();
  part.required = appended->last_offset + 1;
  replicas_.counters().messages_in += appended->records;
  replicas_.counters().bytes_in += appended->bytes;
  if (produced.origin.records && !appended->duplicate) {
    const log::ProducerBatch of_producer = producer_of(produced.records);
    context_.cluster.observer.on_batch_appended(
        {context_.id,
         produced.partition,
         *produced.origin.records,
         appended->first_offset,
         produced.origin.because,
         produced.records.is_phantom() ? &produced.records.phantoms().front() : nullptr,
         {of_producer.producer_id, of_producer.producer_epoch}});
  }
  replicas_.wake(*partition);
  return part;
}

Result<log::AppendInfo, ErrorCode> ProduceRequests::append_to(Partition& partition,
                                                              const log::Records& sent, Acks acks,
                                                              log::AppendOrigin origin,
                                                              Partition::Guard guard) {
  const Time now = context_.clock();
  const log::Timestamp wall = context_.wall_millis();
  const std::optional<log::Codec> codec = codec_of(partition.config().compression_type);
  const log::Records records = codec ? recompressed(sent, *codec, codecs_of(context_)) : sent;
  // The leader writes offsets into the batch: it needs its own copy of the sender's bytes.
  log::ByteVector own(records.bytes().data(), records.bytes().data() + records.bytes().size());
  const auto appended =
      records.is_phantom()
          ? partition.append_as_leader(records.phantoms().front(), acks, now, wall, guard)
          : partition.append_as_leader(log::MutableByteView(own), acks, now, wall, origin, guard);
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
  const log::Records records = log::ByteSlice::copy_of(batch);
  const log::ProducerBatch of_producer = producer_of(records);
  Partition::Guard guard = Partition::no_guard;
  if (of_producer.transactional && !of_producer.control) {
    if (const auto given = offset_guards_.extract({name, of_producer.producer_id})) {
      guard = given.mapped();
    }
  }
  const auto appended =
      append_to(*partition, records, Acks::all, log::AppendOrigin::coordinator, guard);
  if (!appended) co_return appended.error();
  if (of_producer.control) {
    const auto marker = log::read_marker(log::BatchView::parse(batch).value());
    const bool committed =
        marker.ok() && *marker && (*marker)->result == log::TransactionResult::commit;
    context_.cluster.observer.on_marker_appended(
        context_.id, name, appended->first_offset,
        {of_producer.producer_id, of_producer.producer_epoch}, committed);
  }
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

sim::Task<> ProduceRequests::append_unasked(TopicPartition name, log::ByteVector batch) {
  Partition* partition = replicas_.find(name);
  if (partition == nullptr) co_return;
  const log::Records records = log::ByteSlice::copy_of(batch);
  const auto appended = append_to(*partition, records, Acks::none, log::AppendOrigin::coordinator,
                                  Partition::no_guard);
  if (!appended) co_return;
  replicas_.wake(*partition);
  co_await context_.storage.settle();
}

/// A marker in each partition; all at once, each with its own fate.
sim::Task<> ProduceRequests::write_markers(CallPtr call, OffsetsEnded offsets_ended) {
  const auto& request = call->as<WriteTxnMarkersRequest>();
  auto response = std::make_unique<WriteTxnMarkersResponse>();
  std::vector<sim::Task<ErrorCode>> appends;
  struct Place {
    std::size_t marker;
    std::size_t partition;
  };
  std::vector<Place> places;
  const log::Timestamp stamp = context_.cluster.stamp_millis(context_.process.machine());
  for (const WriteTxnMarkersRequest::Marker& marker : request.markers) {
    WriteTxnMarkersResponse::Marker& answer = response->markers.emplace_back();
    answer.producer_id = marker.producer.id;
    const auto result =
        marker.committed ? log::TransactionResult::commit : log::TransactionResult::abort;
    for (const TopicPartition& name : marker.partitions) {
      answer.partitions.push_back({name, ErrorCode::none});
      if (replicas_.find(name) == nullptr && !replicas_.is_offline(name)) {
        answer.partitions.back().error = ErrorCode::unknown_topic_or_partition;
        continue;
      }
      places.push_back({response->markers.size() - 1, answer.partitions.size() - 1});
      appends.push_back(append(name,
                               log::build_marker(marker.producer.id, marker.producer.epoch, stamp,
                                                 {result, marker.coordinator_epoch}),
                               context_.config.request_timeout));
    }
  }
  const std::vector<ErrorCode> errors =
      co_await sim::when_all(context_.process, std::move(appends));
  for (std::size_t i = 0; i < places.size(); ++i) {
    WriteTxnMarkersResponse::Partition& answer =
        response->markers[places[i].marker].partitions[places[i].partition];
    answer.error = errors[i];
    const WriteTxnMarkersRequest::Marker& marker = request.markers[places[i].marker];
    if (answer.error == ErrorCode::none && answer.partition.topic == offsets_topic) {
      offsets_ended(answer.partition.partition, marker.producer.id, marker.committed);
    }
  }
  call->respond(std::move(response));
}

}  // namespace brokerlab::model
