// FetchSessionHandler: a fetching client's side of its session with one broker (KIP-227).
//
// It remembers how each partition was asked for last and leaves out of a request what is asked for
// again in the same way. The first fetch names all of them; so does one after an error, or after
// an answer without a session.
//
// Lifetime: of the consumer or replica fetcher. Threads: none. Errors: an answer of the session's
//           that is an error changes the next request, and says nothing of any partition.
// Source:   org.apache.kafka.clients.FetchSessionHandler.
#pragma once

#include "model/wire/protocol.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace brokerlab::model {

class FetchSessionHandler {
 public:
  using Asked = FetchRequest::Partition;

  /// Fills in what of `next`, all that is to be fetched now, the request must name.
  void build(const std::vector<Asked>& next, FetchRequest& request);
  /// False: the session is over, and the answer names no partition.
  bool take(const FetchResponse& response);
  /// No answer came: the broker may have gone on to the next epoch.
  void fail();
  /// How a partition of the session was asked for last; nullptr: it is not in it.
  const Asked* asked(const TopicPartition& partition) const;
  /// What is fetched, in the order of names.
  std::size_t partitions() const { return session_.size(); }
  std::int32_t session_id() const { return id_; }

 private:
  struct Entry {
    Asked asked;
    std::uint64_t build = 0;  ///< The last one with it.
  };
  bool full() const { return epoch_ == first_session_epoch || epoch_ == without_session_epoch; }
  Entry* find(const TopicPartition& partition, std::size_t& hint);
  void add(const std::vector<Asked>& fresh);

  std::int32_t id_ = no_fetch_session;
  std::int32_t epoch_ = first_session_epoch;  ///< Of the next request.
  std::vector<Entry> session_;                ///< By name.
  std::uint64_t build_ = 0;
};

}  // namespace brokerlab::model
