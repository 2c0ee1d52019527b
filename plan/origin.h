// Where a scenario comes from that is looked at: written as one, or made by import of the files of
// a cluster, which may not tell how many brokers there are, or who writes and reads.
//
// Threads: none. Errors: none.
#pragma once

namespace brokerlab::plan {

enum class Origin { scenario, files, files_without_load };

}  // namespace brokerlab::plan
