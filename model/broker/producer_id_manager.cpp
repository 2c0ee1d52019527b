#include "model/broker/producer_id_manager.h"

#include <utility>

namespace brokerlab::model {
namespace {

constexpr Duration block_retry_backoff = 50ms;  ///< ProducerIdManager.RetryBackoffMs
/// The channel's own pause, before it looks for the controller again.
constexpr Duration channel_backoff = 100ms;

}  // namespace

ProducerIdManager::ProducerIdManager(sim::Process& process, BrokerId broker,
                                     const MetadataCache& metadata, RpcSettings rpc)
    : process_(process), broker_(broker), metadata_(metadata), rpc_(std::move(rpc)) {}

Result<std::int64_t, ErrorCode> ProducerIdManager::next() {
  if (next_ == block_.first + block_.count) {
    if (!next_block_) {
      request_block();
      return fail(ErrorCode::coordinator_load_in_progress);
    }
    block_ = *std::exchange(next_block_, std::nullopt);
    next_ = block_.first;
    requested_ = false;
  }
  const std::int64_t id = next_++;
  if (id == block_.first + block_.count * 9 / 10) request_block();
  return id;
}

void ProducerIdManager::request_block() {
  if (next_block_ || requested_ || process_.world().now() < not_before_) return;
  requested_ = true;
  process_.spawn(fetch_block());
}

sim::Task<> ProducerIdManager::fetch_block() {
  std::optional<Result<ProducerIdBlock, ErrorCode>> answer;
  while (!answer) {
    answer = co_await ask_controller();
    if (!answer) co_await process_.world().sleep(channel_backoff);
  }
  if (answer->ok()) {
    next_block_ = **answer;  // requested_ ends when it is begun
    co_return;
  }
  // STALE_BROKER_EPOCH, BROKER_ID_NOT_REGISTERED: it is soon; who needs an id asks again.
  requested_ = false;
  not_before_ = process_.world().now() + block_retry_backoff;
}

/// Nothing: there is no controller there (any more).
sim::Task<std::optional<Result<ProducerIdBlock, ErrorCode>>> ProducerIdManager::ask_controller() {
  const std::optional<Address> controller = metadata_.address(metadata_.controller());
  if (!controller) co_return std::nullopt;
  if (!connection_ || connection_->address() != *controller) {
    connection_ = std::make_unique<NodeConnection>(process_, *controller, rpc_);
  }
  auto request = std::make_unique<AllocateProducerIdsRequest>();
  request->broker = broker_;
  request->broker_epoch = broker_epoch_;
  const auto answer =
      co_await call_as<AllocateProducerIdsResponse>(*connection_, std::move(request));
  if (!answer || (*answer)->error == ErrorCode::not_controller) co_return std::nullopt;
  if ((*answer)->error != ErrorCode::none) {
    co_return Result<ProducerIdBlock, ErrorCode>(fail((*answer)->error));
  }
  co_return Result<ProducerIdBlock, ErrorCode>((*answer)->block);
}

}  // namespace brokerlab::model
