#include "cli/log_file_changes.h"

#include "base/json_text.h"
#include "cli/log_words.h"
#include "log/partition/producer_snapshot.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <ostream>

namespace brokerlab::cli {

nlohmann::ordered_json to_json(const log::FileChange& change) {
  using Json = nlohmann::ordered_json;
  return Json{{"file", change.name},
              {"now", change.now.empty() ? Json() : Json(change.now)},
              {"reason", change.why},
              {"keptAs", change.kept_as}};
}

void tell_file_changes(Context& context, const log::Log& log, bool json) {
  for (const log::FileChange& change : log.recovery().files) {
    if (change.now.empty() && change.name.ends_with(log::snapshot_suffix)) continue;
    if (json) {
      nlohmann::ordered_json object{{"type", "file"}};
      object.update(to_json(change));
      context.out << json_text(object) << "\n";
    } else if (change.now.empty()) {
      context.out << context.say(fmt::format("removed {}: {}\n", change.name, change.why),
                                 fmt::format("{} 삭제: {}\n", change.name, retold(change.why)));
    } else {
      context.out << context.say(
          fmt::format("renamed {}: a finished copy is now {}\n", change.name, change.now),
          fmt::format("{} → {}: 완성된 사본의 이름을 바꿈\n", change.name, change.now));
    }
  }
}

}  // namespace brokerlab::cli
