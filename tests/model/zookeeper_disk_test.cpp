#include "sim/disk_faults.h"
#include "tests/model/zookeeper_lab.h"

using namespace brokerlab;
using namespace brokerlab::model;
using namespace brokerlab::model::test;

namespace {

sim::Task<> write_now_and_then(ClientProgram& client) {
  for (int i = 0;; ++i) {
    std::string path = fmt::format("/node-{}", i);
    const ZkReply reply = co_await client.create(path);
    static_cast<void>(reply);
    co_await client.world.sleep(1s);
  }
}

/// What server 1 said when it ended, and because of what.
std::string end_of_server(const std::function<void(sim::Machine&)>& trouble) {
  Lab lab(3);
  lab.add_client("client", write_now_and_then);
  lab.run_until(20s);
  trouble(lab.server(1));
  lab.run_until(30s);
  const sim::Event* exited = lab.find("process.exited");
  REQUIRE(exited != nullptr);
  return std::string(exited->detail("why")) + ": " + lab.why(*exited);
}

}  // namespace

TEST_CASE("a ZooKeeper server ends when its disk is full or dead", "[unit]") {
  CHECK(end_of_server([](sim::Machine& machine) { sim::fill_disk(machine, 0); }) ==
        "its disk is full: process.exited <- disk.full");
  CHECK(end_of_server([](sim::Machine& machine) { sim::fail_disk(machine, 0); }) ==
        "its disk failed: process.exited <- disk.failing");
}
