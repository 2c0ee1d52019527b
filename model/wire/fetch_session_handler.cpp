#include "model/wire/fetch_session_handler.h"

#include <algorithm>

namespace brokerlab::model {
namespace {

/// FetchRequest.PartitionData.equals.
bool asked_alike(const FetchRequest::Partition& a, const FetchRequest::Partition& b) {
  return a.fetch_offset == b.fetch_offset && a.current_leader_epoch == b.current_leader_epoch &&
         a.last_fetched_epoch == b.last_fetched_epoch && a.log_start_offset == b.log_start_offset &&
         a.max_bytes == b.max_bytes;
}

}  // namespace

/// Mostly they come in the order of names: then the one looked for stands at the hint.
FetchSessionHandler::Entry* FetchSessionHandler::find(const TopicPartition& partition,
                                                      std::size_t& hint) {
  auto place = session_.begin() + static_cast<std::ptrdiff_t>(hint);
  if (place == session_.end() || place->asked.partition != partition) {
    place = std::lower_bound(session_.begin(), session_.end(), partition,
                             [](const Entry& entry, const TopicPartition& name) {
                               return entry.asked.partition < name;
                             });
    if (place == session_.end() || place->asked.partition != partition) return nullptr;
  }
  hint = static_cast<std::size_t>(place - session_.begin()) + 1;
  return &*place;
}

const FetchSessionHandler::Asked* FetchSessionHandler::asked(
    const TopicPartition& partition) const {
  std::size_t hint = 0;
  const Entry* entry = const_cast<FetchSessionHandler*>(this)->find(partition, hint);
  return entry == nullptr ? nullptr : &entry->asked;
}

void FetchSessionHandler::add(const std::vector<Asked>& fresh) {
  for (const Asked& one : fresh) session_.push_back({one, build_});
  const auto by_name = [](const Entry& a, const Entry& b) {
    return a.asked.partition < b.asked.partition;
  };
  if (!std::is_sorted(session_.begin(), session_.end(), by_name)) {
    std::sort(session_.begin(), session_.end(), by_name);
  }
}

void FetchSessionHandler::build(const std::vector<Asked>& next, FetchRequest& request) {
  ++build_;
  request.session_id = id_;
  request.session_epoch = epoch_;
  if (full()) {
    session_.clear();
    add(next);
    request.partitions = next;
    return;
  }
  std::vector<Asked> altered;
  std::size_t kept = 0;
  std::size_t hint = 0;
  for (const Asked& one : next) {
    Entry* entry = find(one.partition, hint);
    if (entry == nullptr) {
      request.partitions.push_back(one);
      continue;
    }
    ++kept;
    entry->build = build_;
    const bool same = asked_alike(entry->asked, one);
    entry->asked = one;
    if (!same) altered.push_back(one);
  }
  if (kept < session_.size()) {
    std::erase_if(session_, [&](const Entry& entry) {
      if (entry.build == build_) return false;
      request.forgotten.push_back(entry.asked.partition);
      return true;
    });
  }
  if (!request.partitions.empty()) add(request.partitions);
  request.partitions.insert(request.partitions.end(), altered.begin(), altered.end());
}

bool FetchSessionHandler::take(const FetchResponse& response) {
  if (response.error == ErrorCode::fetch_session_id_not_found) {
    id_ = no_fetch_session;
    epoch_ = first_session_epoch;
    return false;
  }
  if (response.error != ErrorCode::none) {
    fail();
    return false;
  }
  // KIP-219: a client that is throttled gets an answer without partitions, whatever it asked for.
  if (full() && response.partitions.empty() && response.throttle_time > 0ns) {
    id_ = no_fetch_session;
    epoch_ = first_session_epoch;
    return false;
  }
  if (response.session_id == no_fetch_session) {  // none was made, or it has been closed
    id_ = no_fetch_session;
    epoch_ = first_session_epoch;
  } else {
    id_ = response.session_id;
    epoch_ = full() ? next_session_epoch(first_session_epoch) : next_session_epoch(epoch_);
  }
  return true;
}

/// FetchMetadata.nextCloseExistingAttemptNew.
void FetchSessionHandler::fail() { epoch_ = first_session_epoch; }

}  // namespace brokerlab::model
