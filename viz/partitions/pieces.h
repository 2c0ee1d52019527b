// What the partition panel is drawn of: a table, or a matrix where they are thousands, and below it
// the logs of the partition that was chosen.
//
// Threads: none. Errors: none; what the recording does not tell is drawn as a dash.
#pragma once

#include "viz/panels.h"

namespace brokerlab::viz {

/// How a partition stands, the worst first.
enum class Standing { lost, offline, unreachable, short_of_replicas, well, unknown };

Standing standing_of(const Scene& scene, const recording::RecordedPartition& partition);
Text word_of(Standing standing);
/// A square of its own shape for each.
void draw_standing(Ui& ui, const Rect& cell, Standing standing);

float table_height(const Scene& scene);  ///< Of all its rows, within reason.
void draw_partition_table(Ui& ui, const Scene& scene, const Rect& rect);
/// Every partition a cell; the shown ones are counted by how they stand.
void draw_partition_matrix(Ui& ui, const Scene& scene, const Rect& rect);
float replica_logs_height(const Scene& scene);
/// Each replica of the chosen partition as a log, around the ends that differ.
void draw_replica_logs(Ui& ui, const Scene& scene, const Rect& rect);

}  // namespace brokerlab::viz
