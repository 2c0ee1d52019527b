// Call: one request on its way through a broker. Whoever finishes it responds, once; that may be
// the I/O thread at once or the purgatory much later.
//
// Lifetime: shared by the connection, the request queue and the purgatory. A response for a broken
// connection vanishes. Threads: none.
#pragma once

#include "model/wire/protocol.h"
#include "sim/channel.h"

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace brokerlab::model {

class Call {
 public:
  Call(sim::World& world, RequestPtr request)
      : world_(world), request_(std::move(request)), responses_(world), stage_began_(world.now()) {}

  Request& request() { return *request_; }
  template <class T>
  T& as() {
    T* request = dynamic_cast<T*>(request_.get());
    ENSURE(request != nullptr, "a request of another kind than its api key");
    return *request;
  }

  // --- Its stages, for Response::waits ---

  void note_queued() { waits_.room = end_stage(); }
  void note_taken() {
    waits_.thread = end_stage();
    taken_ = world_.now();
  }
  /// Its I/O thread is free again.
  void note_thread_left() { left_ = world_.now(); }
  /// How long it had one.
  Duration thread_time() const { return left_.value_or(world_.now()) - taken_; }

  /// Called with the response before it goes.
  using LastLook = std::function<void(Call&, Response&)>;
  void set_last_look(LastLook look) { last_look_ = std::move(look); }
  void note_disk(Time began) { waits_.disk += world_.now() - began; }
  void note_parked() {
    stage_began_ = world_.now();
    parked_ = true;
  }

  void respond(ResponsePtr response) {
    ENSURE(!answered_, "a request was answered twice");
    answered_ = true;
    response->correlation_id = request_->correlation_id;
    if (parked_) waits_.parked = end_stage();
    response->waits = waits_;
    if (last_look_) last_look_(*this, *response);
    responses_.push(std::move(response));
  }
  sim::Channel<ResponsePtr>& responses() { return responses_; }

 private:
  Duration end_stage() {
    const Time now = world_.now();
    return now - std::exchange(stage_began_, now);
  }

  sim::World& world_;
  const RequestPtr request_;
  sim::Channel<ResponsePtr> responses_;
  Time stage_began_;
  Time taken_{};
  std::optional<Time> left_;
  LastLook last_look_;
  Response::Waits waits_;
  bool parked_ = false;
  bool answered_ = false;
};
using CallPtr = std::shared_ptr<Call>;

}  // namespace brokerlab::model
