#include "scenarios/validate.h"

#include "base/integer_text.h"
#include "base/settings.h"
#include "base/translation.h"
#include "model/ids.h"
#include "scenarios/hardware_profiles.h"
#include "scenarios/sources/record_source.h"
#include "scenarios/sources/source_check.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

namespace brokerlab::scenarios {
namespace {

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) {
    if (!text.empty()) text += ", ";
    text += name;
  }
  return text.empty() ? "(none)" : text;
}

constexpr int most_brokers = 100;

class Validator {
 public:
  Validator(Scenario& scenario, SettingsReport& report) : s_(scenario), report_(report) {}

  void run() {
    check_names();
    if (machines_known()) validate_hosts(s_, report_);
    check_hardware();
    check_topology();
    check_brokers();
    check_topics();
    check_readers();
    check_ensemble();
    check_sources(s_, report_);
    check_producers();
    check_consumers();
    check_expectations();
    check_recording();
  }

 private:
  bool clean(std::string_view path) const { return report_.clean(path); }

  void unknown(const std::string& path, const std::string& name, std::string_view what,
               const std::vector<std::string>& known) {
    const std::string near = nearest_name(name, known);
    report_.error(path, in_quotes(name),
                  near.empty() ? tr("names no {}; there are {}", what, list_of(known))
                               : tr("names no {}; did you mean \"{}\"?", what, near));
  }

  template <class T, class Name>
  void check_unique(const char* list, const char* field, const std::vector<T>& specs, Name name) {
    std::map<std::string, std::size_t> first;
    for (std::size_t i = 0; i < specs.size(); ++i) {
      const std::string& own = name(specs[i]);
      const auto [at, fresh] = first.emplace(own, i);
      if (fresh || own.empty()) continue;
      report_.error(fmt::format("/{}/{}/{}", list, i, field), in_quotes(own),
                    tr("is already the name of /{}/{}", list, at->second));
    }
  }

  void check_names() {
    const std::size_t before = report_.errors.size();
    check_unique(
        "topics", "name", s_.topics, [](const auto& t) -> auto& { return t.name; });
    check_unique(
        "sources", "name", s_.sources, [](const auto& t) -> auto& { return t.name; });
    check_unique(
        "producers", "name", s_.producers, [](const auto& t) -> auto& { return t.name; });
    check_unique(
        "consumers", "group", s_.consumers, [](const auto& t) -> auto& { return t.group; });
    if (report_.errors.size() != before) return;
    std::set<std::string> seen{"controller", "brokers", "zookeeper", "clients", "everyone_else"};
    for (const MachineRole& machine : machines_of(s_)) {
      if (machine.name.empty() || seen.insert(machine.name).second) continue;
      const bool producer = machine.role == Role::producer;
      report_.error(fmt::format("/{}/{}/{}", producer ? "producers" : "consumers", machine.spec,
                                producer ? "name" : "group"),
                    in_quotes(producer ? machine.name : s_.consumers[machine.spec].group),
                    tr("would name a machine \"{}\", which is taken", machine.name));
    }
  }

  void check_kind(const std::string& path, const std::string& kind) {
    if (kind.empty() || s_.hardware.contains(kind) || !clean("/hardware")) return;
    std::vector<std::string> known;
    for (const auto& [name, machine] : s_.hardware) known.push_back(name);
    for (const LibraryEntry& profile : profile_library()) known.push_back(profile.name);
    unknown(path, kind, tr("machine under /hardware and no profile"), known);
  }

  void check_hardware() {
    check_kind("/zookeeper/machine", s_.zookeeper.machine);
    for (std::size_t group = 0; group < s_.brokers.size(); ++group) {
      check_kind(s_.path_of_brokers(group) + "/machine", s_.brokers[group].machine);
    }
    for (std::size_t i = 0; i < s_.producers.size(); ++i) {
      check_kind(fmt::format("/producers/{}/machine", i), s_.producers[i].machine);
    }
    for (std::size_t i = 0; i < s_.consumers.size(); ++i) {
      check_kind(fmt::format("/consumers/{}/machine", i), s_.consumers[i].machine);
    }
    for (std::size_t i = 0; i < s_.hosts.size(); ++i) {
      check_kind(fmt::format("/hosts/{}/machine", i), s_.hosts[i].machine);
    }
  }

  void check_topology() {
    if (!s_.topology || !machines_known() || !clean("/hosts")) return;
    const Duration delay = s_.network.delay;
    if (delay != sim::NetworkConfig{}.delay && clean("/network/delay")) {
      report_.error("/network/delay", in_quotes(brokerlab::to_text(delay)),
                    tr("does not apply with a topology: its cables have delays of their own"));
    }
    std::vector<std::string> hosts;
    for (const HostRole& host : hosts_of(s_, machines_of(s_))) hosts.push_back(host.name);
    sim::validate_topology(*s_.topology, &hosts, "/topology", report_);
  }

  bool written_with_acks_all(const std::string& topic) const {
    return std::any_of(s_.producers.begin(), s_.producers.end(), [&](const ProducerSpec& p) {
      return p.topic == topic && p.config.acks == model::Acks::all;
    });
  }

  /// Topic.hasCollision: '.' and '_' would be one in the names of metrics, so Kafka creates only
  /// the first of two that differ in nothing else. Its own topic is there from the first group on.
  void check_collisions() {
    const auto unified = [](std::string name) {
      std::replace(name.begin(), name.end(), '.', '_');
      return name;
    };
    std::map<std::string, std::pair<std::string, std::string>> taken;
    taken[unified(model::offsets_topic)] = {model::offsets_topic, tr("Kafka's own")};
    for (std::size_t i = 0; i < s_.topics.size(); ++i) {
      const std::string& name = s_.topics[i].name;
      if (name.empty()) continue;
      const auto [at, fresh] = taken.try_emplace(unified(name), name, fmt::format("/topics/{}", i));
      if (fresh || at->second.first == name) continue;
      report_.error(fmt::format("/topics/{}/name", i), in_quotes(name),
                    tr("differs from \"{}\" ({}) only in . and _: Kafka refuses to create "
                       "it",
                       at->second.first, at->second.second));
    }
  }

  /// Made by the operator before the first group asks: brokers take it as it is.
  void check_offsets_topic() {
    const TopicSpec* declared = s_.topic(model::offsets_topic);
    if (declared == nullptr) return;
    const auto not_used = [this](std::size_t group, const char* name, int given, int fallback,
                                 int used) {
      const std::string path = in_config(group, name);
      if (given == fallback || given == used || !clean(path)) return;
      report_.warning(
          path, std::to_string(given),
          tr("is not used: {} is declared under /topics, with {}", model::offsets_topic, used));
    };
    const model::BrokerConfig defaults;
    for (std::size_t group = 0; group < s_.brokers.size(); ++group) {
      const model::BrokerConfig& config = s_.brokers[group].config;
      not_used(group, "offsets.topic.num.partitions", config.offsets_topic_num_partitions,
               defaults.offsets_topic_num_partitions, declared->partitions);
      not_used(group, "offsets.topic.replication.factor", config.offsets_topic_replication_factor,
               defaults.offsets_topic_replication_factor, s_.replication_factor(*declared));
    }
  }

  std::string in_config(std::size_t group, std::string_view name) const {
    return fmt::format("{}/config/{}", s_.path_of_brokers(group), name);
  }

  /// What any broker may be asked to decide for the cluster, each decides alike.
  void check_brokers() {
    if (!clean("/brokers")) return;
    if (s_.broker_count() > most_brokers) {
      report_.error("/brokers", std::to_string(s_.broker_count()),
                    tr("at most {} brokers", most_brokers));
    }
    for (std::size_t group = 1; group < s_.brokers.size(); ++group) {
      for (const auto& [name, setting] :
           {std::pair("default.replication.factor",
                      &model::BrokerConfig::default_replication_factor),
            std::pair("num.partitions", &model::BrokerConfig::num_partitions),
            std::pair("offsets.topic.num.partitions",
                      &model::BrokerConfig::offsets_topic_num_partitions),
            std::pair("offsets.topic.replication.factor",
                      &model::BrokerConfig::offsets_topic_replication_factor)}) {
        const int first = s_.brokers.front().config.*setting;
        const int here = s_.brokers[group].config.*setting;
        if (here == first) continue;
        report_.error(in_config(group, name), std::to_string(here),
                      tr("must be the same in all groups of brokers, {} as in {}: whichever broker "
                         "is asked first would decide",
                         first, s_.path_of_brokers(0)));
      }
    }
  }

  void check_topics() {
    if (clean("/brokers")) check_racks();
    for (std::size_t i = 0; i < s_.topics.size(); ++i) check_auto_created(i);
    if (clean("/topics")) check_collisions();
    if (clean("/topics")) check_offsets_topic();
    for (std::size_t i = 0; i < s_.topics.size(); ++i) {
      const TopicSpec& topic = s_.topics[i];
      const std::string path = fmt::format("/topics/{}/replication.factor", i);
      const int factor = s_.replication_factor(topic);
      if (factor > s_.broker_count() && count_known() && clean(path)) {
        report_.error(path, std::to_string(factor),
                      tr("must not exceed the number of brokers, {}", s_.broker_count()));
      }
      check_replicas_exist(i);
      const bool own = topic.config.own(&model::TopicConfig::min_insync_replicas) != nullptr;
      for (std::size_t group = 0; group < (own ? 1 : s_.brokers.size()); ++group) {
        check_min_insync(i, group, factor);
      }
    }
    const int offsets = s_.brokers.front().config.offsets_topic_replication_factor;
    const std::string path = in_config(0, "offsets.topic.replication.factor");
    const bool made_by_brokers = !s_.consumers.empty() && !s_.topic(model::offsets_topic);
    if (made_by_brokers && offsets > s_.broker_count() && count_known() && clean(path)) {
      report_.error(path, std::to_string(offsets),
                    tr("must not exceed the number of brokers, {}, or no group can ever "
                       "commit (Kafka's default is 3)",
                       s_.broker_count()));
    }
  }

  void check_replicas_exist(std::size_t i) {
    if (!count_known()) return;
    const TopicSpec& topic = s_.topics[i];
    for (std::size_t partition = 0; partition < topic.replicas.size(); ++partition) {
      for (std::size_t at = 0; at < topic.replicas[partition].size(); ++at) {
        const int broker = topic.replicas[partition][at];
        if (broker <= s_.broker_count()) continue;
        report_.error(fmt::format("/topics/{}/replicas/{}/{}", i, partition, at),
                      std::to_string(broker),
                      tr("is no broker: they have the numbers 1 to {}", s_.broker_count()));
      }
    }
  }

  /// Whichever broker is asked first makes it.
  void check_auto_created(std::size_t i) {
    TopicSpec& topic = s_.topics[i];
    if (!topic.auto_created) return;
    const std::string path = fmt::format("/topics/{}/auto_created", i);
    for (std::size_t group = 0; group < s_.brokers.size(); ++group) {
      if (s_.brokers[group].config.auto_create_topics_enable) continue;
      report_.error(
          path, "true",
          tr("needs auto.create.topics.enable, which {} sets to false", s_.path_of_brokers(group)));
      return;
    }
    topic.partitions = s_.brokers.front().config.num_partitions;
  }

  /// All brokers have a rack, or none (AdminUtils.assignReplicasToBrokers).
  void check_racks() {
    const bool any = std::any_of(s_.brokers.begin(), s_.brokers.end(), [](const BrokersSpec& one) {
      return !one.config.broker_rack.empty();
    });
    for (std::size_t group = 0; any && group < s_.brokers.size(); ++group) {
      if (!s_.brokers[group].config.broker_rack.empty()) continue;
      report_.error(in_config(group, "broker.rack"), {},
                    tr("must be given, as other brokers have one: Kafka places no replicas while "
                       "some brokers have a rack and others none"));
    }
  }

  /// What they are called.
  bool machines_known() const {
    return count_known() && clean("/zookeeper/nodes") && clean("/producers") && clean("/consumers");
  }

  /// How many brokers there are.
  bool count_known() const {
    for (std::size_t group = 0; group < s_.brokers.size(); ++group) {
      if (!clean(s_.path_of_brokers(group) + "/count")) return false;
    }
    return true;
  }

  void check_min_insync(std::size_t i, std::size_t group, int factor) {
    const TopicSpec& topic = s_.topics[i];
    const int least = s_.topic_config(topic, group).min_insync_replicas;
    const std::string own = fmt::format("/topics/{}/config/min.insync.replicas", i);
    const std::string path = topic.config.own(&model::TopicConfig::min_insync_replicas) != nullptr
                                 ? own
                                 : in_config(group, "min.insync.replicas");
    if (least <= factor || !clean(path) || !clean(own)) return;
    const std::string message =
        tr("exceeds the replication factor of topic {}, {}: nothing can be written with acks=all",
           topic.name, factor);
    if (written_with_acks_all(topic.name)) {
      report_.error(path, std::to_string(least), message);
    } else {
      report_.warning(path, std::to_string(least), message);
    }
  }

  /// Records are told apart by their bytes: each row may be sent once.
  void check_readers() {
    std::map<std::string, std::size_t> reader;
    std::map<std::string, std::size_t> file;
    for (std::size_t i = 0; i < s_.producers.size(); ++i) {
      const std::string path = fmt::format("/producers/{}/source", i);
      const SourceSpec* source = s_.source(s_.producers[i].source);
      if (source == nullptr || !clean(path)) continue;
      const auto [at, fresh] = reader.emplace(source->name, i);
      if (!fresh) {
        report_.error(
            path, in_quotes(source->name),
            tr("is read by /producers/{} already; each producer needs its own", at->second));
        continue;
      }
      if (source->drawn()) continue;
      const auto [other, first] = file.emplace(source->file, i);
      if (!first) {
        report_.error(path, in_quotes(source->name),
                      tr("has the file of the source of /producers/{}: its records could "
                         "not be told from those",
                         other->second));
      }
    }
    if (s_.consumers.size() > 64) {
      report_.error("/consumers", std::to_string(s_.consumers.size()), tr("at most 64 groups"));
    }
  }

  void check_ensemble() {
    if (s_.zookeeper.nodes % 2 == 0 && clean("/zookeeper/nodes")) {
      report_.warning("/zookeeper/nodes", std::to_string(s_.zookeeper.nodes),
                      tr("survives no more failures than {} would: a majority is {}",
                         s_.zookeeper.nodes - 1, s_.zookeeper.nodes / 2 + 1));
    }
    for (std::size_t group = 0; group < s_.brokers.size(); ++group) check_session_asked(group);
  }

  void check_session_asked(std::size_t group) {
    const Duration asked = s_.brokers[group].config.zookeeper_session_timeout;
    const Duration granted = s_.zookeeper.config.granted_session(asked);
    const std::string path = in_config(group, "zookeeper.session.timeout.ms");
    if (granted != asked && clean(path) && clean("/zookeeper/config")) {
      report_.warning(
          path, std::to_string(whole_millis(asked)),
          tr("ZooKeeper will grant {} ms, the nearest it allows (from {} to {} "
             "ms by tickTime, minSessionTimeout and maxSessionTimeout)",
             whole_millis(granted), whole_millis(s_.zookeeper.config.min_granted_session()),
             whole_millis(s_.zookeeper.config.max_granted_session())));
    }
  }

  std::vector<std::string> topic_names() const {
    std::vector<std::string> names;
    for (const TopicSpec& topic : s_.topics) names.push_back(topic.name);
    return names;
  }

  void check_expectations() {
    for (std::size_t i = 0; i < s_.expect.size(); ++i) {
      const auto* limits = std::get_if<AvailabilityWithin>(&s_.expect[i].what);
      if (limits == nullptr || !limits->topic) continue;
      check_topic(fmt::format("/expect/{}/availability/topic", i), *limits->topic);
    }
  }

  /// ReplicaManager.appendToLocalLog lets no client write to it; what groups keep there are no
  /// records of a source, so nothing could be said of a group that reads it.
  void check_not_internal(const std::string& path, const std::string& name, std::string why) {
    if (name == model::offsets_topic && clean(path))
      report_.error(path, in_quotes(name), std::move(why));
  }

  /// A mistake in another setting of a topic does not hide which topics there are.
  bool topics_known() const {
    return std::none_of(report_.errors.begin(), report_.errors.end(), [&](const Problem& problem) {
      if (problem.file != report_.file || !problem.path.starts_with("/topics")) return false;
      const auto parts = std::count(problem.path.begin(), problem.path.end(), '/');
      return parts <= 2 || problem.path.ends_with("/name");
    });
  }

  void check_topic(const std::string& path, const std::string& name) {
    if (name.empty() || !topics_known() || !clean(path) || s_.topic(name) != nullptr) return;
    unknown(path, name, tr("topic"), topic_names());
  }

  void check_producers() {
    std::vector<std::string> sources;
    for (const SourceSpec& source : s_.sources) sources.push_back(source.name);
    for (std::size_t i = 0; i < s_.producers.size(); ++i) {
      const ProducerSpec& producer = s_.producers[i];
      const std::string path = fmt::format("/producers/{}", i);
      check_topic(path + "/topic", producer.topic);
      check_not_internal(path + "/topic", producer.topic,
                         tr("is Kafka's own: brokers refuse what clients produce to it "
                            "(INVALID_TOPIC_EXCEPTION)"));
      if (!producer.source.empty() && s_.source(producer.source) == nullptr) {
        unknown(path + "/source", producer.source, tr("source"), sources);
      }
      check_key(path + "/key", producer);
      const SourceSpec* source = s_.source(producer.source);
      if (producer.table && source != nullptr && source->phantom) {
        report_.error(path + "/table", {},
                      tr("is about single rows, and those of source {} have no bytes (payload: "
                         "phantom)",
                         source->name));
      }
      check_compacted(path, producer);
    }
  }

  /// What has no bytes has no keys that a cleaner could compare.
  void check_compacted(const std::string& path, const ProducerSpec& producer) {
    const TopicSpec* topic = s_.topic(producer.topic);
    const SourceSpec* source = s_.source(producer.source);
    if (topic == nullptr || source == nullptr || !clean("/topics") || !clean("/brokers")) return;
    if (!s_.topic_config(*topic).compacts()) return;
    if (source->phantom) {
      report_.error(path + "/source", in_quotes(producer.source),
                    tr("has no bytes to compact by (payload: phantom), and topic {} is compacted: "
                       "give its source bytes",
                       topic->name));
    } else if (source->drawn() ? source->keys.what.index() == 0 : !producer.key) {
      report_.warning(path, "",
                      tr("sends records without a key to topic {}, which is compacted: brokers "
                         "refuse them (INVALID_RECORD)",
                         topic->name));
    }
  }

  void check_key(const std::string& path, const ProducerSpec& producer) {
    const auto& columns = RecordSource::columns();
    const SourceSpec* source = s_.source(producer.source);
    if (producer.key && source != nullptr && source->drawn() && clean(path) && clean("/sources")) {
      report_.error(path, in_quotes(*producer.key),
                    tr("names a column, but the records of source {} are drawn: their keys are "
                       "said there, as keys",
                       source->name));
    } else if (producer.key &&
               std::find(columns.begin(), columns.end(), *producer.key) == columns.end()) {
      unknown(path, *producer.key, tr("column"), columns);
    }
  }

  void check_consumers() {
    for (std::size_t i = 0; i < s_.consumers.size(); ++i) {
      const ConsumerSpec& group = s_.consumers[i];
      const std::string path = fmt::format("/consumers/{}", i);
      int partitions = 0;
      for (std::size_t t = 0; t < group.topics.size(); ++t) {
        check_topic(fmt::format("{}/topics/{}", path, t), group.topics[t]);
        check_not_internal(
            fmt::format("{}/topics/{}", path, t), group.topics[t],
            tr("is Kafka's own: it holds groups' offsets, no records of a source, so "
               "there is nothing to judge a group by"));
        const TopicSpec* topic = s_.topic(group.topics[t]);
        if (topic != nullptr) partitions += topic->partitions;
      }
      check_actions(path, group);
      if (group.stream) check_stream(path, group);
      if (clean(path) && clean("/topics") && group.members > partitions) {
        report_.warning(path + "/members", std::to_string(group.members),
                        tr("exceeds the partitions, {}: {} will be idle", partitions,
                           group.members - partitions));
      }
      for (std::size_t brokers = 0; brokers < s_.brokers.size(); ++brokers) {
        check_session(path, group.config.session_timeout, brokers);
      }
    }
  }

  /// Tasks of one number have one partition of each topic.
  void check_stream(const std::string& of_group, const ConsumerSpec& group) {
    const StreamSpec& stream = *group.stream;
    const std::string path = of_group + "/stream";
    const std::string input = group.topics.empty() ? "" : group.topics.front();
    std::vector<std::pair<std::string, std::string>> parts{{"/output", stream.output},
                                                           {"/changelog", stream.changelog}};
    if (stream.group_by) parts.emplace_back("/group_by/topic", stream.group_by->topic);
    std::vector<std::string> read{input};
    if (stream.group_by) read.push_back(stream.group_by->topic);
    if (group.topics != read) {
      report_.error(of_group + "/topics", {},
                    stream.group_by ? tr("a stream processor reads its input and its repartition "
                                         "topic: they have to be the input, then {}",
                                         stream.group_by->topic)
                                    : tr("a stream processor reads one topic: its input alone"));
    }
    std::set<std::string> used{input};
    for (const auto& [part, name] : parts) {
      check_stream_topic(path + part, name, s_.topic(input));
      if (!used.insert(name).second) {
        report_.error(path + part, in_quotes(name),
                      tr("is used twice: input, output, changelog and repartition topic are "
                         "topics of their own"));
      }
    }
    check_stream_source(path, group);
    // StreamsConfig.verifyEOSTransactionTimeoutCompatibility.
    const Duration times_out = stream.producer_config(group.group).transaction_timeout;
    if (stream.exactly_once() && stream.commits_every() > times_out) {
      report_.error(
          path + "/commit.interval.ms", std::to_string(stream.commits_every() / 1ms),
          tr("is longer than its transactions may be, transaction.timeout.ms {}", times_out / 1ms));
    }
  }

  void check_stream_topic(const std::string& where, const std::string& name,
                          const TopicSpec* input) {
    check_topic(where, name);
    check_not_internal(where, name, tr("is Kafka's own"));
    const TopicSpec* topic = s_.topic(name);
    if (topic == nullptr || input == nullptr || topic->partitions == input->partitions) return;
    report_.error(where, in_quotes(name),
                  tr("has another number of partitions than {}", input->name));
  }

  /// What has no bytes has no key that another one could be made of.
  void check_stream_source(const std::string& path, const ConsumerSpec& group) {
    if (!group.stream->group_by || group.topics.empty()) return;
    for (const ProducerSpec& producer : s_.producers) {
      const SourceSpec* source = s_.source(producer.source);
      if (source == nullptr || !source->phantom || producer.topic != group.topics.front()) continue;
      report_.error(path + "/group_by", {},
                    tr("makes new keys of those that records have, and those of source {} have no "
                       "bytes (payload: phantom)",
                       source->name));
    }
  }

  void check_actions(const std::string& path, const ConsumerSpec& group) {
    for (std::size_t i = 0; i < group.actions.size(); ++i) {
      const ConsumerActionSpec& spec = group.actions[i];
      const std::string here = fmt::format("{}/actions/{}", path, i);
      if (spec.member > group.members) {
        report_.error(here + "/member", std::to_string(spec.member),
                      tr("the group has {} members", group.members));
      }
      if (spec.action.at > s_.duration) {
        report_.error(here + "/at", in_quotes(brokerlab::to_text(spec.action.at)),
                      tr("is after the end of the run, {}", brokerlab::to_text(s_.duration)));
      }
      for (std::size_t p = 0; p < spec.action.partitions.size(); ++p) {
        const std::string& name = spec.action.partitions[p];
        const std::size_t dash = name.rfind('-');
        const TopicSpec* topic =
            dash == std::string::npos ? nullptr : s_.topic(name.substr(0, dash));
        const auto number =
            dash == std::string::npos ? std::nullopt : parse_integer<int>(name.substr(dash + 1));
        const bool read = topic != nullptr && std::find(group.topics.begin(), group.topics.end(),
                                                        topic->name) != group.topics.end();
        if (read && number && *number >= 0 && *number < topic->partitions) continue;
        report_.error(fmt::format("{}/partitions/{}", here, p), in_quotes(name),
                      tr("is no partition of a topic that the group reads"));
      }
    }
  }

  void check_session(const std::string& path, Duration session, std::size_t brokers) {
    const std::string where = path + "/config/session.timeout.ms";
    const model::BrokerConfig& broker = s_.brokers[brokers].config;
    const bool inside =
        session >= broker.group_min_session_timeout && session <= broker.group_max_session_timeout;
    if (inside || !clean(where) || !clean(s_.path_of_brokers(brokers) + "/config")) return;
    report_.error(where, std::to_string(whole_millis(session)),
                  tr("brokers refuse it: must be from group.min.session.timeout.ms, {}, to "
                     "group.max.session.timeout.ms, {}",
                     whole_millis(broker.group_min_session_timeout),
                     whole_millis(broker.group_max_session_timeout)));
  }

  void check_recording() {
    const std::string path = "/recording/from";
    if (!s_.recording.from || *s_.recording.from < s_.duration) return;
    if (!clean(path) || !clean("/duration")) return;
    report_.error(path, brokerlab::to_text(*s_.recording.from),
                  tr("is not before the end of the run, {}", brokerlab::to_text(s_.duration)));
  }

  Scenario& s_;
  SettingsReport& report_;
};

}  // namespace

void validate(Scenario& scenario, SettingsReport& report) {
  Validator(scenario, report).run();
  validate_faults(scenario, report);
  validate_operations(scenario, report);
  validate_lesson(scenario, report);
}

}  // namespace brokerlab::scenarios
