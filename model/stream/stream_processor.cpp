#include "model/stream/stream_processor.h"

#include "base/integer_text.h"
#include "model/client/partitioner.h"
#include "model/events.h"

#include <algorithm>
#include <set>

namespace brokerlab::model {

namespace {

/// StreamsConfig.POLL_MS_CONFIG.
constexpr Duration poll_time = 100ms;

log::ByteVector bytes_of(const std::string& text) {
  log::ByteVector bytes;
  for (const char one : text) bytes.push_back(static_cast<std::byte>(one));
  return bytes;
}

std::string text_of(const log::ByteVector& bytes) {
  std::string text;
  for (const std::byte one : bytes) text += static_cast<char>(one);
  return text;
}

/// The key that records are grouped by: which of so many goes by the key that they have.
std::string group_of(const log::ByteVector& key, int keys) {
  const auto hash = static_cast<std::uint32_t>(murmur2(key)) & 0x7fff'ffffU;
  return fmt::format("group-{}", hash % static_cast<std::uint32_t>(keys));
}

/// A consumer of changelogs: no group, from the beginning.
ConsumerSetup of_changelogs(const StreamSetup& setup, const char* suffix) {
  ConsumerSetup all = setup.consumer;
  all.client_id += suffix;
  all.group.clear();
  all.topics = {setup.changelog};
  all.config.auto_offset_reset = AutoOffsetReset::earliest;
  all.config.group_instance_id.reset();
  return all;
}

ConsumerSetup restoring(const StreamSetup& setup) {
  return of_changelogs(setup, "-restore-consumer");
}

/// Of transactions that are under way, too: the restore waits for them.
ConsumerSetup asking_for_ends(const StreamSetup& setup) {
  ConsumerSetup all = of_changelogs(setup, "-admin");
  all.config.isolation_level = IsolationLevel::read_uncommitted;
  return all;
}

}  // namespace

StreamProcessor::StreamProcessor(sim::Process& process, StreamSetup setup, std::int64_t& numbers,
                                 ClusterContext& context)
    : process_(process),
      setup_(std::move(setup)),
      numbers_(numbers),
      context_(context),
      consumer_(process, setup_.consumer, context),
      restorer_(process, restoring(setup_), context),
      admin_(process, asking_for_ends(setup_), context),
      producer_(process, setup_.producer, context),
      store_(setup_.window) {
  process_.spawn(run());
}

const std::string& StreamProcessor::counted_topic() const {
  return setup_.repartition.empty() ? setup_.consumer.topics.front() : setup_.repartition;
}

bool StreamProcessor::has_work() const {
  return std::any_of(progress_.begin(), progress_.end(),
                     [](const auto& one) { return one.second.next > one.second.committed; });
}

sim::Task<bool> StreamProcessor::begin_transactions() {
  while (exactly_once() && !producer_.failed()) {
    const ErrorCode error = co_await producer_.init_transactions();
    if (error == ErrorCode::none) break;
  }
  co_return !producer_.failed();
}

/// StreamThread.runOnce: poll, process, commit when it is time.
sim::Task<> StreamProcessor::run() {
  sim::World& world = process_.world();
  const bool ready = co_await begin_transactions();
  if (!ready) {
    co_await end_fenced();
    co_return;
  }
  next_commit_ = world.now() + setup_.commit_interval;
  while (!stopping_) {
    const Time deadline = std::min(world.now() + poll_time, next_commit_);
    const Result<std::vector<ConsumedRecord>, ConsumerFailure> records =
        co_await consumer_.poll(deadline);
    if (!records) {
      co_await end({records.error().exception, records.error().exception});
      co_return;
    }
    if (consumer_.generation() != generation_) {
      co_await start_over(*records);
      continue;
    }
    for (const ConsumedRecord& record : *records) {
      const bool done = co_await process(record);
      if (done) continue;
      co_await end_fenced();
      co_return;
    }
    if (world.now() < next_commit_ && !stopping_) continue;
    next_commit_ = world.now() + setup_.commit_interval;
    const Outcome outcome = co_await commit();
    if (outcome == Outcome::ended) co_return;
    if (outcome == Outcome::redo) co_await start_over({});
  }
  if (has_work()) (void)co_await commit();
  co_await end({"stopped", "정지 요청"});
}

bool StreamProcessor::in_transaction() {
  if (!exactly_once() || in_transaction_) return true;
  in_transaction_ = producer_.begin_transaction() == ErrorCode::none;
  return in_transaction_;
}

sim::Task<bool> StreamProcessor::process(const ConsumedRecord& record) {
  co_await work_through(process_.world(), context_.observer, setup_.consumer.client_id, record,
                        setup_.service_time);
  if (record.partition.topic != counted_topic()) {
    const bool sent = co_await send_on(record);
    if (!sent) co_return false;
  } else {
    store_.add(record.partition.partition, record.timestamp,
               record.key ? text_of(*record.key) : std::string(), record.count);
  }
  Progress& progress = progress_[record.partition];
  if (progress.committed == log::no_offset) progress.committed = record.offset;
  progress.next = record.offset + record.count;
  co_return true;
}

sim::Task<bool> StreamProcessor::send_on(const ConsumedRecord& record) {
  if (!in_transaction()) co_return false;
  ProducerRecord on;
  on.topic = setup_.repartition;
  on.timestamp = record.timestamp;
  const std::string key = group_of(record.key.value_or(log::ByteVector()), setup_.repartition_keys);
  const std::string value =
      fmt::format("{{\"of\":\"{}\",\"offset\":{}", record.partition.name(), record.offset);
  const RecordRef ref = co_await send(std::move(on), key, value);
  setup_.on_derived({record.partition, record.offset, record.offset + record.count, ref});
  co_return true;
}

// --- Results and commits ---

sim::Task<RecordRef> StreamProcessor::send(ProducerRecord record, const std::string& key,
                                           const std::string& value) {
  record.ref = {setup_.producer_number, numbers_++};
  record.intended = process_.world().now();
  record.key = bytes_of(key);
  // No two records are the same: who reads them is told apart by their bytes.
  record.value = bytes_of(value + fmt::format(",\"by\":\"{}\",\"n\":{}}}",
                                              setup_.consumer.client_id, record.ref.number));
  const RecordRef ref = record.ref;
  co_await producer_.send(std::move(record));
  co_return ref;
}

sim::Task<RecordRef> StreamProcessor::send_to(const std::string& topic, int partition,
                                              const std::string& key, const std::string& value) {
  ProducerRecord record;
  record.topic = topic;
  record.partition = partition;
  const RecordRef ref = co_await send(std::move(record), key, value);
  co_return ref;
}

sim::Task<> StreamProcessor::send_changes(int partition, const Progress& progress) {
  RecordRef last;
  const std::vector<WindowStore::Change> changes = store_.take_changes(partition);
  for (const WindowStore::Change& change : changes) {
    const std::string key = change.of.text();
    const std::string value = fmt::format("{{\"count\":{}", change.count);
    co_await send_to(setup_.changelog, partition, key, value);
    last = co_await send_to(setup_.output, partition, key, value);
  }
  if (changes.empty()) co_return;
  const TopicPartition input{counted_topic(), partition};
  setup_.on_derived({input, progress.committed, progress.next, last});
}

GroupOffsets StreamProcessor::offsets() const {
  GroupOffsets all;
  all.group = setup_.consumer.group;
  all.member_id = consumer_.member_id();
  all.generation = consumer_.generation();
  for (const auto& [partition, progress] : progress_) {
    if (progress.next > progress.committed) all.offsets.push_back({partition, progress.next});
  }
  return all;
}

/// StreamsProducer.commitTransaction.
sim::Task<bool> StreamProcessor::commit_transaction() {
  in_transaction_ = false;
  ErrorCode error = co_await producer_.send_offsets(offsets());
  while (error == ErrorCode::none) {
    error = co_await producer_.commit_transaction();
    if (error == ErrorCode::none) co_return true;
    if (error == ErrorCode::request_timed_out && producer_.call_under_way()) {
      error = ErrorCode::none;
    }
  }
  process_.world().trace().record(events::transaction_aborted, {.machine = process_.machine().id()},
                                  {{"error", std::string(to_text(error))}});
  if (!producer_.failed()) (void)co_await producer_.abort_transaction();
  co_return false;
}

/// TaskExecutor.commitOffsetsOrTransaction.
sim::Task<StreamProcessor::Outcome> StreamProcessor::commit() {
  if (!has_work()) co_return Outcome::done;
  // Who is about to rebalance has lost its positions: nothing of it can be committed.
  if (consumer_.generation() != generation_ || consumer_.assignment().empty()) {
    co_return Outcome::redo;
  }
  if (!in_transaction()) {
    co_await end_fenced();
    co_return Outcome::ended;
  }
  for (const auto& [partition, progress] : progress_) {
    if (progress.next > progress.committed && partition.topic == counted_topic()) {
      co_await send_changes(partition.partition, progress);
    }
  }
  if (exactly_once()) {
    const bool committed = co_await commit_transaction();
    if (!committed && producer_.failed()) {
      co_await end_fenced();
      co_return Outcome::ended;
    }
    if (!committed) co_return Outcome::redo;
  } else {
    co_await producer_.flush();
    if (producer_.counters().records_failed > 0) {
      co_await end({"a result could not be written", "결과를 쓸 수 없음"});
      co_return Outcome::ended;
    }
    const ErrorCode error = co_await consumer_.commit();
    if (error != ErrorCode::none) co_return Outcome::redo;
  }
  for (auto& [partition, progress] : progress_) progress.committed = progress.next;
  co_return Outcome::done;
}

// --- What was not committed, and what was kept ---

/// What poll() has just handed out is read again as well.
sim::Task<> StreamProcessor::start_over(const std::vector<ConsumedRecord>& unread) {
  generation_ = consumer_.generation();
  if (in_transaction_ && !producer_.failed()) (void)co_await producer_.abort_transaction();
  in_transaction_ = false;
  std::map<TopicPartition, Offset> from;
  for (const auto& [partition, progress] : progress_) {
    if (progress.next > progress.committed) from[partition] = progress.committed;
  }
  for (const ConsumedRecord& record : unread) from.try_emplace(record.partition, record.offset);
  std::set<int> assigned;
  for (const TopicPartition& partition : consumer_.assignment()) {
    if (partition.topic == counted_topic()) assigned.insert(partition.partition);
    const auto begin = from.find(partition);
    if (begin != from.end()) consumer_.seek(partition, begin->second);
  }
  for (const auto& [partition, progress] : progress_) store_.forget(partition.partition);
  progress_.clear();
  co_await restore({assigned.begin(), assigned.end()});
}

/// StoreChangelogReader.endOffsetForChangelogs. A leader that does not know yet what is committed
/// refuses to tell (OFFSET_NOT_AVAILABLE, KIP-207), where its fetches tell a high watermark that is
/// too low.
sim::Task<std::map<TopicPartition, Offset>> StreamProcessor::ends_of(
    std::vector<TopicPartition> changelogs) {
  std::map<TopicPartition, Offset> ends;
  admin_.assign(changelogs);
  for (const TopicPartition& one : changelogs) admin_.seek_by_time(one, latest_timestamp);
  while (!stopping_ && ends.size() < changelogs.size()) {
    const Result<std::vector<ConsumedRecord>, ConsumerFailure> polled =
        co_await admin_.poll(process_.world().now() + poll_time);
    if (!polled) break;
    for (const TopicPartition& one : changelogs) {
      const Offset end = admin_.position(one);
      if (end != log::no_offset) ends.try_emplace(one, end);
    }
  }
  admin_.assign({});
  if (ends.size() < changelogs.size()) ends.clear();
  co_return ends;
}

/// StoreChangelogReader.restore.
sim::Task<> StreamProcessor::restore(const std::vector<int>& partitions) {
  std::vector<TopicPartition> changelogs;
  for (const int partition : partitions) {
    store_.forget(partition);
    changelogs.push_back({setup_.changelog, partition});
  }
  if (changelogs.empty()) co_return;
  const int generation = consumer_.generation();
  const std::map<TopicPartition, Offset> ends = co_await ends_of(changelogs);
  if (ends.empty()) co_return;
  restorer_.assign(changelogs);
  const auto is_behind = [&](const TopicPartition& partition) {
    return restorer_.position(partition) < ends.at(partition);
  };
  while (!stopping_ && std::any_of(changelogs.begin(), changelogs.end(), is_behind)) {
    const Result<std::vector<ConsumedRecord>, ConsumerFailure> records =
        co_await restorer_.poll(process_.world().now() + poll_time);
    if (!records) break;
    for (const ConsumedRecord& record : *records) {
      if (!record.key) continue;
      std::optional<WindowKey> of = WindowKey::parse(text_of(*record.key));
      const std::string value = text_of(record.value);
      const std::size_t colon = value.find(':');
      const auto count = parse_integer<std::int64_t>(
          std::string_view(value).substr(colon + 1, value.find(',') - colon - 1));
      if (of && count) store_.restore(record.partition.partition, std::move(*of), *count);
    }
    if (consumer_.generation() != generation) break;  // run() begins anew
  }
}

sim::Task<> StreamProcessor::end_fenced() {
  co_await end({"fenced off from its transactional.id", "자기 transactional.id에서 차단됨"});
}

sim::Task<> StreamProcessor::end(Phrase why) {
  co_await producer_.close(process_.world().now() + 30s);
  co_await consumer_.close();
  process_.exit(why);
}

void StreamProcessor::terminate(sim::Process&) { stopping_ = true; }

}  // namespace brokerlab::model
