// The declarations of every part of a scenario: names, ranges, meanings.
#include "scenarios/description.h"

#include "base/settings.h"
#include "base/translation.h"
#include "log/directory/partition_dir.h"
#include "scenarios/names.h"

#include <set>

namespace brokerlab::scenarios {
namespace {

using setting::list;
using setting::names;
using setting::record;
using setting::text;

/// Kafka's rule for a topic (Topic.validate); that "." and ".." are none is checked of a topic.
SettingType<std::string> topic_name() {
  return text(249, "[a-zA-Z0-9._-]+", "a name of letters, digits, ., - and _");
}

/// AdminZkClient.validateTopicCreate.
void check_replicas(TopicSpec& topic, FieldReport& report) {
  if (topic.replicas.empty()) return;
  const auto partitions = static_cast<int>(topic.replicas.size());
  const auto factor = static_cast<int>(topic.replicas.front().size());
  if (report.given("partitions") && topic.partitions != partitions) {
    report.error("partitions", tr("is {}, but replicas lists {}", topic.partitions, partitions));
  }
  if (topic.replication_factor.value_or(factor) != factor) {
    report.error("replication.factor", tr("is {}, but replicas lists {} for each partition",
                                          *topic.replication_factor, factor));
  }
  topic.partitions = partitions;
  topic.replication_factor = factor;
  for (std::size_t i = 0; i < topic.replicas.size(); ++i) {
    const std::vector<int>& replicas = topic.replicas[i];
    if (std::set<int>(replicas.begin(), replicas.end()).size() != replicas.size()) {
      report.error("replicas", tr("partition {} names a broker twice", i));
    }
    if (static_cast<int>(replicas.size()) != factor) {
      report.error("replicas", tr("lists {} for partition {} and {} for partition 0; all "
                                  "partitions of a topic have as many replicas",
                                  replicas.size(), i, factor));
    }
  }
}

SettingType<std::string> any_text(std::size_t longest = 10'000) { return text(longest); }

}  // namespace

const Settings<LocalText>& LocalText::settings() {
  static const auto all = Settings<LocalText>("LocalText", "Text in two languages.")
                              .field("en", &LocalText::en, any_text(), "English.")
                              .field("ko", &LocalText::ko, any_text(), "Korean.")
                              .shorthand("en");
  return all;
}

const Settings<ZooKeeperSpec>& ZooKeeperSpec::settings() {
  using S = ZooKeeperSpec;
  static const auto all =
      Settings<S>("ZooKeeper", "The ensemble: machines zookeeper-1 and on.")
          .field("nodes", &S::nodes, 1, 9, "How many servers; a majority must live.")
          .field("machine", &S::machine, machine_name(), "A name under hardware, or a profile.")
          .field("config", &S::config, record<model::ZooKeeperConfig>(), "zoo.cfg.");
  return all;
}

const Settings<BrokersSpec>& BrokersSpec::settings() {
  using S = BrokersSpec;
  static const auto all =
      Settings<S>("Brokers", "Brokers that are alike: machines broker-1 and on.")
          .field("count", &S::count, 1, 100, "How many.")
          .field("machine", &S::machine, machine_name(), "A name under hardware, or a profile.")
          .field("config", &S::config, record<model::BrokerConfig>(), "server.properties.")
          .field("truncation", &S::old_truncation,
                 names<bool>({{"leader_epochs", false}, {"high_watermark", true}}),
                 "Where a follower cuts its log when its leader changes: where the leader's epochs "
                 "part from its own; or at its own high watermark, as Kafka did before 0.11 "
                 "(KIP-101), which loses committed records. For teaching.");
  return all;
}

const Settings<TopicSpec>& TopicSpec::settings() {
  using S = TopicSpec;
  const auto by_hand = [](const S& topic) { return !topic.auto_created; };
  const std::string made_by_brokers = sentence(
      "is not of a topic that brokers make by themselves: it has num.partitions and "
      "default.replication.factor");
  static const auto all =
      Settings<S>("Topic", "A topic that exists before the run begins.")
          .field("name", &S::name, topic_name(), "Its name.")
          .required()
          .field("partitions", &S::partitions, 1, 10'000, "How many partitions.")
          .only_when(by_hand, made_by_brokers)
          .field("replication.factor", &S::replication_factor, setting::integer(1, 32767),
                 "Replicas of each partition; unset is default.replication.factor.")
          .only_when(by_hand, made_by_brokers)
          .field("replicas", &S::replicas, list(list(setting::integer(1, 100), 1, 100), 0, 10'000),
                 "Where its replicas are: a list of brokers' numbers for each partition, the "
                 "preferred leader first; unset: where Kafka places them.")
          .only_when(by_hand, made_by_brokers)
          .field("auto_created", &S::auto_created,
                 "Brokers make it when a client asks for it (auto.create.topics.enable), with "
                 "num.partitions and default.replication.factor.")
          .field("config", &S::config, record<model::TopicOverrides>(), "Its own settings.")
          .only_when(by_hand, made_by_brokers)
          .named_by("name")
          .check([](S& topic, FieldReport& report) {
            if (const auto problem = log::topic_name_problem(topic.name)) {
              report.error("name", *problem);
            }
            check_replicas(topic, report);
          });
  return all;
}

const Settings<TableSpec>& TableSpec::settings() {
  using S = TableSpec;
  static const auto all =
      Settings<S>("Table",
                  "How the program treats the rows of its table. Unset is a program that keeps its "
                  "own mark and one producer, and lets it batch.")
          .field("marks_before_sending", &S::marks_before_sending,
                 "A row is marked as sent, and that is committed, before it is sent; false: behind "
                 "it.")
          .field("mark_time", &S::mark_time, Duration{0}, 1min,
                 "How long the update and its commit take.")
          .field("new_producer_each", &S::new_producer_each,
                 "For each row a new producer: it connects, asks for metadata, sends, waits and "
                 "closes. If it has to give up, the program ends until its next poll.")
          .field("waits_for_each", &S::waits_for_each, "For the acknowledgment of each row.")
          .field("send_timeout", &S::send_timeout, 1ms, 1h,
                 "How long a producer for one row has for it.")
          .field("rests_from", &S::rests_from, setting::optional(setting::time_of_day()),
                 "Time of day from which on it asks for no rows,")
          .field("rests_until", &S::rests_until, setting::optional(setting::time_of_day()),
                 "and to which; on the first day of the run.")
          .check([](const S& spec, FieldReport& report) {
            const bool both = spec.rests_from && spec.rests_until;
            if (both && *spec.rests_from < *spec.rests_until) return;
            if (spec.rests_from || spec.rests_until) {
              report.error("rests_from", tr("must be given with rests_until, and be before it"));
            }
          });
  return all;
}

const Settings<ProducerSpec>& ProducerSpec::settings() {
  using S = ProducerSpec;
  static const auto all =
      Settings<S>("Producer", "A program on a machine of its own that sends a source's rows.")
          .field("name", &S::name, machine_name(), "Its name, and that of its machine.")
          .required()
          .field("machine", &S::machine, machine_name(), "A name under hardware, or a profile.")
          .field("source", &S::source, machine_name(), "Where its records come from.")
          .required()
          .field("topic", &S::topic, topic_name(), "Where they go.")
          .required()
          .field("key", &S::key, machine_name(),
                 "The column of a file's rows that is the key; unset is no key. Drawn "
                 "records have the keys of their source.")
          .field("poll_interval", &S::poll_interval, 1ms, 1h, "How often it asks for new rows.")
          .field("query_time", &S::query_time, Duration{0}, 1min, "How long an answer takes.")
          .field("service_time", &S::service_time, Duration{0}, 1min, "Its own work for a row.")
          .field("transaction", &S::transaction, record<model::TransactionUse>(),
                 "How it uses transactions, if its config has a transactional.id.")
          .field("table", &S::table, record<TableSpec>(), "How it treats its rows.")
          .field("config", &S::config, record<model::ProducerConfig>(), "Producer properties.")
          .required()
          .named_by("name");
  return all;
}

const Settings<ConsumerActionSpec>& ConsumerActionSpec::settings() {
  using S = ConsumerActionSpec;
  using A = model::ConsumerAction;
  using What = A::What;
  static const auto all =
      Settings<S>("ConsumerAction", "What the application of a member does, beside reading.")
          .field("at", &S::action, &A::at, setting::duration(Duration{0}, longest_run),
                 "Since the start of the run; done before its next poll().")
          .required()
          .field("do", &S::action, &A::what,
                 names<What>({{"pause", What::pause},
                              {"resume", What::resume},
                              {"seek_to_beginning", What::seek_to_beginning},
                              {"seek_to_end", What::seek_to_end},
                              {"seek_to_offset", What::seek_to_offset},
                              {"seek_back", What::seek_back}}),
                 "pause: no record of these partitions is handed out until resume, or a rebalance "
                 "that gives them anew. The others: where it reads on.")
          .required()
          .field("member", &S::member, 0, 1000, "Which member, from 1; 0: all.")
          .field("partitions", &S::action, &A::partitions, list(text(260), 0, 10'000),
                 "As \"topic-0\"; empty: all that the member is assigned then.")
          .field("offset", &S::action, &A::offset, setting::integer64(0), "Of seek_to_offset.")
          .only_when([](const S& s) { return s.action.what == What::seek_to_offset; },
                     sentence("belongs to seek_to_offset, and to nothing else"))
          .field("back", &S::action, &A::back, setting::duration(Duration{0}, longest_run),
                 "Of seek_back: to what was written that long ago.")
          .only_when([](const S& s) { return s.action.what == What::seek_back; },
                     sentence("belongs to seek_back, and to nothing else"))
          .check([](const S& spec, FieldReport& report) {
            const What what = spec.action.what;
            if (what == What::seek_to_offset && !report.given("offset")) {
              report.error("offset", tr("is missing; seek_to_offset needs it"));
            }
            if (what == What::seek_back && !report.given("back")) {
              report.error("back", tr("is missing; seek_back needs it"));
            }
          });
  return all;
}

/// StreamsConfig: PRODUCER_DEFAULT_OVERRIDES, PRODUCER_EOS_OVERRIDES, DEFAULT_TRANSACTION_TIMEOUT.
model::ProducerConfig StreamSpec::producer_config(const std::string& transactional_id) const {
  model::ProducerConfig config;
  config.linger = 100ms;
  if (exactly_once()) {
    config.transactional_id = transactional_id;
    config.transaction_timeout = 10s;
    config.delivery_timeout = std::chrono::milliseconds(2'147'483'647);
  }
  return config;
}

const Settings<GroupBySpec>& GroupBySpec::settings() {
  using S = GroupBySpec;
  static const auto all =
      Settings<S>("GroupBy",
                  "As GROUP BY another column does: each record is sent on, with a new key and the "
                  "time stamp it has, to a repartition topic, and is counted from there.")
          .field("keys", &S::keys, 1, 100000,
                 "How many keys there are then; which one it is, a hash of the record's own key "
                 "decides.")
          .field(
              "topic", &S::topic, topic_name(),
              "The repartition topic: the second of the group's topics, with as many partitions.")
          .required();
  return all;
}

const Settings<StreamSpec>& StreamSpec::settings() {
  using S = StreamSpec;
  static const auto all =
      Settings<S>("Stream",
                  "An application of Kafka Streams, or a query of KSQL's: each member counts the "
                  "records of its partitions by key and window, keeps the counts in a store that "
                  "the changelog backs up, and produces what has changed when it commits.")
          .field("output", &S::output, topic_name(),
                 "Where its results go; as many partitions as its input.")
          .required()
          .field("changelog", &S::changelog, topic_name(),
                 "What its store is restored from; as many partitions.")
          .required()
          .field("group_by", &S::group_by, record<GroupBySpec>(),
                 "Counts by another key; unset: by the key that records have.")
          .field("window", &S::window, 1ms, longest_run,
                 "How long a window is; one begins where the one before ends.")
          .field("processing.guarantee", &S::guarantee,
                 names<S::Guarantee>({{"at_least_once", S::Guarantee::at_least_once},
                                      {"exactly_once_v2", S::Guarantee::exactly_once_v2}}),
                 "at_least_once: results are sent, then offsets are committed. exactly_once_v2: "
                 "both in one transaction.")
          .field("commit.interval.ms", &S::commit_interval, setting::optional(setting::millis(1)),
                 "How often it commits; unset: 30000, or 100 with exactly_once_v2.");
  return all;
}

const Settings<BatchSpec>& BatchSpec::settings() {
  using S = BatchSpec;
  static const auto all =
      Settings<S>("Batches",
                  "An application that works in batches: micro-batches as Spark's, or files in "
                  "HDFS or S3. It commits behind each.")
          .field("every", &S::every, 1ms, 24h, "It gathers records for so long.")
          .field("write_time", &S::write_time, Duration{0}, 1h,
                 "Work for a batch, beside service_time for each of its records.");
  return all;
}

const Settings<ConsumerSpec>& ConsumerSpec::settings() {
  using S = ConsumerSpec;
  static const auto all =
      Settings<S>("Consumer", "A consumer group: machines <group>-1 and on.")
          .field("group", &S::group, machine_name(), "Its group.id.")
          .required()
          .field("members", &S::members, 1, 1000, "How many consumers.")
          .field("machine", &S::machine, machine_name(), "A name under hardware, or a profile.")
          .field("topics", &S::topics, list(topic_name(), 1, 100), "What it subscribes to.")
          .required()
          .field("service_time", &S::service_time, Duration{0}, 1h, "Work for a record.")
          .field("commit", &S::commit,
                 names<CommitPoint>({{"after_batch", CommitPoint::after_batch},
                                     {"async_after_batch", CommitPoint::async_after_batch},
                                     {"never", CommitPoint::never}}),
                 "When it commits offsets, if enable.auto.commit is false: after each batch, "
                 "waiting (commitSync) or not (commitAsync, and commitSync at its end), or never.")
          .field("actions", &S::actions, list(record<ConsumerActionSpec>(), 0, 1000),
                 "What the application does at certain dates.")
          .field("stream", &S::stream, record<StreamSpec>(),
                 "Its members are stream processors; service_time is theirs for a record.")
          .field("batches", &S::batches, record<BatchSpec>(), "Its members work in batches.")
          .field("config", &S::config, record<model::ConsumerConfig>(), "Consumer properties.")
          .named_by("group")
          .check([](S& spec, FieldReport& report) {
            if (spec.stream) {
              // StreamsConfig.NON_CONFIGURABLE_CONSUMER_DEFAULT_CONFIGS
              spec.config.enable_auto_commit = false;
              if (spec.stream->exactly_once()) {
                spec.config.isolation_level = model::IsolationLevel::read_committed;
              }
              if (report.given("commit") || !spec.actions.empty() || spec.batches) {
                report.error("stream",
                             tr("commits by itself: leave out commit, actions and batches"));
              }
            }
            if (!spec.commit && !spec.config.enable_auto_commit) {
              spec.commit = CommitPoint::after_batch;
            }
            if (report.given("commit") && spec.config.enable_auto_commit) {
              report.error("commit",
                           tr("needs enable.auto.commit set to false; Kafka's default is true"));
            }
          });
  return all;
}

const Settings<BackgroundSpec>& BackgroundSpec::settings() {
  using S = BackgroundSpec;
  constexpr BytesPerSecond most = 10'000_MBps;
  static const auto all =
      Settings<S>("Background", "A program on a host beside those of the cluster: steady work.")
          .field("name", &S::name, machine_name(), "Its name.")
          .required()
          .field("cpu_share", &S::cpu_share, 0.0, 1.0, "Of all cores of the host.")
          .field("disk_reads", &S::disk_reads, BytesPerSecond(0), most,
                 "Reads of files that are not in memory.")
          .field("disk_writes", &S::disk_writes, BytesPerSecond(0), most,
                 "Writes through the page cache.")
          .field("disk", &S::disk, 1, 24, "On which of the disks, from 1.")
          .named_by("name")
          .check([](const S& program, FieldReport& report) {
            if (program.cpu_share > 0 || program.disk_reads > BytesPerSecond(0) ||
                program.disk_writes > BytesPerSecond(0)) {
              return;
            }
            report.error("cpu_share",
                         tr("one of cpu_share, disk_reads and disk_writes must be more than 0"));
          });
  return all;
}

const Settings<HostSpec>& HostSpec::settings() {
  using S = HostSpec;
  static const auto pattern =
      text(63, "[A-Za-z0-9*][A-Za-z0-9_*-]*",
           sentence("a name of letters, digits, - and _, with * for any text"));
  static const auto all =
      Settings<S>("Host",
                  "One computer for several processes: cores, memory, disks, network card, clock "
                  "and power are shared. Each process keeps an address of its own, as containers "
                  "do. What no host names has a machine to itself.")
          .field("name", &S::name, machine_name(), "Its name, for faults and the topology.")
          .required()
          .field("machine", &S::machine, machine_name(),
                 "A name under hardware, or a profile; that of its processes does not count.")
          .field("processes", &S::processes, list(pattern, 1, 1000),
                 "Who runs on it: names, or \"broker-*\" for all whose names begin so.")
          .required()
          .field("background", &S::background, list(record<BackgroundSpec>(), 0, 100),
                 "Other programs on it.")
          .named_by("name");
  return all;
}

const Settings<AvailabilityWithin>& AvailabilityWithin::settings() {
  using S = AvailabilityWithin;
  static const auto all =
      Settings<S>("Availability",
                  "Limits for every partition by itself. A partition is available for produce (for "
                  "fetch) at an instant when such a request, sent then, would be answered without "
                  "an error and without anything having to change first: no process has to start "
                  "or to wake, no path to heal, no leader or ISR to change. The produce has the "
                  "strictest acks that a producer of the topic asks for (all when it has none). "
                  "Who sends it knows who leads, and sits on any machine of the topic's producers "
                  "(consumers) that is up. The leader is the one that the controller elected last, "
                  "once it leads: a deposed one does not count. With acks=all the ISR must not be "
                  "below min.insync.replicas, and every follower that the high watermark waits for "
                  "must be up, reach the leader, follow it in its epoch and have caught up with it "
                  "since. How long the work takes is not asked. Nothing counts before a partition "
                  "was available for the first time.")
          .field("topic", &S::topic, topic_name(), "Whose partitions; unset is all topics.")
          .field("of", &S::of,
                 names<RequestSide>(
                     {{"produce", RequestSide::produce}, {"fetch", RequestSide::fetch}}),
                 "For which request.")
          .field("longest_below", &S::longest, setting::duration(1ns, longest_run),
                 "The longest outage is shorter.")
          .field("total_below", &S::total, setting::duration(1ns, longest_run),
                 "All outages of a partition together are shorter.")
          .field("times_at_most", &S::times, setting::integer(0),
                 "A partition has no more outages.")
          .check([](const S& spec, FieldReport& report) {
            if (spec.longest || spec.total || spec.times) return;
            report.error("longest_below",
                         tr("one of longest_below, total_below and times_at_most must be given"));
          });
  return all;
}

const Settings<FigureWithin>& FigureWithin::settings() {
  using S = FigureWithin;
  static const auto all =
      Settings<S>("Figure", "Limits for a number of the report.")
          .field("of", &S::of, any_text(200),
                 "Where it stands in the report as JSON, elements of lists by their names: "
                 "\"groups.nifi.most_lag\", \"latency.end_to_end.p99_ms\". true is 1, false 0.")
          .required()
          .field("at_least", &S::at_least, setting::real(-1e300, 1e300), "It is not below.")
          .field("at_most", &S::at_most, setting::real(-1e300, 1e300), "It is not above.")
          .check([](const S& spec, FieldReport& report) {
            if (spec.at_least || spec.at_most) return;
            report.error("at_least", tr("one of at_least and at_most must be given"));
          });
  return all;
}

const Settings<Expectation>& Expectation::settings() {
  using E = Expectation;
  static const auto all =
      Settings<E>("Expectation", "What the verdict is about, beside the invariants.")
          .choice(sentence("an expectation"))
          .alternative("no_acknowledged_record_lost", &E::what, &NoAcknowledgedRecordLost::wanted,
                       setting::boolean(), "Whatever a producer was told is stored, is.")
          .alternative("unavailability_below", &E::what, &UnavailabilityBelow::limit,
                       setting::duration(1ms, longest_run),
                       "The longest time a partition was not available for produce (see "
                       "Availability).")
          .alternative("fetch_unavailability_below", &E::what, &FetchUnavailabilityBelow::limit,
                       setting::duration(1ms, longest_run), "The same for fetch.")
          .alternative<AvailabilityWithin>("availability", &E::what,
                                           "Limits for outages, of a topic's partitions perhaps.")
          .alternative("all_records_consumed", &E::what, &AllRecordsConsumed::wanted,
                       setting::boolean(),
                       "At the end every group has read every acknowledged record of its topics "
                       "that is not lost.")
          .alternative<FigureWithin>("figure", &E::what, "A number of the report.");
  return all;
}

const Settings<RecordingSpec>& RecordingSpec::settings() {
  using S = RecordingSpec;
  using L = recording::Level;
  static const auto all =
      Settings<S>("Recording", "What a recording of the run keeps. It never changes the run.")
          .field("level", &S::level,
                 names<L>({{"all", L::all},
                           {"sampled", L::sampled},
                           {"control", L::control},
                           {"none", L::none}}),
                 "Every message and event; a sample of requests and details; no request, only "
                 "faults, control events and what led to them; or the verdict alone.")
          .field("sample", &S::sample, setting::integer64(1, 1'000'000),
                 "At level sampled: one request in so many, with its response, and one chain of "
                 "detail events in so many.")
          .field("from", &S::from, setting::duration(0s, longest_run),
                 "A window in which everything is kept begins; unset is the start, with until.")
          .field("until", &S::until, setting::duration(1ns, longest_run),
                 "The window ends; unset is the end of the run, with from.")
          .check([](S& spec, FieldReport& report) {
            if (spec.from && spec.until && *spec.from >= *spec.until) {
              report.error("from", tr("must be before until, {}", to_text(*spec.until)));
            }
            if (spec.level == L::none && (spec.from || spec.until)) {
              report.error("level",
                           tr("keeps nothing, so there is no window: leave out from and until, or "
                              "choose control"));
            }
          });
  return all;
}

const Settings<Scenario>& Scenario::settings() {
  using S = Scenario;
  static const auto all =
      Settings<S>("Scenario", "One experiment: cluster, clients, load, faults, expectations.")
          .field("$schema", &S::editor_schema, text(1000), "Where the schema is, for editors.")
          .field("name", &S::name, machine_name(), "A short name.")
          .required()
          .field("title", &S::title, record<LocalText>(), "One line for people.")
          .field("story", &S::story, record<LocalText>(), "What happens and why it matters.")
          .field("lesson", &S::lesson, record<LessonSpec>(),
                 "Of a scenario of the library: its place in the catalogue, and what proves it.")
          .field("notes", &S::notes, any_text(), "For the reader of the file.")
          .field("starts_at", &S::starts_at, setting::time_of_day(), "Time of day at 0s.")
          .field("duration", &S::duration, 1ms, longest_run, "Simulated time.")
          .required()
          .field("seed", &S::seed, setting::integer64(0), "Of all chance in the run.")
          .field("hardware", &S::hardware, setting::map(record<sim::MachineConfig>()),
                 "Kinds of machines, by name.")
          .field("network", &S::network, record<sim::NetworkConfig>(), "Between all machines.")
          .field("topology", &S::topology, record<sim::TopologyConfig>(),
                 "Racks, zones and data centres; unset is one switch that never blocks.")
          .field("zookeeper", &S::zookeeper, record<ZooKeeperSpec>(), "The ensemble.")
          .field("brokers", &S::brokers, setting::one_or_list(record<BrokersSpec>(), 100),
                 "The Kafka cluster: brokers that are alike, or a list of groups of such, whose "
                 "numbers go on from group to group.")
          .required()
          .field("topics", &S::topics, list(record<TopicSpec>(), 1, 1000), "Topics.")
          .required()
          .field("sources", &S::sources, list(record<SourceSpec>(), 0, 1000), "Sources.")
          .field("producers", &S::producers, list(record<ProducerSpec>(), 0, 1000), "Producers.")
          .field("consumers", &S::consumers, list(record<ConsumerSpec>(), 0, 100), "Groups.")
          .field("hosts", &S::hosts, list(record<HostSpec>(), 0, 1000),
                 "Computers that several processes share.")
          .field("quotas", &S::quotas, list(record<model::ClientQuota>(), 0, 1000),
                 "What brokers allow clients.")
          .field("faults", &S::faults, list(record<Fault>(), 0, 1000), "Faults.")
          .field("operations", &S::operations, list(record<Operation>(), 0, 1000),
                 "What an operator does while it runs.")
          .field("expect", &S::expect, list(record<Expectation>(), 0, 100), "Expectations.")
          .field("recording", &S::recording, record<RecordingSpec>(), "The recording.");
  return all;
}

}  // namespace brokerlab::scenarios
