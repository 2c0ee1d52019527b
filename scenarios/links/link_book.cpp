#include "scenarios/links/link_book.h"

#include <algorithm>

namespace brokerlab::scenarios {

/// Machines are numbered as machines_of() has them.
LinkBook::LinkBook(const Scenario& scenario, LinkRules rules)
    : rules_(rules), senders_(scenario.producers.size()) {
  const std::vector<MachineRole> roles = machines_of(scenario);
  for (std::size_t producer = 0; producer < scenario.producers.size(); ++producer) {
    for (std::size_t machine = 0; machine < roles.size(); ++machine) {
      const MachineRole& role = roles[machine];
      if (role.role != Role::consumer) continue;
      const std::vector<std::string>& topics = scenario.consumers[role.spec].topics;
      if (std::find(topics.begin(), topics.end(), scenario.producers[producer].topic) ==
          topics.end()) {
        continue;
      }
      Link link;
      link.sender = producer;
      link.group = role.spec;
      link.receiver = sim::MachineId(static_cast<std::int32_t>(machine));
      links_.push_back(std::move(link));
    }
  }
}

std::map<std::size_t, std::vector<std::size_t>> LinkBook::links_of(std::size_t producer) const {
  std::map<std::size_t, std::vector<std::size_t>> all;
  for (std::size_t i = 0; i < links_.size(); ++i) {
    if (links_[i].sender == producer) all[links_[i].group].push_back(i);
  }
  return all;
}

void LinkBook::note_goes_on(std::size_t producer, Time now) {
  Sender& sender = senders_[producer];
  if (sender.stands_since != never) sender.stood_still += now - sender.stands_since;
  sender.stands_since = never;
}

void LinkBook::note_processed(std::size_t link, const LinkRun& part, Time first_done, Time now) {
  Link& one = links_[link];
  std::int64_t& next = one.next[part.lane];
  const std::int64_t again = std::clamp<std::int64_t>(next - part.first, 0, part.count);
  one.again += again;
  one.processed += part.count - again;
  next = std::max(next, part.first + part.count);
  if (again == part.count) return;
  one.longest = std::max({one.longest, first_done - part.first_due, now - part.last_due});
}

}  // namespace brokerlab::scenarios
