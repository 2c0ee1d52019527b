// ClientErrors: tells the Observer of every error that one client meets, by Kafka's names.
//
// Lifetime: part of a client; borrows the Observer. Threads: none.
#pragma once

#include "model/observer.h"
#include "model/wire/rpc.h"

#include <memory>
#include <string>
#include <string_view>

namespace brokerlab::model {

class ClientErrors {
 public:
  ClientErrors(sim::World& world, Observer& observer, std::string client)
      : world_(world), observer_(observer), client_(std::move(client)) {}

  /// A broker answered with it; NONE is not an error and is not told. `final`: the client does not
  /// try again.
  void answered(ApiKey api, ErrorCode error, const TopicPartition* partition = nullptr,
                bool final = false) const;
  /// No answer came: NETWORK_EXCEPTION (REQUEST_TIMED_OUT of a Produce that timed out, as Kafka's
  /// Sender has it), told apart by its source. It is because of the connection that broke.
  void unanswered(ApiKey api, const RpcFailure& failure, const TopicPartition* partition = nullptr,
                  bool final = false) const;
  /// Whichever of the two came of a call.
  template <class T>
  void outcome(ApiKey api, const Result<std::unique_ptr<T>, RpcFailure>& result) const {
    if (result) {
      answered(api, (*result)->error);
    } else {
      unanswered(api, result.error());
    }
  }
  /// The client gave up without asking (again): what the application is told.
  void gave_up(ApiKey api, ErrorCode error, std::string_view exception,
               const TopicPartition* partition = nullptr) const;

 private:
  sim::World& world_;
  Observer& observer_;
  const std::string client_;
};

}  // namespace brokerlab::model
