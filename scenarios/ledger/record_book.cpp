#include "scenarios/ledger/record_book.h"

#include "scenarios/ledger/record_bytes.h"

#include <fmt/format.h>

#include <algorithm>

namespace brokerlab::scenarios {

using model::RecordRef;
using model::RecordRun;

void RecordBook::add(const model::SentRecords& sent, Time now) {
  const RecordRun& run = sent.run;
  Book& book = books_[run.producer];
  book.sent += run.count;
  const Duration step =
      run.count == 1 ? Duration{0} : (sent.intended_last - sent.intended_first) / (run.count - 1);
  const Sent first{sent.intended_first, step, now};
  book.waiting.assign(run.first, run.end(), first);
  if (book.readers != 0) book.intended.assign(run.first, run.end(), first);
  if (sent.value.empty()) return;
  const auto number = static_cast<std::size_t>(run.first);
  if (book.values.size() <= number) book.values.resize(number + 1);
  book.values[number].assign(sent.value.begin(), sent.value.end());
  by_hash_[content_hash(sent.value)].push_back(run.front());
}

void RecordBook::add_batch(const log::PhantomBatch& batch, const std::vector<RecordRun>& records) {
  PackedRangeMap<Batch>& batches = batches_[batch.seed >> 32];
  const auto number = static_cast<std::int64_t>(batch.seed & 0xFFFFFFFF);
  if (batches.contains(number)) return;
  const bool is_run = records.size() == 1 && records.front().count == batch.record_count;
  if (!is_run) in_pieces_[batch.seed] = records;
  batches.assign(number, number + 1,
                 {batch.payload_size, batch.record_count,
                  is_run ? records.front().front() : RecordRef{0, -1}});
}

void RecordBook::Batch::to_words(std::uint64_t* to) const {
  to[0] = static_cast<std::uint64_t>(payload_size);
  to[1] = static_cast<std::uint64_t>(record_count);
  to[2] = static_cast<std::uint64_t>(first.producer);
  to[3] = static_cast<std::uint64_t>(first.number);
}

RecordBook::Batch RecordBook::Batch::from_words(const std::uint64_t* from) {
  return {static_cast<std::int32_t>(from[0]),
          static_cast<std::int32_t>(from[1]),
          {static_cast<int>(from[2]), static_cast<std::int64_t>(from[3])}};
}

std::optional<RecordBook::Batch> RecordBook::find(const log::PhantomBatch& batch) const {
  if (!found_ || found_seed_ != batch.seed) {
    const auto batches = batches_.find(batch.seed >> 32);
    if (batches == batches_.end()) return std::nullopt;
    found_ = batches->second.at(static_cast<std::int64_t>(batch.seed & 0xFFFFFFFF));
    found_seed_ = batch.seed;
  }
  return found_;
}

std::int64_t RecordBook::failed_among(const RecordRun& run) const {
  const auto book = books_.find(run.producer);
  return book == books_.end() ? 0 : book->second.failed.count(run.first, run.end());
}

std::optional<Time> RecordBook::oldest_waiting() const {
  std::optional<Time> oldest;
  for (const auto& [producer, book] : books_) {
    book.waiting.for_each([&oldest](std::int64_t, std::int64_t, const Sent& sent) {
      if (!oldest || sent.sent < *oldest) oldest = sent.sent;
    });
  }
  return oldest;
}

void RecordBook::add_waiting_to(NumberSet& numbers, int producer) const {
  const auto book = books_.find(producer);
  if (book == books_.end()) return;
  book->second.waiting.for_each(
      [&](std::int64_t begin, std::int64_t end, const Sent&) { numbers.add(begin, end); });
}

std::int64_t RecordBook::first_waiting(int producer, std::int64_t from) const {
  std::int64_t first = RangeMap<Sent>::no_end;
  const auto book = books_.find(producer);
  if (book == books_.end()) return first;
  book->second.waiting.for_each(from, RangeMap<Sent>::no_end,
                                [&first](std::int64_t begin, std::int64_t, const Sent&) {
                                  first = begin;
                                  return false;
                                });
  return first;
}

std::int64_t RecordBook::sent_by(int producer) const {
  const auto book = books_.find(producer);
  return book == books_.end() ? 0 : book->second.sent;
}

bool RecordBook::has_read(RecordRef record, Groups group) const {
  const auto book = books_.find(record.producer);
  return book != books_.end() && (book->second.read_by.at(record.number).value_or(0) & group) != 0;
}

const log::ByteVector* RecordBook::value_of(RecordRef record) const {
  const auto book = books_.find(record.producer);
  if (book == books_.end()) return nullptr;
  const auto number = static_cast<std::size_t>(record.number);
  const std::vector<log::ByteVector>& values = book->second.values;
  return number < values.size() && !values[number].empty() ? &values[number] : nullptr;
}

std::vector<RecordRef> RecordBook::with_bytes(log::ByteView value) const {
  std::vector<RecordRef> found;
  const auto candidates = by_hash_.find(content_hash(value));
  if (candidates == by_hash_.end()) return found;
  for (const RecordRef candidate : candidates->second) {
    if (has_bytes(candidate, value)) found.push_back(candidate);
  }
  return found;
}

bool RecordBook::has_bytes(RecordRef record, log::ByteView value) const {
  const log::ByteVector* own = value_of(record);
  return own != nullptr && same_bytes(*own, value);
}

std::vector<RecordRun> RecordBook::of_batch(const log::PhantomBatch& batch, std::int64_t index,
                                            std::int64_t count) const {
  std::vector<RecordRun> found;
  const auto sent = find(batch);
  if (!sent) return found;
  const auto add = [&](const RecordRun& run) {
    const std::int64_t from = std::clamp<std::int64_t>(index, 0, run.count);
    const std::int64_t to = std::clamp<std::int64_t>(index + count, 0, run.count);
    if (from < to) found.push_back({run.producer, run.first + from, to - from});
    index -= run.count;
  };
  if (sent->first.number >= 0) {
    add({sent->first.producer, sent->first.number, sent->record_count});
  } else {
    for (const RecordRun& run : in_pieces_.at(batch.seed)) add(run);
  }
  return found;
}

bool RecordBook::was_sent(const log::PhantomBatch& batch) const {
  const auto sent = find(batch);
  // A leader that compresses otherwise makes it another size, and says so by the codec.
  return sent && sent->record_count == batch.record_count &&
         (sent->payload_size == batch.payload_size || batch.codec != log::Codec::none);
}

bool RecordBook::is_phantom(RecordRef record) const { return value_of(record) == nullptr; }

std::string RecordBook::label_of(RecordRef record) const {
  const log::ByteVector* value = value_of(record);
  const std::string_view text = value == nullptr ? std::string_view() : log::as_text(*value);
  const std::string_view key = "\"id\": ";
  const std::size_t at = text.find(key);
  if (at == std::string_view::npos) {
    const std::int64_t lane = record.number >> model::lane_shift;
    const std::int64_t number = record.number - (lane << model::lane_shift);
    return lane == 0 ? fmt::format("{}/{}", record.producer, number)
                     : fmt::format("{}/{}/{}", record.producer, lane - 1, number);
  }
  const std::size_t end = text.find_first_of(",}", at);
  return "id " + std::string(text.substr(at + key.size(), end - at - key.size()));
}

}  // namespace brokerlab::scenarios
