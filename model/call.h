// Call: one request on its way through a broker. Whoever finishes it responds, once; that may be
// the I/O thread at once or the purgatory much later.
//
// Lifetime: shared by the connection, the request queue and the purgatory. A response for a broken
// connection vanishes. Threads: none.
#pragma once

#include "model/protocol.h"
#include "sim/channel.h"

#include <memory>

namespace brokerlab::model {

class Call {
 public:
  Call(sim::World& world, RequestPtr request)
      : request_(std::move(request)), responses_(world), received_(world.now()) {}

  Request& request() { return *request_; }
  template <class T>
  T& as() {
    T* request = dynamic_cast<T*>(request_.get());
    ENSURE(request != nullptr, "a request of another kind than its api key");
    return *request;
  }
  Time received() const { return received_; }
  void respond(ResponsePtr response) {
    ENSURE(!answered_, "a request was answered twice");
    answered_ = true;
    response->correlation_id = request_->correlation_id;
    responses_.push(std::move(response));
  }
  bool answered() const { return answered_; }
  sim::Channel<ResponsePtr>& responses() { return responses_; }

 private:
  const RequestPtr request_;
  sim::Channel<ResponsePtr> responses_;
  const Time received_;
  bool answered_ = false;
};
using CallPtr = std::shared_ptr<Call>;

}  // namespace brokerlab::model
