#include "tests/model/zookeeper_lab.h"

using namespace brokerlab;
using namespace brokerlab::model;
using namespace brokerlab::model::test;

namespace {

/// A client that allocates a megabyte a second.
sim::Task<> live(ClientProgram& client) {
  while (true) {
    co_await client.world.sleep(1s);
    client.process.allocate(1_MiB);
  }
}

struct Collected {
  int expired;
  std::string why;
};

Collected run_with_pauses_of(Duration pause) {
  Lab lab(3);
  lab.hardware.gc = sim::GcConfig{.every = 30_MiB, .pause = pause, .sigma = 0};
  lab.add_client("client", live, true, 6s);
  lab.run_until(90s);
  const sim::Event* expired = lab.find("zk.session_expired");
  return {lab.count("zk.session_expired"), expired == nullptr ? "" : lab.why(*expired)};
}

}  // namespace

TEST_CASE("a collection longer than the session timeout expires the session", "[unit]") {
  const Collected result = run_with_pauses_of(8s);
  CHECK(result.expired >= 1);
  INFO(result.why);
  CHECK(result.why.find("process.collects") != std::string::npos);
}

TEST_CASE("a shorter collection only delays the pings", "[unit]") {
  CHECK(run_with_pauses_of(1s).expired == 0);
}
