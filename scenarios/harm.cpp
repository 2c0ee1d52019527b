#include "scenarios/harm.h"

#include "base/translation.h"
#include "scenarios/spans.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

class Harms {
 public:
  void add(std::string kind, std::int64_t count, Phrase one, Phrase many) {
    if (count <= 0) return;
    list_.push_back({std::move(kind), count, count == 1 ? std::move(one) : std::move(many)});
  }
  void add(std::string kind, Phrase words) {
    list_.push_back({std::move(kind), 1, std::move(words)});
  }
  std::vector<Harm> take() { return std::move(list_); }

 private:
  std::vector<Harm> list_;
};

void add_records(const RunReport& r, Harms& harms) {
  const std::int64_t lost = r.lost_records();
  harms.add("records_lost", lost, phrase("1 acknowledged record lost"),
            phrase("{} acknowledged records lost", with_commas(lost)));
  harms.add("blind_records_lost", r.blindly_lost, phrase("1 record sent with acks=0 is in no log"),
            phrase("{} records sent with acks=0 are in no log", with_commas(r.blindly_lost)));
  harms.add("records_not_verifiable", r.not_verifiable,
            phrase("1 acknowledged record without a live leader to look for it"),
            phrase("{} acknowledged records without a live leader to look for them",
                   with_commas(r.not_verifiable)));
  const std::string errors = error_list(r.failed_by);
  harms.add("sends_failed", r.failed, phrase("a producer gave up on 1 record ({})", errors),
            phrase("producers gave up on {} records ({})", with_commas(r.failed), errors));
  if (r.oldest_pending >= harmful_wait) {
    const Phrase oldest = rounded(r.oldest_pending);
    harms.add("sends_unanswered", r.pending,
              phrase("1 send without an answer at the end, for {}", oldest),
              phrase("{} sends without an answer at the end, for up to {}", with_commas(r.pending),
                     oldest));
  }
}

void add_order(const RunReport& r, Harms& harms) {
  harms.add("rows_unsent", r.rows_unsent, phrase("1 row marked as sent that never was"),
            phrase("{} rows marked as sent that never were", with_commas(r.rows_unsent)));
  harms.add("records_duplicated", r.duplicates, phrase("1 record written twice"),
            phrase("{} records written twice", with_commas(r.duplicates)));
  harms.add("records_reordered", r.reordered, phrase("1 record out of order in the log"),
            phrase("{} records out of order in the log", with_commas(r.reordered)));
  harms.add("records_unreadable", r.unreadable, phrase("1 acknowledged record not yet readable"),
            phrase("{} acknowledged records not yet readable", with_commas(r.unreadable)));
  for (const RunReport::Group& group : r.groups) {
    if (group.longest_waiting < harmful_lateness) continue;
    const std::string longest = to_rounded_text(group.longest_waiting);
    harms.add(
        "records_unread", group.waiting,
        phrase("1 acknowledged record that group {} has not read, for {}", group.name, longest),
        phrase("{} acknowledged records that group {} has not read, for up to {}",
               with_commas(group.waiting), group.name, longest));
  }
  harms.add("records_redelivered", r.redelivered, phrase("1 record delivered to a group again"),
            phrase("{} records delivered to a group again", with_commas(r.redelivered)));
  for (const RunReport::Group& group : r.groups) {
    harms.add("records_deleted_unread", group.deleted,
              phrase("1 record deleted before group {} read it", group.name),
              phrase("{} records deleted before group {} read them", with_commas(group.deleted),
                     group.name));
  }
  for (const RunReport::Group& group : r.groups) {
    harms.add("results_doubled", group.counted_twice,
              phrase("1 record counted twice by group {}", group.name),
              phrase("{} records counted twice by group {}", with_commas(group.counted_twice),
                     group.name));
    harms.add("results_missing", group.counted_never,
              phrase("1 record never counted by group {}", group.name),
              phrase("{} records never counted by group {}", with_commas(group.counted_never),
                     group.name));
  }
  std::int64_t skipped = 0;
  for (const RunReport::Group& group : r.groups) skipped += group.skipped;
  harms.add("records_skipped", skipped, phrase("1 record skipped by a group"),
            phrase("{} records skipped by groups", with_commas(skipped)));
}

using ErrorCounts = std::vector<std::pair<std::string, std::int64_t>>;

/// However the answer stayed away: a name stands there once.
void add_up(ErrorCounts& errors, const std::string& name, std::int64_t count) {
  const auto known = std::find_if(errors.begin(), errors.end(),
                                  [&name](const auto& one) { return one.first == name; });
  if (known == errors.end()) {
    errors.emplace_back(name, count);
  } else {
    known->second += count;
  }
}

/// What was refused and tried again, and what reached the applications of consumers.
void add_errors(const RunReport& r, Harms& harms) {
  ErrorCounts refused, commits, told;
  std::int64_t refusals = 0, failed_commits = 0, final = 0;
  for (const RunReport::ClientError& error : r.client_errors) {
    if (error.api == "Produce") {
      if (error.how != "answered") continue;
      add_up(refused, error.name, error.count);
      refusals += error.count;
    } else if (error.api == "OffsetCommit") {
      add_up(commits, error.name, error.count);
      failed_commits += error.count;
    } else if (error.final > 0) {
      add_up(told, error.name, error.final);
      final += error.final;
    }
  }
  harms.add("errors_final", final, phrase("1 error reached an application ({})", error_list(told)),
            phrase("{} errors reached applications ({})", with_commas(final), error_list(told)));
  harms.add("produces_refused", refusals, phrase("1 produce refused ({})", error_list(refused)),
            phrase("{} produces refused ({})", with_commas(refusals), error_list(refused)));
  harms.add(
      "commits_failed", failed_commits, phrase("1 offset commit failed ({})", error_list(commits)),
      phrase("{} offset commits failed ({})", with_commas(failed_commits), error_list(commits)));
}

void add_outages(const RunReport& r, Harms& harms) {
  if (r.produce.longest >= harmful_outage) {
    const Phrase longest = rounded(r.produce.longest);
    harms.add("produce_unavailable",
              r.produce.at_the_end
                  ? phrase("unavailable for produce for up to {}, and at the end", longest)
                  : phrase("unavailable for produce for up to {}", longest));
  }
  if (r.fetch.longest >= harmful_outage) {
    const Phrase longest = rounded(r.fetch.longest);
    harms.add("fetch_unavailable",
              r.fetch.at_the_end
                  ? phrase("unavailable for fetch for up to {}, and at the end", longest)
                  : phrase("unavailable for fetch for up to {}", longest));
  }
  for (const RunReport::Group& group : r.groups) {
    if (!group.coordinator || group.coordinator->longest < harmful_outage) continue;
    harms.add("coordinator_unavailable", phrase("commits of group {} impossible for up to {}",
                                                group.name, rounded(group.coordinator->longest)));
  }
}

/// Sooner or later brokers cannot do without it: a change of the ISR, a new leader, a session.
void add_control(const RunReport& r, Harms& harms) {
  if (r.without_quorum >= harmful_outage) {
    const Phrase longest = rounded(r.without_quorum);
    harms.add("quorum_missing",
              r.no_quorum_at_the_end
                  ? phrase("ZooKeeper without a quorum for {}, and at the end", longest)
                  : phrase("ZooKeeper without a quorum for {}", longest));
  }
  if (r.without_controller >= r.usual_failover + slow_failover) {
    const Phrase longest = rounded(r.without_controller);
    harms.add("controller_missing", r.no_controller_at_the_end
                                        ? phrase("no controller for {}, and at the end", longest)
                                        : phrase("no controller for {}", longest));
  }
}

}  // namespace

std::vector<Harm> harm_of(const RunReport& report) {
  Harms harms;
  add_records(report, harms);
  add_outages(report, harms);
  add_control(report, harms);
  add_errors(report, harms);
  add_order(report, harms);
  return harms.take();
}

}  // namespace brokerlab::scenarios
