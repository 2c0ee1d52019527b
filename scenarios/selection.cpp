#include "scenarios/selection.h"

#include "base/random.h"

#include <algorithm>

namespace brokerlab::scenarios {
namespace {

/// More requests than any client has in flight; older ones will never be answered (acks=0).
constexpr std::size_t most_in_flight = 128;
constexpr std::string_view response = " response";
constexpr std::string_view request = " request";

/// "Fetch" of "Fetch response", "ZooKeeper" of "ZooKeeper request" and "ZooKeeper response".
std::string_view what_about(std::string_view kind) {
  if (kind.ends_with(response)) kind.remove_suffix(response.size());
  if (kind.ends_with(request)) kind.remove_suffix(request.size());
  return kind;
}

}  // namespace

recording::Scope scope_of(const RecordingSpec& spec, Duration run) {
  recording::Scope scope{.level = spec.level, .sample = spec.sample};
  if (spec.from || spec.until) {
    scope.from = Time(spec.from.value_or(0ns));
    scope.until = Time(spec.until.value_or(run + 1ns));
  }
  return scope;
}

Selection::Selection(const recording::Scope& scope, const sim::Trace& trace)
    : scope_(scope), trace_(trace) {}

bool Selection::keeps_messages() const {
  return scope_.level == recording::Level::all || scope_.level == recording::Level::sampled ||
         scope_.from.has_value();
}

bool Selection::in_sample(std::uint64_t number) const {
  if (scope_.level == recording::Level::all) return true;
  if (scope_.level != recording::Level::sampled) return false;
  return mix_hash(number, 0) % static_cast<std::uint64_t>(scope_.sample) == 0;
}

std::uint64_t Selection::chain_of(const sim::Event& event) {
  const auto id = static_cast<std::size_t>(event.id.value());
  // Those in between are no details, or from before anyone listened: where a chain begins.
  while (chains_.size() < id) chains_.push_back(chains_.size());
  std::size_t chain = id;
  if (event.cause.valid() && trace_.event(event.cause).kind->level == sim::Level::detail) {
    chain = chains_[static_cast<std::size_t>(event.cause.value())];
  }
  chains_.push_back(chain);
  return chain;
}

bool Selection::keeps(const sim::Event& event) {
  if (scope_.level == recording::Level::none) return false;
  if (event.kind->level != sim::Level::detail) return true;
  if (scope_.level == recording::Level::sampled && in_sample(chain_of(event))) return true;
  return scope_.level == recording::Level::all || scope_.in_window(event.time);
}

std::vector<const sim::Event*> Selection::take(const sim::Event& event) {
  std::vector<const sim::Event*> fresh;
  if (!keeps(event)) return fresh;
  for (const sim::Event* one = &event;; one = &trace_.event(one->cause)) {
    const auto id = static_cast<std::size_t>(one->id.value());
    if (id >= written_.size()) written_.resize(id + 1);
    if (written_[id]) break;
    written_[id] = true;
    fresh.push_back(one);
    if (!one->cause.valid()) break;
  }
  std::reverse(fresh.begin(), fresh.end());
  return fresh;
}

Selection::Exchange Selection::take(const sim::Transfer& transfer) {
  std::deque<Asked>& asked = asked_[transfer.connection];
  const std::string_view what = what_about(transfer.kind);
  const bool in_window = scope_.in_window(transfer.sent) || scope_.in_window(transfer.arrived);
  if (!transfer.to_server && transfer.kind.ends_with(response)) {
    const auto found = std::find_if(asked.begin(), asked.end(),
                                    [what](const Asked& one) { return one.what == what; });
    if (found != asked.end()) {
      Exchange exchange = found->exchange;
      asked.erase(found);
      exchange.kept = exchange.kept || in_window;
      return exchange;
    }
  }
  Exchange exchange{++exchanges_, false};
  exchange.kept = in_window || in_sample(static_cast<std::uint64_t>(exchange.number));
  if (transfer.to_server) {
    if (asked.size() == most_in_flight) asked.pop_front();
    asked.push_back({what, exchange});
  }
  return exchange;
}

}  // namespace brokerlab::scenarios
