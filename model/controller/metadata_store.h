// MetadataStore: the door to where a cluster keeps what all must agree on: who is the controller,
// which brokers there are, which topics, who leads each partition. A store as ZooKeeper is one:
// sessions, a claim that one broker has, states that are changed if they are still what was read.
//
// Broker and Controller know nothing else of it. Which one is behind the door is chosen where the
// broker is built: model/zookeeper_store keeps all of it in a ZooKeeper ensemble.
//
// Lifetime: owned by the Broker; dies with its process. Threads: none.
// Errors:   a call waits for as long as a connection is missing. Nothing, false or refused comes
//           back when the session is lost meanwhile (an event tells that, too), or when the store
//           holds something else than the caller thought.
#pragma once

#include "base/phrase.h"
#include "base/result.h"
#include "model/config.h"
#include "model/wire/admin_protocol.h"
#include "model/wire/protocol.h"
#include "sim/task.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace brokerlab::model {

/// Something that the controller asked to be told of has changed; or the session is lost, and with
/// it the registration and the controllership.
struct MetadataEvent {
  enum class Type {
    controller_gone,
    brokers_changed,
    topics_changed,
    deletions_changed,
    log_dir_failed,
    configs_changed,
    session_lost,  ///< connect_again() makes another one.
  };
  Type type;
  sim::EventId cause = {};  ///< Set it as the cause of what is done about the event.
};

/// The controllership. Whoever claims it later fences this claim off.
struct ControllerClaim {
  ControllerEpoch epoch;
  int fence = -1;  ///< The store's mark of it, compared at every write.
};

/// Epoch: that of the registration, larger each time (KIP-380).
struct RegisteredBroker {
  BrokerEndpoint endpoint;
  std::int64_t epoch = -1;
};

using Assignment = std::vector<std::vector<BrokerId>>;  ///< Replicas by partition number.
using PartitionStates = std::map<TopicPartition, LeaderAndIsr>;

struct StoredTopic {
  Assignment assignment;
  TopicOverrides config;
  std::map<int, Moving> moving = {};  ///< Of partitions that are being reassigned.
};

using StoredTopics = std::map<std::string, StoredTopic>;

class MetadataStore {
 public:
  virtual ~MetadataStore() = default;

  // --- For the broker ---

  /// Why a broker cannot go on, for the trace and as the process's last words.
  struct Refused {
    Phrase why;
    Phrase last_words;
  };
  /// The first session. Refused when none could be made in time.
  virtual sim::Task<Status<Refused>> connect() = 0;
  /// After session_lost; waits for as long as it takes. False: there will be none.
  virtual sim::Task<bool> connect_again() = 0;
  /// Creates what every cluster needs, unless it is there. Gives what is set in the store for all
  /// brokers, and for this one, and quotas: JSON objects. Asks to be told when settings change.
  struct BrokerConfigs {
    std::string of_all = "{}";
    std::string own = "{}";
    std::vector<std::string> quotas = {};  ///< Of clients, those that were changed while it ran.
  };
  virtual sim::Task<BrokerConfigs> prepare(BrokerId broker) = 0;
  /// Registers the broker for as long as the session lasts. Gives its epoch.
  virtual sim::Task<Result<std::int64_t, Refused>> register_broker(BrokerEndpoint broker) = 0;
  /// The settings that the topic has of its own; none when they cannot be read.
  virtual sim::Task<TopicOverrides> topic_config(std::string topic) = 0;
  /// What is set in the store for a topic or brokers, a JSON object; nothing: it cannot be read.
  virtual sim::Task<std::optional<std::string>> config(ConfigEntity entity) = 0;
  /// Replaces that, and tells all brokers. False: not written.
  virtual sim::Task<bool> write_config(ConfigEntity entity, std::string json) = 0;
  /// Whose settings have been written since the last call, each once. Asks to be told of the next.
  virtual sim::Task<std::vector<ConfigEntity>> take_config_changes() = 0;
  /// Lets the controller know that this broker has lost a log directory (KIP-112).
  virtual sim::Task<> tell_log_dir_failed(BrokerId broker) = 0;
  /// The next event; nothing when there will be none. One waits at a time.
  virtual sim::Task<std::optional<MetadataEvent>> next_event() = 0;
  /// Ends the session: registration and controllership go at once.
  virtual sim::Task<> close() = 0;

  // --- For the controller ---

  /// Claims the controllership if nobody has it. Asks to be told when whoever has it is gone.
  virtual sim::Task<std::optional<ControllerClaim>> claim_controllership(BrokerId broker) = 0;
  /// The registered brokers. Asks to be told when they change.
  virtual sim::Task<std::optional<std::map<BrokerId, RegisteredBroker>>> brokers() = 0;
  /// Names of all topics. Asks to be told when they change.
  virtual sim::Task<std::optional<std::vector<std::string>>> topics() = 0;
  /// Those of these that are there, asked for all at once.
  virtual sim::Task<StoredTopics> read_topics(std::vector<std::string> names) = 0;
  /// Of those that have a state; asked for all at once.
  virtual sim::Task<PartitionStates> states(std::vector<TopicPartition> partitions) = 0;

  struct Written {
    PartitionStates written;  ///< With their new partition epochs.
    PartitionStates others;   ///< What is there instead: somebody has changed it.
    bool fenced_off = false;  ///< Another controller's claim is in force, or the session is lost.
  };
  /// Changes states whose partition epochs are still those given.
  virtual sim::Task<Written> write_states(ControllerClaim claim, PartitionStates states) = 0;
  /// First states of new partitions. False: fenced off.
  virtual sim::Task<bool> create_states(ControllerClaim claim, PartitionStates states) = 0;

  enum class TopicCreation { created, exists, failed };
  virtual sim::Task<TopicCreation> create_topic(std::string name, StoredTopic topic) = 0;

  /// A block of producer ids that nobody else gets. Nothing: it could not be written.
  virtual sim::Task<std::optional<ProducerIdBlock>> take_producer_ids(BrokerId broker) = 0;
  /// The assignment of a topic that is there; under a claim, or without one. False: not written.
  virtual sim::Task<bool> write_topic(std::optional<ControllerClaim> claim, std::string name,
                                      StoredTopic topic) = 0;

  enum class DeletionRequest { noted, unknown_topic, failed };
  /// Somebody wants the topic to be gone.
  virtual sim::Task<DeletionRequest> request_deletion(std::string name) = 0;
  /// Topics that somebody wants to be gone. Asks to be told when there are more.
  virtual sim::Task<std::optional<std::vector<std::string>>> deletions() = 0;
  /// Nothing will come of these. False: fenced off.
  virtual sim::Task<bool> forget_deletions(ControllerClaim claim,
                                           std::vector<std::string> names) = 0;
  /// The topic, its states and settings, and that somebody wanted it. False: fenced off.
  virtual sim::Task<bool> delete_topic(ControllerClaim claim, std::string name, int partitions) = 0;

  /// Brokers that have lost log directories since the last call. Asks to be told of the next.
  virtual sim::Task<std::set<BrokerId>> take_log_dir_failures() = 0;
  /// Discards them: a new controller asks every broker anyway.
  virtual sim::Task<> forget_log_dir_failures() = 0;
};

}  // namespace brokerlab::model
