#include "log/batch/batch_filter.h"

#include "log/batch/legacy_batch.h"

namespace brokerlab::log {

ByteVector filter_batch(const BatchView& original, std::span<const Record> kept,
                        std::optional<Timestamp> delete_horizon) {
  if (original.is_legacy()) {
    legacy::BuildOptions old{.magic = original.magic(), .codec = original.codec()};
    if (original.timestamp_type() == TimestampType::log_append_time) {
      old.log_append_time = original.max_timestamp();
    }
    return legacy::build(kept, old);
  }
  BatchBuilder::Options options;
  // A header alone has nothing to compress; what cannot be read need not have a codec that we know.
  options.codec = kept.empty() ? Codec::none : original.codec();
  options.max_timestamp_when_empty = original.max_timestamp();
  options.base_offset = original.base_offset();
  options.last_offset = original.last_offset();
  options.leader_epoch = original.leader_epoch();
  options.producer_id = original.producer_id();
  options.producer_epoch = original.producer_epoch();
  options.base_sequence = original.base_sequence();
  options.transactional = original.is_transactional();
  options.control = original.is_control();
  options.delete_horizon = kept.empty() ? std::nullopt : delete_horizon;
  if (original.timestamp_type() == TimestampType::log_append_time) {
    options.log_append_time = original.max_timestamp();
  }
  BatchBuilder builder(options);
  for (const Record& record : kept) builder.append_at_its_offset(record);
  return builder.build();
}

}  // namespace brokerlab::log
