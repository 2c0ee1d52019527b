// A topology in words, as a Graphviz graph and as JSON.
//
// Lifetime: values. Threads: none. Errors: none.
#pragma once

#include "sim/topology.h"

#include <string>
#include <vector>

namespace brokerlab::cli {

struct Context;

/// The tree of areas, single points of failure and what each outage cuts off.
std::string topology_text(const sim::Topology& topology, const Context& context);
/// The same as one JSON object.
std::string topology_json(const sim::Topology& topology);
/// For `dot -Tsvg`: areas are clusters, single points of failure are red.
std::string topology_dot(const sim::Topology& topology);
/// The way from one machine to another.
std::string route_text(const sim::Topology& topology, int from, int to, const Context& context);
/// The most that passes from one set of machines to another and back, and what limits it.
std::string flow_text(const sim::Topology& topology, const std::string& from_name,
                      const std::vector<int>& from, const std::string& to_name,
                      const std::vector<int>& to, const Context& context);

}  // namespace brokerlab::cli
