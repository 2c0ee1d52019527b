// A recording as a trace in Chrome's JSON, which https://ui.perfetto.dev opens.
//
//   machines   processes of the trace; the programs on them its threads
//   events     instants: faults across the whole picture, others at their program
//   requests   a slice from sending to the response at who asks ("requests out"), one from arrival
//              to the response at who answers ("requests in"), arrows between them; what overlaps
//              is side by side in numbered lanes. A message without a response is a slice while it
//              is under way; a lost one has no length and no arrow
//   metrics    counters
//
// Memory: what is under way at one time, and two bits an exchange. Times ascend on every track.
#pragma once

#include "base/result.h"
#include "base/units.h"
#include "cli/export_target.h"
#include "recording/rows.h"

#include <functional>
#include <string>
#include <string_view>

namespace brokerlab::cli {

/// What every such file begins with.
inline constexpr std::string_view perfetto_beginning = R"({"otherData":{"made_by":"brokerlab")";

struct PerfettoOptions {
  std::string language = "en";  ///< Of the sentences.
  Time from{};                  ///< Events, samples and messages sent in from <= t <= to.
  Time to = never;
};

/// `rows_done` is called after some thousand rows with how many more were read. The error is one
/// sentence; errors of the target are the target's.
Status<std::string> export_perfetto(const recording::Rows& recording, ExportTarget& target,
                                    const PerfettoOptions& options,
                                    const std::function<void(std::int64_t)>& rows_done);

}  // namespace brokerlab::cli
