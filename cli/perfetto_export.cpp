#include "cli/perfetto_export.h"

#include "base/json_text.h"
#include "cli/perfetto_writer.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <deque>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>
#include <vector>

namespace brokerlab::cli {
namespace {

using Rows = recording::Rows;

constexpr std::int64_t out_lanes_order = 1'000;
constexpr std::int64_t in_lanes_order = 2'000;

bool is_response(std::string_view kind) { return kind.ends_with(" response"); }

/// A set of exchanges, one bit each.
class Exchanges {
 public:
  void insert(std::int64_t exchange) {
    if (exchange < 0) return;
    const auto at = static_cast<std::size_t>(exchange);
    if (at >= bits_.size()) bits_.resize(std::max(at + 1, 2 * bits_.size()));
    bits_[at] = true;
  }
  bool contains(std::int64_t exchange) const {
    return exchange >= 0 && static_cast<std::size_t>(exchange) < bits_.size() &&
           bits_[static_cast<std::size_t>(exchange)];
  }

 private:
  std::vector<bool> bits_;
};

struct Message {
  std::int64_t id = 0;
  std::int64_t sent = 0;
  std::optional<std::int64_t> arrived;
  std::int64_t source = 0;
  std::int64_t destination = 0;
  std::string kind;
  std::int64_t bytes = 0;
  std::int64_t exchange = -1;
};

/// Messages one after another, the next one already read.
class Messages {
 public:
  explicit Messages(Rows::Cursor cursor) : cursor_(std::move(cursor)) { advance(); }

  const std::optional<Message>& head() const { return head_; }
  void advance() {
    if (!cursor_.next()) {
      head_.reset();
      return;
    }
    Message& next = head_.emplace();
    next.id = cursor_.integer(0);
    next.sent = cursor_.integer(1);
    next.arrived = cursor_.maybe_integer(2);
    next.source = cursor_.integer(3);
    next.destination = cursor_.integer(4);
    next.kind = cursor_.text(5);
    next.bytes = cursor_.integer(6);
    next.exchange = cursor_.maybe_integer(7).value_or(-1);
  }
  const std::optional<std::string>& error() const { return cursor_.error(); }

 private:
  Rows::Cursor cursor_;
  std::optional<Message> head_;
};

class Export {
 public:
  Export(const Rows& recording, ExportTarget& target, const PerfettoOptions& options,
         const std::function<void(std::int64_t)>& rows_done)
      : recording_(recording),
        target_(target),
        options_(options),
        rows_done_(rows_done),
        writer_(target) {}

  Status<std::string> run() {
    TraceArguments about;
    for (const char* key : {"name", "seed", "version", "fingerprint", "verdict"}) {
      auto row = recording_.select(fmt::format("SELECT value FROM meta WHERE key='{}'", key));
      if (row.next()) about.with(key, row.text(0));
    }
    writer_.begin(perfetto_beginning, about);
    describe_machines();
    write_events();
    write_samples();
    write_messages();
    writer_.end();
    rows_done_(fresh_rows_);
    if (error_) return fail(*error_);
    return {};
  }

 private:
  struct Slices {
    std::optional<Track> asking;
    std::optional<Track> answering;
  };

  using Way = std::pair<std::int64_t, std::int64_t>;  ///< From a machine to another.
  /// A connection broke while requests waited on it.
  struct Break {
    std::int64_t t;
    Way way;
    std::size_t under_way;
    std::vector<Track> waiting;  ///< The slices of those that have begun.
  };

  static std::int64_t process_of(std::int64_t machine) { return machine + 1; }

  void count_row() {
    if (++fresh_rows_ == rows_between_reports) rows_done_(std::exchange(fresh_rows_, 0));
  }

  template <class Row>
  void each(const std::string& sql, Row row) {
    auto rows = recording_.select(sql);
    while (!target_.failed() && rows.next()) row(rows);
    if (rows.error() && !error_) error_ = *rows.error();
  }

  std::string within(std::string_view column) const {
    return fmt::format("{} BETWEEN {} AND {}", column, options_.from.time_since_epoch().count(),
                       options_.to.time_since_epoch().count());
  }

  void describe_machines() {
    std::int64_t last = 0;
    each("SELECT id, name, role FROM machine ORDER BY id", [&](const Rows::Cursor& row) {
      machines_[row.integer(0)] = row.text(1);
      writer_.process(process_of(row.integer(0)), row.text(1), row.integer(0) + 1);
      last = std::max(last, row.integer(0));
    });
    cluster_ = process_of(last) + 1;
    writer_.process(cluster_, "cluster", 0);
    programs_[-1] = writer_.thread(cluster_, "events", 1);
    each("SELECT machine, name, kind FROM process ORDER BY id", [&](const Rows::Cursor& row) {
      const Track track =
          writer_.thread(process_of(row.integer(0)),
                         fmt::format("{} ({})", row.text(1), row.text(2)), row.integer(0));
      programs_.emplace(row.integer(0), track);
    });
    each("SELECT id, topic, number FROM partition", [&](const Rows::Cursor& row) {
      partitions_[row.integer(0)] = fmt::format("{}-{}", row.text(1), row.integer(2));
    });
  }

  /// Where what happened to a machine is shown: its first program.
  Track program_on(std::int64_t machine) {
    const auto known = programs_.find(machine);
    if (known != programs_.end()) return known->second;
    const Track track = writer_.thread(process_of(machine), "events", 1);
    programs_.emplace(machine, track);
    return track;
  }

  std::string_view machine_name(std::int64_t machine) {
    auto known = machines_.find(machine);
    if (known == machines_.end()) {
      known = machines_.emplace(machine, fmt::format("machine {}", machine)).first;
    }
    return known->second;
  }

  void write_events() {
    each(
        "SELECT e.id, e.t, k.name, k.level, e.machine, e.partition, e.cause, e.en, e.ko, e.detail "
        "FROM event e JOIN event_kind k ON k.id = e.kind WHERE " +
            within("e.t") + " ORDER BY e.t, e.id",
        [&](const Rows::Cursor& row) {
          TraceArguments arguments;
          const bool korean = options_.language == "ko" && !row.text(8).empty();
          arguments.with("what", row.text(korean ? 8 : 7)).with("event", row.integer(0));
          if (const auto cause = row.maybe_integer(6)) arguments.with("cause", *cause);
          if (const auto partition = row.maybe_integer(5)) {
            arguments.with("partition", partitions_[*partition]);
          }
          if (!row.text(9).empty()) arguments.with_json("detail", row.text(9));
          const bool fault = row.text(3) == "fault";
          std::string name(row.text(2));
          if (const auto partition = row.maybe_integer(5)) name += " " + partitions_[*partition];
          writer_.instant(program_on(row.maybe_integer(4).value_or(-1)), row.integer(1),
                          fault ? 'g' : 't', name, row.text(3), arguments);
          count_row();
        });
  }

  void write_samples() {
    std::map<std::int64_t, std::pair<std::int64_t, std::string>> metrics;
    each("SELECT id, name, machine, partition, label, unit FROM metric",
         [&](const Rows::Cursor& row) {
           std::string name(row.text(1));
           if (const auto partition = row.maybe_integer(3)) name += " " + partitions_[*partition];
           if (!row.text(4).empty()) name += fmt::format(" {}", row.text(4));
           if (!row.text(5).empty()) name += fmt::format(" [{}]", row.text(5));
           const auto machine = row.maybe_integer(2);
           metrics[row.integer(0)] = {machine ? process_of(*machine) : cluster_, name};
         });
    each("SELECT metric, t, value FROM sample WHERE " + within("t") + " ORDER BY metric, t",
         [&](const Rows::Cursor& row) {
           const auto& [process, name] = metrics[row.integer(0)];
           writer_.counter(process, row.integer(1), name, row.real(2));
           count_row();
         });
  }

  // --- Messages ---

  /// Which exchanges have a response, and which one that arrived. Says, too, whether messages were
  /// written in the order of their arrival.
  bool look_ahead() {
    bool in_order = true;
    std::int64_t last_arrival = 0;
    const std::string sql = "SELECT kind, exchange, arrived FROM message WHERE " + within("sent");
    each(sql + " ORDER BY id", [&](const Rows::Cursor& row) {
      count_row();
      const auto arrived = row.maybe_integer(2);
      if (arrived) in_order = in_order && *arrived >= std::exchange(last_arrival, *arrived);
      if (!is_response(row.text(0))) return;
      const auto exchange = row.maybe_integer(1).value_or(-1);
      answered_.insert(exchange);
      if (arrived) answer_arrived_.insert(exchange);
    });
    return in_order;
  }

  /// Which requests waited, and until when: those that a connection which broke still had under
  /// way, the last unanswered ones from there to its peer.
  void find_waits() {
    std::map<std::string, std::int64_t> machine_of;
    for (const auto& [id, name] : machines_) machine_of[name] = id;
    each(fmt::format("SELECT e.t, e.machine, e.detail FROM event e JOIN event_kind k ON "
                     "k.id = e.kind WHERE k.name = 'connection.broken' AND e.machine IS NOT NULL "
                     "AND e.t >= {} ORDER BY e.t, e.id",
                     options_.from.time_since_epoch().count()),
         [&](const Rows::Cursor& row) {
           const auto detail = json_from(row.text(2));
           if (!detail.is_object()) return;
           const auto peer = machine_of.find(detail.value("peer", ""));
           const std::size_t under_way = std::strtoull(detail.value("count", "").c_str(), {}, 10);
           if (peer == machine_of.end() || under_way == 0) return;
           breaks_.push_back({row.integer(0), {row.integer(1), peer->second}, under_way, {}});
         });
    if (breaks_.empty()) return;
    std::size_t most = 0;
    for (const Break& one : breaks_) most = std::max(most, one.under_way);
    std::map<Way, std::deque<std::int64_t>> unanswered;
    std::size_t next = 0;
    const auto settle_until = [&](std::int64_t t) {
      for (; next < breaks_.size() && breaks_[next].t <= t; ++next) {
        std::deque<std::int64_t>& here = unanswered[breaks_[next].way];
        const std::size_t under_way = std::min(here.size(), breaks_[next].under_way);
        for (std::size_t i = here.size() - under_way; i < here.size(); ++i) waits_[here[i]] = next;
        here.clear();
      }
    };
    each("SELECT id, sent, source, destination, exchange FROM message WHERE " + within("sent") +
             " AND exchange IS NOT NULL AND kind NOT LIKE '% response' ORDER BY sent, id",
         [&](const Rows::Cursor& row) {
           settle_until(row.integer(1));
           if (answer_arrived_.contains(row.integer(4))) return;
           std::deque<std::int64_t>& here = unanswered[{row.integer(2), row.integer(3)}];
           here.push_back(row.integer(0));
           if (here.size() > most) here.pop_front();
         });
    settle_until(std::numeric_limits<std::int64_t>::max());
  }

  /// Ends the slices of what waited for an answer until a connection broke.
  void break_until(std::int64_t t) {
    for (; next_break_ < breaks_.size() && breaks_[next_break_].t <= t; ++next_break_) {
      for (std::optional<Track> waiting : breaks_[next_break_].waiting) {
        end_slice(out_, waiting, breaks_[next_break_].t);
      }
    }
  }

  void write_messages() {
    const bool in_order = look_ahead();
    find_waits();
    const std::string columns =
        "SELECT id, sent, arrived, source, destination, kind, bytes, exchange FROM message WHERE " +
        within("sent");
    Messages sent(recording_.select(columns + " ORDER BY sent, id"));
    Messages arrived(recording_.select(columns + " AND arrived IS NOT NULL ORDER BY " +
                                       (in_order ? "id" : "arrived, id")));
    while (!target_.failed() && (sent.head() || arrived.head())) {
      // At one date what arrives comes first, for it may be answered at once; but no message
      // arrives before it was sent.
      const auto& next = sent.head();
      const auto& old = arrived.head();
      const bool arrives =
          old && (!next || *old->arrived < next->sent ||
                  (*old->arrived == next->sent &&
                   std::pair(old->sent, old->id) < std::pair(next->sent, next->id)));
      break_until(arrives ? *old->arrived : next->sent);
      if (arrives) {
        on_arrival(*old);
        arrived.advance();
      } else {
        on_sending(*next);
        sent.advance();
        count_row();
      }
    }
    break_until(std::numeric_limits<std::int64_t>::max());
    for (const auto* cursor : {&sent, &arrived}) {
      if (cursor->error() && !error_) error_ = *cursor->error();
    }
  }

  TraceArguments arguments_of(const Message& message) {
    TraceArguments arguments;
    arguments.with("from", machine_name(message.source))
        .with("to", machine_name(message.destination))
        .with("bytes", message.bytes);
    if (message.exchange >= 0) arguments.with("exchange", message.exchange);
    if (!message.arrived) arguments.with("lost", std::int64_t{1});
    return arguments;
  }

  void end_slice(Lanes& lanes, std::optional<Track>& slice, std::int64_t t) {
    writer_.slice_ends(*slice, t);
    lanes.release(*slice);
    slice.reset();
  }

  void forget_if_over(std::int64_t exchange) {
    const auto known = exchanges_.find(exchange);
    if (known == exchanges_.end()) return;
    if (!known->second.asking && !known->second.answering) exchanges_.erase(known);
  }

  void on_sending(const Message& message) {
    const auto known = exchanges_.find(message.exchange);
    if (is_response(message.kind) && known != exchanges_.end() && known->second.answering) {
      if (message.arrived) writer_.arrow_leaves(*known->second.answering, message.sent, message.id);
      end_slice(in_, known->second.answering, message.sent);
      forget_if_over(message.exchange);
      return;
    }
    Track track = out_.take(process_of(message.source));
    const std::string name =
        fmt::format("{} to {}", message.kind, machine_name(message.destination));
    writer_.slice_begins(track, message.sent, name, arguments_of(message));
    if (message.arrived) writer_.arrow_leaves(track, message.sent, message.id);
    if (!is_response(message.kind) && answer_arrived_.contains(message.exchange)) {
      exchanges_[message.exchange].asking = track;
    } else if (const auto wait = waits_.find(message.id); wait != waits_.end()) {
      breaks_[wait->second].waiting.push_back(track);
    } else if (message.arrived) {
      alone_[message.id] = track;
    } else {
      writer_.slice_ends(track, message.sent);
      out_.release(track);
    }
  }

  void on_arrival(const Message& message) {
    const std::int64_t t = *message.arrived;
    const auto known = exchanges_.find(message.exchange);
    if (is_response(message.kind) && known != exchanges_.end() && known->second.asking) {
      writer_.arrow_reaches(*known->second.asking, t, message.id);
      end_slice(out_, known->second.asking, t);
    } else {
      Track track = in_.take(process_of(message.destination));
      const std::string name =
          fmt::format("{} from {}", message.kind, machine_name(message.source));
      writer_.slice_begins(track, t, name, arguments_of(message));
      writer_.arrow_reaches(track, t, message.id);
      if (!is_response(message.kind) && answered_.contains(message.exchange)) {
        exchanges_[message.exchange].answering = track;
      } else {
        writer_.slice_ends(track, t);
        in_.release(track);
      }
    }
    if (const auto alone = alone_.find(message.id); alone != alone_.end()) {
      writer_.slice_ends(alone->second, t);
      out_.release(alone->second);
      alone_.erase(alone);
    }
    forget_if_over(message.exchange);
  }

  const Rows& recording_;
  ExportTarget& target_;
  const PerfettoOptions& options_;
  const std::function<void(std::int64_t)>& rows_done_;
  PerfettoWriter writer_;
  Lanes out_{writer_, "requests out", out_lanes_order};
  Lanes in_{writer_, "requests in", in_lanes_order};
  std::optional<std::string> error_;
  std::int64_t fresh_rows_ = 0;

  std::int64_t cluster_ = 0;                        ///< The process of what concerns no machine.
  std::map<std::int64_t, std::string> machines_;    ///< Names.
  std::map<std::int64_t, Track> programs_;          ///< By machine; -1: the cluster.
  std::map<std::int64_t, std::string> partitions_;  ///< Names.

  Exchanges answered_;
  Exchanges answer_arrived_;
  std::vector<Break> breaks_;  ///< In order of time.
  std::size_t next_break_ = 0;
  // Only looked up, never walked through.
  std::unordered_map<std::int64_t, std::size_t> waits_;  ///< By message: which break ends it.
  std::unordered_map<std::int64_t, Slices> exchanges_;   ///< Open slices.
  std::unordered_map<std::int64_t, Track> alone_;        ///< Under way, by message: no response.
};

}  // namespace

Status<std::string> export_perfetto(const recording::Rows& recording, ExportTarget& target,
                                    const PerfettoOptions& options,
                                    const std::function<void(std::int64_t)>& rows_done) {
  return Export(recording, target, options, rows_done).run();
}

}  // namespace brokerlab::cli
