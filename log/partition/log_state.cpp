#include "log/partition/log_state.h"

namespace brokerlab::log {

Status<IoError> LogState::start_empty_at(Offset offset) {
  if (auto emptied = local.start_empty_at(offset, last_now); !emptied.ok()) return emptied;
  start_offset = offset;
  epochs.clear();
  if (auto emptied = producers.start_empty_at(offset); !emptied.ok()) return emptied;
  return epochs.dirty() ? flush_epochs() : Status<IoError>();
}

}  // namespace brokerlab::log
