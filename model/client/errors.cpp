#include "model/client/errors.h"

namespace brokerlab::model {

namespace {

ClientError::Source source_of(RpcFailure::Kind how) {
  switch (how) {
    case RpcFailure::Kind::not_connected:
      return ClientError::Source::not_connected;
    case RpcFailure::Kind::disconnected:
      return ClientError::Source::disconnected;
    case RpcFailure::Kind::timed_out:
      return ClientError::Source::timed_out;
  }
  UNREACHABLE();
}

}  // namespace

void ClientErrors::answered(ApiKey api, ErrorCode error, const TopicPartition* partition,
                            bool final) const {
  if (error == ErrorCode::none) return;
  observer_.on_client_error({.client = client_,
                             .api = request_name(api),
                             .source = ClientError::Source::response,
                             .error = error,
                             .partition = partition,
                             .final = final});
}

void ClientErrors::unanswered(ApiKey api, const RpcFailure& failure,
                              const TopicPartition* partition, bool final) const {
  const bool timed_out = failure.kind == RpcFailure::Kind::timed_out;
  const sim::World::KeepCause keep(world_);
  if (failure.cause) world_.set_cause(failure.cause);
  observer_.on_client_error({.client = client_,
                             .api = request_name(api),
                             .source = source_of(failure.kind),
                             .error = api == ApiKey::produce && timed_out
                                          ? ErrorCode::request_timed_out
                                          : ErrorCode::network_exception,
                             .exception = "DisconnectException",
                             .partition = partition,
                             .final = final});
}

void ClientErrors::gave_up(ApiKey api, ErrorCode error, std::string_view exception,
                           const TopicPartition* partition) const {
  observer_.on_client_error({.client = client_,
                             .api = request_name(api),
                             .source = ClientError::Source::client,
                             .error = error,
                             .exception = exception,
                             .partition = partition,
                             .final = true});
}

}  // namespace brokerlab::model
