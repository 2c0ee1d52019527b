// Curves: what a recording measured over time, as the charts of its report.
//
// Lifetime: values. Threads: none. Errors: what a recording does not have is an empty line.
#pragma once

#include "plan/report/chart.h"
#include "recording/reader.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::plan::report {

struct Curves {
  Line created, stored, processed;       ///< Records a second, of the whole cluster.
  Line bytes_in, bytes_out;              ///< Bytes a second, of all brokers.
  std::vector<Line> acknowledged_after;  ///< Milliseconds: p50, p99, p99.9 of each second.
  std::vector<Line> end_to_end;
  std::vector<Line> lag;  ///< Of each group.
  Line under_replicated, offline;
  Line network, disk;  ///< Per cent, of the broker on which it is highest.
};
Curves read_curves(const recording::Reader& reader);

/// The charts of a report, in their order.
std::vector<Chart> charts_of(const Curves& curves);

/// A stretch of time in which something was broken, by the events that begin and end it.
struct Spell {
  double from = 0;
  double to = 0;  ///< As `from`: it is a moment. The end of the run: nobody mended it.
  recording::RecordedEvent event;
};
std::vector<Spell> spells_of(const recording::Reader& reader);

/// Of a line from `from` on and before `to`; nothing without a point there.
enum class Pick { mean, least, most };
std::optional<double> pick(const Line& line, double from, double to, Pick which);

}  // namespace brokerlab::plan::report
