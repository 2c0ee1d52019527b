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
#include <iterator>

namespace brokerlab::model {

namespace {

/// ConsumerUtils.DEFAULT_CLOSE_TIMEOUT_MS.
constexpr Duration default_close_timeout = 30s;
constexpr Duration told_every = 20ms;

}  // namespace

namespace {

ClientNetworkSettings network_settings(const ConsumerSetup& setup) {
  ClientNetworkSettings settings(setup.client_id, setup.bootstrap, setup.config);
  settings.auto_create_topics = setup.config.allow_auto_create_topics;
  return settings;
}

}  // namespace

struct KafkaConsumer::Impl {
  Impl(sim::Process& owner, ConsumerSetup chosen, ClusterContext& context)
      : process(owner),
        world(process.world()),
        setup(std::move(chosen)),
        network(process, network_settings(setup), context.observer),
        subscriptions(setup.config, network),
        outages(process, network, subscriptions, context),
        offsets(process, setup, network, subscriptions, outages, context.observer),
        fetcher(process, setup.config, network, subscriptions, outages, buffer),
        collector(process, setup.config, {network, subscriptions, outages, buffer}, context),
        coordinator(process, setup, {network, subscriptions, outages}, context) {
    network.on_unreachable = [this](Address address, sim::EventId cause) {
      outages.note_unreachable(address, RpcFailure::Kind::not_connected, cause);
    };
    for (const std::string& topic : setup.topics) network.add_topic(topic);
    network.start();
    if (has_group()) coordinator.start();
  }

  bool has_group() const { return !setup.group.empty(); }

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
    bool member = true;
    if (impl.has_group()) member = co_await impl.coordinator.poll(deadline);
    if (std::optional<ConsumerFailure> failure = impl.coordinator.take_failure()) {
      co_return fail(std::move(*failure));
    }
    if (member) impl.offsets.update_positions();
    FetchCollector::Collected batch;
    const bool failed = impl.subscriptions.failed();
    if (!failed) batch = impl.collector.collect();
    if (!failed && batch.empty()) {
      impl.fetcher.send_fetches();
      Time next = std::min(deadline, impl.subscriptions.next_attempt(impl.world.now()));
      if (impl.has_group()) next = std::min(next, impl.coordinator.next_poll());
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

void KafkaConsumer::commit_async() {
  impl_->coordinator.commit_async(impl_->subscriptions.consumed());
}

void KafkaConsumer::pause(const std::vector<TopicPartition>& partitions) {
  for (const TopicPartition& one : partitions) impl_->subscriptions.set_paused(one, true);
}
void KafkaConsumer::resume(const std::vector<TopicPartition>& partitions) {
  for (const TopicPartition& one : partitions) impl_->subscriptions.set_paused(one, false);
}
void KafkaConsumer::seek(const TopicPartition& partition, Offset offset) {
  impl_->subscriptions.seek(partition, offset);
}
void KafkaConsumer::seek_by_time(const TopicPartition& partition, std::int64_t timestamp) {
  impl_->subscriptions.seek_by_time(partition, timestamp);
}

void KafkaConsumer::assign(const std::vector<TopicPartition>& partitions) {
  ENSURE(!impl_->has_group(), "the group assigns what its members read");
  impl_->subscriptions.assign({});
  impl_->subscriptions.assign(partitions);
  for (const TopicPartition& one : partitions) {
    impl_->subscriptions.set_committed(one, log::no_offset, log::no_epoch);
  }
}

/// ClassicKafkaConsumer.close, createTimerForRequest: all of it within that time.
sim::Task<> KafkaConsumer::close() {
  ENSURE(impl_->has_group(), "a consumer without a group ends with its process");
  const ConsumerConfig& config = impl_->setup.config;
  const Time deadline =
      impl_->world.now() + std::min(default_close_timeout, config.request_timeout);
  const sim::EventId cause = impl_->world.cause();
  if (config.enable_auto_commit) {
    co_await impl_->coordinator.commit(impl_->subscriptions.consumed(), deadline);
  }
  impl_->world.set_cause(cause);  // not of who made the commit durable
  co_await impl_->coordinator.await_commits(deadline);
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
std::optional<std::int64_t> KafkaConsumer::records_lag_max() const {
  // SubscriptionState.partitionLag.
  const bool committed = impl_->setup.config.isolation_level == IsolationLevel::read_committed;
  std::optional<std::int64_t> most;
  for (const auto& [partition, position] : impl_->subscriptions.positions()) {
    const Offset end = committed ? position.last_stable_offset : position.high_watermark;
    if (end == log::no_offset || position.offset == log::no_offset) continue;
    most = std::max(most.value_or(0), end - position.offset);
  }
  return most;
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
  const std::vector<ConsumerAction>& actions = setup_.actions;
  // What an earlier life of the process did is done.
  while (next_action_ < actions.size() && Time(actions[next_action_].at) < world.now()) {
    ++next_action_;
  }
  while (!stopping_) {
    for (; next_action_ < actions.size() && Time(actions[next_action_].at) <= world.now();) {
      act(actions[next_action_++]);
    }
    Time deadline = world.now() + setup_.poll_timeout;
    if (next_action_ < actions.size()) {
      deadline = std::min(deadline, Time(actions[next_action_].at));
    }
    const Result<std::vector<ConsumedRecord>, ConsumerFailure> records =
        co_await consumer_.poll(deadline);
    if (!records) {
      co_await give_up(records.error());
      co_return;
    }
    if (setup_.batches) {
      const bool done = co_await gather(*records);
      if (!done) continue;
    } else {
      for (const ConsumedRecord& record : *records) co_await process(record);
      if (records->empty()) continue;
    }
    if (commits(CommitPoint::async_after_batch)) consumer_.commit_async();
    if (commits(CommitPoint::after_batch)) co_await consumer_.commit();
  }
  world.set_cause(told_to_stop_);
  if (commits(CommitPoint::async_after_batch)) {
    co_await consumer_.commit();
    world.set_cause(told_to_stop_);
  }
  co_await consumer_.close();
  process_.exit({"stopped", "정지 요청"});
}

/// What was read in an earlier generation is read again from the last commit.
sim::Task<bool> ConsumerApp::gather(std::vector<ConsumedRecord> records) {
  sim::World& world = process_.world();
  if (consumer_.generation() != gathered_in_) {
    gathered_.clear();
    gathered_in_ = consumer_.generation();
  }
  std::move(records.begin(), records.end(), std::back_inserter(gathered_));
  if (gathered_.empty() || world.now() < next_batch_) co_return false;
  for (const ConsumedRecord& record : gathered_) co_await process(record);
  gathered_.clear();
  co_await world.sleep(setup_.batches->write_time);
  next_batch_ = world.now() + setup_.batches->every;
  co_return true;
}

std::vector<TopicPartition> ConsumerApp::meant_by(const ConsumerAction& action) const {
  std::vector<TopicPartition> meant = consumer_.assignment();
  std::erase_if(meant, [&](const TopicPartition& one) {
    const auto& names = action.partitions;
    return !names.empty() && std::find(names.begin(), names.end(), one.name()) == names.end();
  });
  return meant;
}

void ConsumerApp::act(const ConsumerAction& action) {
  using What = ConsumerAction::What;
  const std::vector<TopicPartition> partitions = meant_by(action);
  Phrase what{"pauses", "읽기를 멈춘다"};
  const log::Timestamp now = context_.wall_millis(process_.machine());
  if (action.what == What::pause) consumer_.pause(partitions);
  if (action.what == What::resume) {
    what = {"resumes", "다시 읽는다"};
    consumer_.resume(partitions);
  }
  for (const TopicPartition& one : partitions) {
    if (action.what == What::pause || action.what == What::resume) continue;
    context_.observer.on_seek(setup_.client.client_id, one);
    if (action.what == What::seek_to_offset) {
      what = {fmt::format("seeks to offset {} in", action.offset),
              fmt::format("오프셋 {}(으)로 옮긴다", action.offset)};
      consumer_.seek(one, action.offset);
    } else if (action.what == What::seek_back) {
      what = {fmt::format("goes back {} in", brokerlab::to_text(action.back)),
              fmt::format("{} 전으로 돌아간다", to_korean_text(action.back))};
      consumer_.seek_by_time(one, now - whole_millis(action.back));
    } else {
      const bool first = action.what == What::seek_to_beginning;
      what = first ? Phrase{"seeks to the beginning of", "처음으로 돌아간다"}
                   : Phrase{"seeks to the end of", "끝으로 건너뛴다"};
      consumer_.seek_by_time(one, first ? earliest_timestamp : latest_timestamp);
    }
  }
  std::string names;
  for (const TopicPartition& one : partitions) names += (names.empty() ? "" : ", ") + one.name();
  const sim::World::KeepCause keep(process_.world());
  process_.world().set_cause({});
  process_.world().trace().record(
      events::consumer_action, {.machine = process_.machine().id()},
      {sim::Detail::of("what", what), {"partitions", names.empty() ? "-" : names}});
}

sim::Task<> work_through(sim::World& world, Observer& observer, const std::string& client_id,
                         const ConsumedRecord& record, Duration service_time) {
  // Of many at once it tells now and then how far it has come.
  const std::int64_t most = service_time > Duration{0}
                                ? std::max<std::int64_t>(1, told_every / service_time)
                                : record.count;
  for (std::int64_t done = 0; done < record.count;) {
    const std::int64_t count = std::min(most, record.count - done);
    const Time since = world.now() + service_time;
    if (service_time > Duration{0}) co_await world.sleep(service_time * count);
    observer.on_consumed({.consumer = client_id,
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
