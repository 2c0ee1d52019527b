// Whom to blame for silence.
#include "sim/troubles.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::sim;
using namespace std::chrono_literals;

namespace {

const MachineId here(0), there(1), elsewhere(2);

EventId event(int number) { return EventId(number); }

}  // namespace

TEST_CASE("the nearest reason that was in force during the wait is named", "[unit]") {
  Troubles troubles;
  CHECK_FALSE(troubles.explain(here, there, Time(0s), Time(10s)).valid());
  troubles.begin(TroubleKind::disk, there, event(1), Time(1s));
  troubles.begin(TroubleKind::still, there, event(2), Time(2s), Time(4s));
  const auto both = [](MachineId from, MachineId to) { return from == there && to == here; };
  troubles.begin(TroubleKind::cut, both, event(3), Time(6s));
  CHECK(troubles.explain(here, there, Time(0s), Time(1500ms)) == event(1));
  CHECK(troubles.explain(here, there, Time(0s), Time(3s)) == event(2));
  CHECK(troubles.explain(here, there, Time(0s), Time(10s)) == event(3));  // either way
  // It is over, but it was there while somebody waited.
  troubles.end(event(3), Time(7s));
  CHECK(troubles.explain(here, there, Time(6500ms), Time(30s)) == event(3));
  CHECK(troubles.explain(here, there, Time(8s), Time(30s)) == event(1));
  troubles.end(TroubleKind::disk, there, Time(9s));
  CHECK_FALSE(troubles.explain(here, there, Time(10s), Time(30s)).valid());
  CHECK_FALSE(troubles.explain(here, elsewhere, Time(0s), Time(30s)).valid());
  CHECK_FALSE(troubles.explain(there, here, Time(0s), Time(5s)).valid());
}

TEST_CASE("of two of a kind the later one is named, and a wrong clock troubles its owner",
          "[unit]") {
  Troubles troubles;
  troubles.begin(TroubleKind::dark, there, event(1), Time(1s));
  troubles.end(TroubleKind::dark, there, Time(2s));
  troubles.begin(TroubleKind::dark, there, event(2), Time(3s));
  CHECK(troubles.explain(here, there, Time(0s), Time(5s)) == event(2));
  CHECK(troubles.explain(here, there, Time(0s), Time(2500ms)) == event(1));
  troubles.begin(TroubleKind::clock, here, event(3), Time(1s));
  CHECK(troubles.explain(here, elsewhere, Time(0s), Time(5s)) == event(3));
}
