// RecordBook: every record that was sent: what it was, what became of it, who has read it.
//
// Kept by runs of numbers: what goes the same way together is one entry, and what nobody will ask
// after any more is forgotten, so that memory goes with what is under way and not with what has
// been. Records with bytes of their own keep them: what is read is told apart by its bytes. A
// phantom batch is known by its seed.
//
// Lifetime: part of a Ledger. Threads: none.
#pragma once

#include "base/packed_range_map.h"
#include "base/units.h"
#include "model/observer.h"

#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace brokerlab::scenarios {

class RecordBook {
 public:
  /// Groups are told apart by a bit; at most 64.
  using Groups = std::uint64_t;

  /// Where a producer's records go, and who reads there: what all of these have read is forgotten.
  void declare_producer(int producer, Groups readers) { books_[producer].readers = readers; }

  void add(const model::SentRecords& sent, Time now);
  /// A batch as it is sent, before anybody reads of it.
  void add_batch(const log::PhantomBatch& batch, const std::vector<model::RecordRun>& records);

  // --- Waiting for its fate ---

  /// When the first of some records was wanted, and sent; the next was wanted `step` later.
  struct Sent {
    Time intended;
    Duration step{0};
    Time sent;
    Sent after(std::int64_t n) const { return {intended + step * n, step, sent}; }
  };
  /// They wait no more. Calls `f(count, Sent of the first)` for each piece of them. None of them
  /// may have been ended before.
  template <class F>
  void end_waiting(const model::RecordRun& run, F f) {
    RangeMap<Sent>& waiting = books_[run.producer].waiting;
    std::int64_t ended = 0;
    waiting.for_each(run.first, run.end(),
                     [&](std::int64_t begin, std::int64_t end, const Sent& sent) {
                       f(end - begin, sent);
                       ended += end - begin;
                     });
    ENSURE(ended == run.count, "records met their fate that were not under way");
    waiting.erase(run.first, run.end());
  }
  void note_failed(const model::RecordRun& run) {
    books_[run.producer].failed.add(run.first, run.end());
  }
  std::int64_t failed_among(const model::RecordRun& run) const;
  /// Since when the record waits that has waited longest; nothing when none waits.
  std::optional<Time> oldest_waiting() const;
  /// The number of the first record from `from` on that waits; RangeMap's no_end when none does.
  std::int64_t first_waiting(int producer, std::int64_t from) const;
  void add_waiting_to(NumberSet& numbers, int producer) const;
  std::int64_t sent_by(int producer) const;

  // --- Who has read it ---

  struct Read {
    std::int64_t by_nobody_before = 0;
    std::int64_t again = 0;  ///< By this group.
  };
  /// Calls `f(count, Sent of the first)` for each piece that the group reads for the first time.
  template <class F>
  Read read(const model::RecordRun& run, Groups group, F f) {
    Book& book = books_[run.producer];
    Read read;
    std::vector<Piece> fresh;
    book.read_by.for_each(run.first, run.end(),
                          [&](std::int64_t begin, std::int64_t end, Groups by) {
                            if ((by & group) != 0) {
                              read.again += end - begin;
                            } else {
                              fresh.push_back({begin, end, by | group});
                            }
                          });
    book.read_by.for_each_gap(run.first, run.end(), [&](std::int64_t begin, std::int64_t end) {
      fresh.push_back({begin, end, group});
      read.by_nobody_before += end - begin;
    });
    for (const Piece& piece : fresh) {
      book.intended.for_each(
          piece.begin, piece.end,
          [&f](std::int64_t begin, std::int64_t end, const Sent& sent) { f(end - begin, sent); });
      book.read_by.assign(piece.begin, piece.end, piece.by);
      if ((piece.by & book.readers) == book.readers) book.intended.erase(piece.begin, piece.end);
    }
    return read;
  }
  /// Calls `f(begin, end)` for the numbers among them that the group has not read.
  template <class F>
  void for_each_unread(const model::RecordRun& run, Groups group, F f) const {
    const auto book = books_.find(run.producer);
    if (book == books_.end()) return;
    std::int64_t from = run.first;
    book->second.read_by.for_each(run.first, run.end(),
                                  [&](std::int64_t begin, std::int64_t end, Groups by) {
                                    if ((by & group) == 0) return;
                                    if (from < begin) f(from, begin);
                                    from = end;
                                  });
    if (from < run.end()) f(from, run.end());
  }
  bool has_read(model::RecordRef record, Groups group) const;

  // --- What it was ---

  /// The records that have these bytes: mostly one, and none when nobody sent them.
  std::vector<model::RecordRef> with_bytes(log::ByteView value) const;
  bool has_bytes(model::RecordRef record, log::ByteView value) const;
  /// Records of a phantom batch, from the `index`-th on; none when nobody sent such a batch.
  std::vector<model::RecordRun> of_batch(const log::PhantomBatch& batch, std::int64_t index,
                                         std::int64_t count) const;
  /// Whether a batch is, but for what its leader gave it, one that was sent.
  bool was_sent(const log::PhantomBatch& batch) const;
  bool is_phantom(model::RecordRef record) const;
  /// The record as people know it: "id 17" where its bytes say so, else "1/17" by
  /// producer and number, with the partition between them where there are keys.
  std::string label_of(model::RecordRef record) const;

 private:
  struct Piece {
    std::int64_t begin, end;
    Groups by;
  };
  struct Book {
    Groups readers = 0;
    std::int64_t sent = 0;
    RangeMap<Sent> waiting;
    RangeMap<Sent> intended;  ///< Of what somebody has still to read.
    RangeMap<Groups> read_by;
    NumberSet failed;
    std::vector<log::ByteVector> values;  ///< Of records with bytes, by number.
  };
  struct Batch {
    std::int32_t payload_size = 0;
    std::int32_t record_count = 0;
    model::RecordRef first;  ///< Of its records, which are a run; else number -1.

    static constexpr std::size_t words = 4;
    void to_words(std::uint64_t* to) const;
    static Batch from_words(const std::uint64_t* from);
  };
  std::optional<Batch> find(const log::PhantomBatch& batch) const;
  const log::ByteVector* value_of(model::RecordRef record) const;

  std::map<int, Book> books_;                                                 ///< By producer.
  std::unordered_map<std::uint64_t, std::vector<model::RecordRef>> by_hash_;  ///< Looked up only.
  /// By seed, the upper half and the lower: a producer counts there. Looked up only, both.
  std::unordered_map<std::uint64_t, PackedRangeMap<Batch>> batches_;
  std::unordered_map<std::uint64_t, std::vector<model::RecordRun>> in_pieces_;
  mutable std::optional<Batch> found_;  ///< The one that was asked for last: it is asked for again.
  mutable std::uint64_t found_seed_ = 0;
};

}  // namespace brokerlab::scenarios
