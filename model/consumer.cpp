#include "model/consumer.h"

#include "model/consumer_coordinator.h"
#include "model/fetcher.h"

#include <algorithm>

namespace brokerlab::model {

namespace {

ClientNetworkSettings network_settings(const ConsumerSetup& setup) {
  const ConsumerConfig& config = setup.config;
  return {.rpc = {.client_id = setup.client_id,
                  .request_timeout = config.request_timeout,
                  .is_client = true,
                  .connection_setup_timeout = config.socket_connection_setup_timeout,
                  .connection_setup_timeout_max = config.socket_connection_setup_timeout_max,
                  .reconnect_backoff = config.reconnect_backoff,
                  .reconnect_backoff_max = config.reconnect_backoff_max,
                  .connections_max_idle = config.connections_max_idle},
          .bootstrap = setup.bootstrap,
          .metadata_max_age = config.metadata_max_age,
          .retry_backoff = config.retry_backoff,
          .retry_backoff_max = config.retry_backoff_max};
}

}  // namespace

struct KafkaConsumer::Impl {
  Impl(sim::Process& process, ConsumerSetup chosen, ClusterContext& context)
      : world(process.world()),
        setup(std::move(chosen)),
        network(process, network_settings(setup), context.observer),
        fetcher(process, setup, network, context),
        coordinator(process, setup, network, fetcher, context) {
    network.on_unreachable = [this](Address address, sim::EventId cause) {
      fetcher.note_unreachable(address, RpcFailure::Kind::not_connected, cause);
    };
    for (const std::string& topic : setup.topics) network.add_topic(topic);
    network.start();
    coordinator.start();
  }

  sim::World& world;
  const ConsumerSetup setup;
  ClientNetwork network;
  Fetcher fetcher;
  ConsumerCoordinator coordinator;
};

KafkaConsumer::KafkaConsumer(sim::Process& process, ConsumerSetup setup, ClusterContext& context)
    : impl_(std::make_unique<Impl>(process, std::move(setup), context)) {}
KafkaConsumer::~KafkaConsumer() = default;

sim::Task<std::vector<ConsumedRecord>> KafkaConsumer::poll(Time deadline) {
  Impl& impl = *impl_;
  while (true) {
    const bool member = co_await impl.coordinator.poll(deadline);
    if (member) {
      impl.fetcher.pump();
      std::vector<ConsumedRecord> records = impl.fetcher.collect();
      if (!records.empty()) {
        impl.fetcher.pump();  // fetch ahead while the application works
        co_return std::move(records);
      }
    }
    if (impl.world.now() >= deadline) co_return std::vector<ConsumedRecord>();
    if (!member) continue;
    const Time next = std::min(deadline, impl.fetcher.next_attempt());
    co_await impl.network.changed().wait(next);
  }
}

sim::Task<ErrorCode> KafkaConsumer::commit() {
  std::vector<OffsetCommitRequest::Partition> offsets = impl_->fetcher.consumed();
  const Time deadline = impl_->world.now() + impl_->setup.config.default_api_timeout;
  return impl_->coordinator.commit(std::move(offsets), deadline);
}

sim::Task<> KafkaConsumer::close() {
  const sim::EventId cause = impl_->world.cause();
  if (impl_->setup.config.enable_auto_commit) co_await commit();
  impl_->world.set_cause(cause);  // not of who made the commit durable
  Phrase why{"closed", "컨슈머를 닫았다"};
  co_await impl_->coordinator.leave(std::move(why));
}

const std::vector<TopicPartition>& KafkaConsumer::assignment() const {
  return impl_->coordinator.assignment();
}
Offset KafkaConsumer::position(const TopicPartition& partition) const {
  return impl_->fetcher.position(partition);
}
Offset KafkaConsumer::high_watermark(const TopicPartition& partition) const {
  return impl_->fetcher.high_watermark(partition);
}
const std::string& KafkaConsumer::member_id() const { return impl_->coordinator.member_id(); }
int KafkaConsumer::generation() const { return impl_->coordinator.generation(); }

// --- The application ---

ConsumerApp::ConsumerApp(sim::Process& process, ConsumerAppSetup setup, ClusterContext& context)
    : process_(process),
      setup_(std::move(setup)),
      context_(context),
      consumer_(process, setup_.client, context) {
  process_.spawn(run());
}

sim::Task<> ConsumerApp::run() {
  sim::World& world = process_.world();
  while (!stopping_) {
    const Time deadline = world.now() + setup_.poll_timeout;
    const std::vector<ConsumedRecord> records = co_await consumer_.poll(deadline);
    for (const ConsumedRecord& record : records) {
      if (setup_.service_time > Duration{0}) co_await world.sleep(setup_.service_time);
      context_.observer.on_consumed(setup_.client.client_id, record.partition, record.offset,
                                    record.value);
    }
    if (records.empty() || setup_.client.config.enable_auto_commit) continue;
    co_await consumer_.commit();
  }
  world.set_cause(told_to_stop_);
  co_await consumer_.close();
  process_.exit({"stopped", "정지 요청"});
}

void ConsumerApp::terminate(sim::Process&) {
  stopping_ = true;
  told_to_stop_ = process_.world().cause();
}

}  // namespace brokerlab::model
