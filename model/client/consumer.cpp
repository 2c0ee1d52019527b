#include "model/client/consumer.h"

#include "model/client/consumer_coordinator.h"
#include "model/client/consumer_outages.h"
#include "model/client/fetch_buffer.h"
#include "model/client/fetch_collector.h"
#include "model/client/fetcher.h"
#include "model/client/offset_fetcher.h"
#include "model/client/subscription_state.h"
#include "model/events.h"

#include <algorithm>

namespace brokerlab::model {

namespace {

/// ConsumerUtils.DEFAULT_CLOSE_TIMEOUT_MS.
constexpr Duration default_close_timeout = 30s;
constexpr Duration told_every = 20ms;

}  // namespace

struct KafkaConsumer::Impl {
  Impl(sim::Process& owner, ConsumerSetup chosen, ClusterContext& context)
      : process(owner),
        world(process.world()),
        setup(std::move(chosen)),
        network(process, {setup.client_id, setup.bootstrap, setup.config}, context.observer),
        subscriptions(setup.config, network),
        outages(process, network, subscriptions, context),
        offsets(process, setup.config, network, subscriptions, outages),
        fetcher(process, setup.config, network, subscriptions, outages, buffer),
        collector(process, setup.config, {network, subscriptions, outages, buffer}, context),
        coordinator(process, setup, {network, subscriptions, outages}, context) {
    network.on_unreachable = [this](Address address, sim::EventId cause) {
      outages.note_unreachable(address, RpcFailure::Kind::not_connected, cause);
    };
    for (const std::string& topic : setup.topics) network.add_topic(topic);
    network.start();
    coordinator.start();
  }

  sim::Process& process;
  sim::World& world;
  const ConsumerSetup setup;
  ClientNetwork network;
  SubscriptionState subscriptions;
  ConsumerOutages outages;
  OffsetFetcher offsets;
  FetchBuffer buffer;
  Fetcher fetcher;
  FetchCollector collector;
  ConsumerCoordinator coordinator;
};

KafkaConsumer::KafkaConsumer(sim::Process& process, ConsumerSetup setup, ClusterContext& context)
    : impl_(std::make_unique<Impl>(process, std::move(setup), context)) {}
KafkaConsumer::~KafkaConsumer() = default;

/// ClassicKafkaConsumer.poll and pollForFetches.
sim::Task<Result<std::vector<ConsumedRecord>, ConsumerFailure>> KafkaConsumer::poll(Time deadline) {
  Impl& impl = *impl_;
  while (true) {
    // No member yet, no coordinator: no reason not to hand out what is there.
    const bool member = co_await impl.coordinator.poll(deadline);
    if (std::optional<ConsumerFailure> failure = impl.coordinator.take_failure()) {
      co_return fail(std::move(*failure));
    }
    if (member) impl.offsets.update_positions();
    FetchCollector::Collected batch;
    const bool failed = impl.subscriptions.failed();
    if (!failed) batch = impl.collector.collect();
    if (!failed && batch.empty()) {
      impl.fetcher.send_fetches();
      const Time next = std::min({deadline, impl.subscriptions.next_attempt(impl.world.now()),
                                  impl.coordinator.next_poll()});
      if (!impl.collector.has_available()) co_await impl.network.changed().wait(next);
      batch = impl.collector.collect();
    }
    if (!batch.empty()) {
      if (batch.demand > Duration{0}) co_await impl.process.machine().cpu().run(batch.demand);
      impl.fetcher.send_fetches();  // while the application works
      co_return std::move(batch.records);
    }
    if (std::optional<ConsumerFailure> failure = impl.subscriptions.take_failure()) {
      co_return fail(std::move(*failure));
    }
    if (impl.world.now() >= deadline) co_return std::vector<ConsumedRecord>();
  }
}

sim::Task<ErrorCode> KafkaConsumer::commit() {
  std::vector<OffsetCommitRequest::Partition> offsets = impl_->subscriptions.consumed();
  const Time deadline = impl_->world.now() + impl_->setup.config.default_api_timeout;
  return impl_->coordinator.commit(std::move(offsets), deadline);
}

/// ClassicKafkaConsumer.close, createTimerForRequest: all of it within that time.
sim::Task<> KafkaConsumer::close() {
  const ConsumerConfig& config = impl_->setup.config;
  const Time deadline =
      impl_->world.now() + std::min(default_close_timeout, config.request_timeout);
  const sim::EventId cause = impl_->world.cause();
  if (config.enable_auto_commit) {
    co_await impl_->coordinator.commit(impl_->subscriptions.consumed(), deadline);
  }
  impl_->world.set_cause(cause);  // not of who made the commit durable
  co_await impl_->coordinator.close(deadline);
  co_await impl_->fetcher.close_sessions(deadline);
}

const std::vector<TopicPartition>& KafkaConsumer::assignment() const {
  return impl_->coordinator.assignment();
}
Offset KafkaConsumer::position(const TopicPartition& partition) const {
  const Position* position = impl_->subscriptions.find(partition);
  return position == nullptr ? log::no_offset : position->offset;
}
Offset KafkaConsumer::high_watermark(const TopicPartition& partition) const {
  const Position* position = impl_->subscriptions.find(partition);
  return position == nullptr ? log::no_offset : position->high_watermark;
}
const std::string& KafkaConsumer::member_id() const { return impl_->coordinator.member_id(); }
int KafkaConsumer::generation() const { return impl_->coordinator.generation(); }

// --- The application ---

ConsumerApp::ConsumerApp(sim::Process& process, ConsumerAppSetup setup, ClusterContext& context)
    : process_(process),
      setup_(std::move(setup)),
      context_(context),
      consumer_(process, with_listener(setup_.client), context) {
  process_.spawn(run());
}

/// Who commits by hand commits what is taken away, too.
ConsumerSetup ConsumerApp::with_listener(ConsumerSetup setup) {
  setup.commits_when_revoked = !setup.config.enable_auto_commit;
  return setup;
}

sim::Task<> ConsumerApp::run() {
  sim::World& world = process_.world();
  while (!stopping_) {
    const Time deadline = world.now() + setup_.poll_timeout;
    const Result<std::vector<ConsumedRecord>, ConsumerFailure> records =
        co_await consumer_.poll(deadline);
    if (!records) {
      co_await give_up(records.error());
      co_return;
    }
    for (const ConsumedRecord& record : *records) co_await process(record);
    if (records->empty() || setup_.client.config.enable_auto_commit) continue;
    co_await consumer_.commit();
  }
  world.set_cause(told_to_stop_);
  co_await consumer_.close();
  process_.exit({"stopped", "정지 요청"});
}

sim::Task<> ConsumerApp::process(const ConsumedRecord& record) {
  sim::World& world = process_.world();
  // Of many at once it tells now and then how far it has come.
  const std::int64_t most = setup_.service_time > Duration{0}
                                ? std::max<std::int64_t>(1, told_every / setup_.service_time)
                                : record.count;
  for (std::int64_t done = 0; done < record.count;) {
    const std::int64_t count = std::min(most, record.count - done);
    const Time since = world.now() + setup_.service_time;
    if (setup_.service_time > Duration{0}) co_await world.sleep(setup_.service_time * count);
    context_.observer.on_consumed({.consumer = setup_.client.client_id,
                                   .partition = record.partition,
                                   .first = record.offset + done,
                                   .count = count,
                                   .since = since,
                                   .value = record.value,
                                   .phantom = record.phantom ? &*record.phantom : nullptr});
    done += count;
  }
}

sim::Task<> ConsumerApp::give_up(ConsumerFailure failure) {
  std::string partitions;
  for (const TopicPartition& partition : failure.partitions) {
    partitions += (partitions.empty() ? "" : ", ") + partition.name();
  }
  sim::Detail of{"partitions", partitions};
  if (partitions.empty()) {
    const std::string& group = setup_.client.group;
    of = sim::Detail::of("partitions", {"group " + group, "그룹 " + group});
  }
  process_.world().trace().record(events::consumer_failed, {.machine = process_.machine().id()},
                                  {{"error", failure.exception}, std::move(of)});
  co_await consumer_.close();
  process_.exit({failure.exception, failure.exception});
}

void ConsumerApp::terminate(sim::Process&) {
  stopping_ = true;
  told_to_stop_ = process_.world().cause();
}

}  // namespace brokerlab::model
