#include "model/client/producer_waits.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

std::string told(const BatchTimes& batch, const Response::Waits& at, Duration whole,
                 Duration last_attempt, const std::string& full_card = {}) {
  ProducerConfig config;
  config.linger = 500ms;
  const auto where =
      where_it_waited({batch, at, "broker-1", full_card, whole, last_attempt}, config);
  return where ? where->english : "nothing";
}

}  // namespace

TEST_CASE("the largest parts of an acknowledgment's time are named, with their settings",
          "[unit]") {
  const BatchTimes quick;
  CHECK(told({.lingered = 480ms}, {}, 490ms, 10ms) == "linger.ms = 500ms (480 ms)");
  CHECK(told({.blocked = 300ms, .blocked_by = "reconnect.backoff.ms"}, {}, 310ms, 10ms) ==
        "reconnect.backoff.ms (300 ms)");
  CHECK(told(quick, {.room = 200ms, .thread = 700ms}, 1s, 1s) ==
        "an I/O thread of broker-1, num.io.threads (700 ms); "
        "room in the request queue of broker-1, queued.max.requests (200 ms)");
  CHECK(told(quick, {.disk = 2s, .parked = 8s}, 10s, 10s) ==
        "the ISR to replicate it, acks=all (8 s); the disk of broker-1 (2 s)");
  CHECK(told({.backed_off = 150ms, .failed = 4s, .last_error = ErrorCode::not_enough_replicas}, {},
             4200ms, 20ms) == "attempts that failed with NOT_ENOUGH_REPLICAS (4 s)");
  // What neither waited in the buffer nor at the broker was on its way.
  CHECK(told(quick, {.disk = 1ms}, 800ms, 800ms) == "the way to broker-1 and back (799 ms)");
  CHECK(told(quick, {}, 800ms, 800ms, "app") == "the network card of app, which is full (800 ms)");
}

TEST_CASE("of many small parts none is named", "[unit]") {
  CHECK(told({.lingered = 90ms}, {}, 95ms, 5ms) == "nothing");
  CHECK(told({.lingered = 150ms, .blocked = 150ms, .backed_off = 150ms, .failed = 150ms},
             {.room = 150ms, .thread = 150ms, .disk = 150ms}, 1050ms, 450ms) == "nothing");
}
