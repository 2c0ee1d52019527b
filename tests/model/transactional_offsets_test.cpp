// Offsets that are committed as part of a transaction. Held against
// kafka.coordinator.group.{GroupCoordinator, GroupMetadataManager, GroupMetadata}.
#include "log/batch/control_record.h"
#include "tests/model/client_fixture.h"

#include <catch2/catch.hpp>

using namespace brokerlab;
using namespace brokerlab::model;

namespace {

const TopicPartition of_wifi{"wifi", 0};

/// A group coordinator over a log in memory; every process that is started is another one.
struct OffsetsOffice {
  struct Server final : sim::Program {
    Server(sim::Process& self, OffsetsOffice& office)
        : groups(self, office.config, office.offsets, office.context) {}
    GroupCoordinator groups;
  };

  sim::World world{1};
  sim::Network network{world, sim::NetworkConfig{}};
  sim::Machine machine{world, network, sim::MachineId(0), "broker-1", {}};
  Observer nobody;
  PartitionDirectory partitions{world};
  ClusterContext context{world, nobody, partitions};
  BrokerConfig config;
  MemoryOffsets offsets{world};
  sim::Process& process = machine.add_process(
      sim::ProcessId(0), "broker-1",
      [this](sim::Process& self) { return std::make_unique<Server>(self, *this); });
  int partition = 0;

  OffsetsOffice() { elect(); }
  GroupCoordinator& groups() { return dynamic_cast<Server*>(process.program())->groups; }
  void elect() {
    if (process.running()) process.kill();
    process.start();
    world.run(world.now() + 1s);
    partition = groups().partition_for("g");
    groups().on_elected(partition, 0);
    world.run(world.now() + 1s);
  }
  ErrorCode commit(std::int64_t producer, Offset offset) {
    TxnOffsetCommitRequest request;
    request.transactional_id = "payments";
    request.producer = {producer, 0};
    request.group = "g";
    request.partitions.push_back({of_wifi, offset, 0});
    ErrorCode error = ErrorCode::unknown_server_error;
    process.spawn(
        [](OffsetsOffice& self, TxnOffsetCommitRequest& asked, ErrorCode& told) -> sim::Task<> {
          const auto response = co_await self.groups().handle(asked);
          told = response->partitions.at(0).error;
        }(*this, request, error));
    world.run(world.now() + 1s);
    return error;
  }
  void end(std::int64_t producer, bool committed) {
    const auto result = committed ? log::TransactionResult::commit : log::TransactionResult::abort;
    offsets.logs[partition].append(log::build_marker(producer, 0, 1, {result, 0}));
    groups().on_transaction_ended(partition, producer, committed);
  }
  Offset committed() {
    OffsetFetchRequest request;
    request.group = "g";
    request.partitions.push_back(of_wifi);
    return groups().handle(request)->partitions.at(0).offset;
  }
};

}  // namespace

TEST_CASE("offsets of a transaction become the group's with its marker", "[unit]") {
  OffsetsOffice office;
  CHECK(office.commit(7, 42) == ErrorCode::none);
  CHECK(office.committed() == log::no_offset);
  office.end(7, true);
  CHECK(office.committed() == 42);
}

TEST_CASE("those of a transaction that is aborted are forgotten", "[unit]") {
  OffsetsOffice office;
  CHECK(office.commit(7, 42) == ErrorCode::none);
  office.end(7, false);
  CHECK(office.committed() == log::no_offset);
  CHECK(office.commit(7, 43) == ErrorCode::none);
  office.end(7, true);
  CHECK(office.committed() == 43);
}

TEST_CASE("one that could not be written is not committed either", "[unit]") {
  OffsetsOffice office;
  office.offsets.error = ErrorCode::not_enough_replicas;
  CHECK(office.commit(7, 42) == ErrorCode::coordinator_not_available);
  office.offsets.error = ErrorCode::none;
  office.end(7, true);
  CHECK(office.committed() == log::no_offset);
}

TEST_CASE("a new coordinator reads back what is pending, and what its markers made of it",
          "[unit]") {
  OffsetsOffice office;
  CHECK(office.commit(7, 42) == ErrorCode::none);
  office.end(7, true);
  CHECK(office.commit(8, 50) == ErrorCode::none);
  CHECK(office.commit(9, 60) == ErrorCode::none);
  office.end(9, false);
  office.elect();
  CHECK(office.committed() == 42);
  office.end(8, true);
  CHECK(office.committed() == 50);
  office.elect();
  CHECK(office.committed() == 50);
}
