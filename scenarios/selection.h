// Selection: what of a run goes into its recording.
//
//   events     Faults and control events always. A detail event with the chain it belongs to (all
//              details under one fault or control event), if the level or the window keeps it.
//              Whoever is kept brings every cause, however small, so `why` always reaches the root.
//   messages   By exchange, a request and its response: both are kept or neither. One in `sample`
//              of them at the level `sampled`, chosen by a hash of the exchange's number; numbers
//              do not depend on the level, so a sample is a part of the whole. Only a response at
//              the beginning of the window may lack its request.
//
// Draws no chance and schedules nothing: the run is the same whatever is kept.
//
// Lifetime: borrows the Trace. Threads: none. Cost: about 50 ns a message or event.
#pragma once

#include "scenarios/description.h"
#include "sim/network.h"
#include "sim/trace.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <unordered_map>
#include <vector>

namespace brokerlab::scenarios {

/// The scope that the settings mean in a run of that length.
recording::Scope scope_of(const RecordingSpec& spec, Duration run);

class Selection {
 public:
  Selection(const recording::Scope& scope, const sim::Trace& trace);

  const recording::Scope& scope() const { return scope_; }
  bool keeps_anything() const { return scope_.level != recording::Level::none; }
  bool keeps_messages() const;  ///< At some time at least.

  /// What to write now that this happened: nothing, or the event behind those of its causes that
  /// were not written yet. Called once for each event, in order.
  std::vector<const sim::Event*> take(const sim::Event& event);

  struct Exchange {
    std::int64_t number = 0;
    bool kept = false;
  };
  /// Called once for each message of a connection's direction, in order.
  Exchange take(const sim::Transfer& transfer);

 private:
  struct Asked {
    std::string_view what;  ///< "Fetch"
    Exchange exchange;
  };
  bool in_sample(std::uint64_t number) const;
  bool keeps(const sim::Event& event);
  std::uint64_t chain_of(const sim::Event& event);

  const recording::Scope scope_;
  const sim::Trace& trace_;
  std::vector<bool> written_;        ///< By event.
  std::vector<std::size_t> chains_;  ///< By event: the first detail of the chain it belongs to.
  std::int64_t exchanges_ = 0;
  /// By connection, what waits for a response. Only looked up, never walked through.
  std::unordered_map<std::int64_t, std::deque<Asked>> asked_;
};

}  // namespace brokerlab::scenarios
