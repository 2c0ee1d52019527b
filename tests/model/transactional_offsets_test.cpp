// Offsets that are committed as part of a transaction. Held against
// kafka.coordinator.group.{GroupCoordinator, GroupMetadataManager, GroupMetadata}.
#include "log/batch/control_record.h"
#include "tests/model/consumer_story.h"

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
  OffsetFetchResponse::Partition fetch(bool require_stable, const std::string& group = "g") {
    OffsetFetchRequest request;
    request.group = group;
    request.partitions.push_back(of_wifi);
    request.require_stable = require_stable;
    return groups().handle(request)->partitions.at(0);
  }
  Offset committed() { return fetch(false).offset; }
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

// GroupMetadataManager.maybeConvertOffsetCommitError.
TEST_CASE("what an append of offsets meets is told in the words that clients know", "[unit]") {
  OffsetsOffice office;
  const auto told = [&](ErrorCode met) {
    office.offsets.error = met;
    return office.commit(7, 42);
  };
  CHECK(told(ErrorCode::not_leader_or_follower) == ErrorCode::not_coordinator);
  CHECK(told(ErrorCode::message_too_large) == ErrorCode::invalid_commit_offset_size);
  CHECK(told(ErrorCode::network_exception) == ErrorCode::coordinator_load_in_progress);
  // A fenced producer is to hear that it is one.
  CHECK(told(ErrorCode::invalid_producer_epoch) == ErrorCode::invalid_producer_epoch);
  CHECK(told(ErrorCode::request_timed_out) == ErrorCode::request_timed_out);
}

// GroupMetadata.hasOffsets.
TEST_CASE("a group is not forgotten while offsets of a transaction wait for their marker",
          "[unit]") {
  OffsetsOffice office;
  office.config.offsets_retention_check_interval = 10s;
  office.elect();
  CHECK(office.commit(7, 42) == ErrorCode::none);
  office.world.run(office.world.now() + 1min);
  CHECK(office.groups().delete_group("g") == ErrorCode::none);
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

// GroupMetadataManager.getOffsets, GroupMetadata.hasPendingOffsetCommitsForTopicPartition.
TEST_CASE("who wants stable offsets is told of none that a transaction may change", "[unit]") {
  OffsetsOffice office;
  CHECK(office.commit(7, 42) == ErrorCode::none);
  office.end(7, true);
  CHECK(office.commit(8, 50) == ErrorCode::none);
  CHECK(office.fetch(false).error == ErrorCode::none);
  CHECK(office.fetch(false).offset == 42);
  CHECK(office.fetch(true).error == ErrorCode::unstable_offset_commit);
  CHECK(office.fetch(true).offset == log::no_offset);
  office.end(8, false);
  CHECK(office.fetch(true).error == ErrorCode::none);
  CHECK(office.fetch(true).offset == 42);
}

TEST_CASE("a commit that is still being stored is not stable either", "[unit]") {
  OffsetsOffice office;
  office.process.spawn([](OffsetsOffice& self) -> sim::Task<> {
    OffsetCommitRequest request;
    request.group = "g";
    request.partitions.push_back({of_wifi, 42, 0});
    (void)co_await self.groups().handle(request);
  }(office));
  office.world.run(office.world.now() + 1ms);
  CHECK(office.fetch(true).error == ErrorCode::unstable_offset_commit);
  CHECK(office.fetch(false).error == ErrorCode::none);
  office.world.run(office.world.now() + 1s);
  CHECK(office.fetch(true).error == ErrorCode::none);
  CHECK(office.fetch(true).offset == 42);
}

// GroupMetadata.removeOffsets, onOffsetCommitAppend.
TEST_CASE("what is on its way for a partition that is deleted is forgotten with it", "[unit]") {
  OffsetsOffice office;
  office.process.spawn([](OffsetsOffice& self) -> sim::Task<> {
    OffsetCommitRequest request;
    request.group = "g";
    request.partitions.push_back({of_wifi, 42, 0});
    const auto answer = co_await self.groups().handle(request);
    CHECK(answer->partitions.at(0).error == ErrorCode::none);
  }(office));
  office.world.run(office.world.now() + 1ms);
  office.groups().on_partitions_deleted({of_wifi});
  CHECK(office.fetch(true).error == ErrorCode::none);
  office.world.run(office.world.now() + 1s);
  CHECK(office.committed() == log::no_offset);

  CHECK(office.commit(7, 43) == ErrorCode::none);
  office.groups().on_partitions_deleted({of_wifi});
  CHECK(office.fetch(true).error == ErrorCode::none);
  office.end(7, true);
  CHECK(office.committed() == log::no_offset);
}

// ConsumerCoordinator.OffsetFetchResponseHandler, fetchCommittedOffsets: KIP-447.
TEST_CASE("a consumer waits for the end of the transaction that commits for its group", "[unit]") {
  const bool committed = GENERATE(true, false);
  GroupStory story(2, 2);
  story.fill(10);
  story.run_for(1s);
  const TopicPartition first{test_topic, 0};
  story.broker(story.coordinator).spawn([](GroupStory& self, TopicPartition of) -> sim::Task<> {
    TxnOffsetCommitRequest request;
    request.transactional_id = "payments";
    request.producer = {7, 0};
    request.group = "nifi";
    request.partitions.push_back({of, 4, 0});
    (void)co_await self.groups().handle(request);
  }(story, first));
  story.run_for(1s);
  story.add("nifi-1");
  story.run_for(8s);
  // The other partition has to wait, too: they are asked for together.
  CHECK(story.diary.consumed.empty());
  const int refused =
      story.diary.errors[{"OffsetFetch", "UNSTABLE_OFFSET_COMMIT", ClientError::Source::response}];
  // retry.backoff.ms doubles from 100 ms on in each poll(), which lasts a second.
  CHECK(refused >= 14);
  CHECK(refused <= 32);
  story.groups().on_transaction_ended(story.groups().partition_for("nifi"), 7, committed);
  story.run_for(3s);
  const auto times = story.times_consumed();
  CHECK(times.contains({first, 3}) == !committed);
  CHECK(times.contains({first, 4}));
  CHECK(times.size() == (committed ? 16 : 20));
}
