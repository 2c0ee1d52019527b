// brokerlab topology show | check | dot
#include "base/translation.h"
#include "cli/command_line.h"
#include "cli/topology_text.h"
#include "scenarios/topology_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>
#include <sstream>

namespace brokerlab::cli {
namespace {

struct TopologyArguments {
  std::string file;
  std::vector<std::string> files;
  std::vector<std::string> route;
  std::vector<std::string> flow;
  bool json = false;
};

std::optional<sim::Topology> load(Context& context, const std::string& file) {
  scenarios::LoadedTopology loaded = scenarios::load_topology(file);
  for (const Problem& warning : loaded.warnings) {
    context.err << tr("warning: {}", warning.text()) << "\n";
  }
  if (!loaded.topology) context.status = refuse(context, loaded.errors);
  return std::move(loaded.topology);
}

/// The machines that a comma list of machines, racks, zones and data centres names; a problem for
/// each that is none.
std::vector<int> machines_named(const sim::Topology& topology, const std::string& option,
                                const std::string& list, Problems& problems) {
  std::vector<int> machines;
  std::istringstream names(list);
  for (std::string name; std::getline(names, name, ',');) {
    const std::vector<int> some = topology.machines_of(name);
    if (some.empty()) {
      const std::string near = nearest_name(name, topology.names());
      problems.push_back({option,
                          {},
                          '"' + name + '"',
                          near.empty()
                              ? tr("names no machine, rack, zone or data centre with machines")
                              : tr("names no machine, rack, zone or data centre "
                                   "with machines; did you mean \"{}\"?",
                                   near)});
    }
    machines.insert(machines.end(), some.begin(), some.end());
  }
  std::sort(machines.begin(), machines.end());
  machines.erase(std::unique(machines.begin(), machines.end()), machines.end());
  return machines;
}

void answer_route(Context& context, const sim::Topology& topology,
                  const std::vector<std::string>& ends) {
  Problems problems;
  std::vector<int> places;
  for (const std::string& end : ends) {
    const std::vector<int> machine = machines_named(topology, "--route", end, problems);
    if (machine.size() > 1) {
      problems.push_back({"--route", {}, '"' + end + '"', tr("must be a single machine")});
    } else if (!machine.empty()) {
      places.push_back(machine.front());
    }
  }
  if (!problems.empty()) {
    context.status = refuse(context, problems);
    return;
  }
  context.out << route_text(topology, places[0], places[1], context);
}

void answer_flow(Context& context, const sim::Topology& topology,
                 const std::vector<std::string>& ends) {
  Problems problems;
  const std::vector<int> from = machines_named(topology, "--flow", ends[0], problems);
  std::vector<int> to = machines_named(topology, "--flow", ends[1], problems);
  // "everything" means everything else.
  if (ends[1] == "everything") {
    std::erase_if(
        to, [&](int machine) { return std::binary_search(from.begin(), from.end(), machine); });
  }
  for (const int machine : to) {
    if (!std::binary_search(from.begin(), from.end(), machine)) continue;
    problems.push_back({"--flow",
                        {},
                        '"' + topology.places()[static_cast<std::size_t>(machine)].name + '"',
                        tr("is on both sides")});
  }
  if (problems.empty() && to.empty()) {
    problems.push_back(
        {"--flow", {}, '"' + ends[1] + '"', tr("leaves no machine on the other side")});
  }
  if (!problems.empty()) {
    context.status = refuse(context, problems);
    return;
  }
  context.out << flow_text(topology, ends[0], from, ends[1], to, context);
}

void show(Context& context, const TopologyArguments& arguments) {
  const auto topology = load(context, arguments.file);
  if (!topology) return;
  if (!arguments.route.empty()) return answer_route(context, *topology, arguments.route);
  if (!arguments.flow.empty()) return answer_flow(context, *topology, arguments.flow);
  context.out << (arguments.json ? topology_json(*topology) : topology_text(*topology, context));
}

void check(Context& context, const std::vector<std::string>& files) {
  std::size_t good = 0;
  for (const std::string& file : files) {
    const scenarios::LoadedTopology loaded = scenarios::load_topology(file);
    for (const Problem& warning : loaded.warnings) {
      context.err << tr("warning: {}", warning.text()) << "\n";
    }
    context.err << to_text(loaded.errors);
    if (loaded.topology) ++good;
  }
  context.out << context.say(
      fmt::format("{} of {} topologies are valid\n", good, files.size()),
      fmt::format("토폴로지 {}개 중 {}개가 올바릅니다\n", files.size(), good));
  if (good != files.size()) context.status = exit_bad_input;
}

}  // namespace

void add_topology(Command app, Context& context) {
  const Command group = app.sub(
      "topology", tr("Racks, zones and data centres: what fails together, how much can pass"));
  group.needs_sub();
  const auto arguments = std::make_shared<TopologyArguments>();
  const std::string file = tr("A scenario (file or name) or a topology file");

  const Command show_command =
      group.sub("show", tr("The tree, single points of failure and what each outage cuts off"));
  show_command.option("file", arguments->file, file).required();
  const Option as_json = show_command.flag("--json", arguments->json, tr("All of it as JSON"));
  const Option route = show_command
                           .option("--route", arguments->route,
                                   tr("Two machines: the way between them, its delay and rate"))
                           .values(2)
                           .excludes(as_json);
  show_command
      .option("--flow", arguments->flow,
              tr("Two sets (machines, racks, zones, data centres; commas between): the most that "
                 "can pass; the second may be \"everything\""))
      .values(2)
      .excludes(as_json)
      .excludes(route);
  show_command.run([&context, arguments] { show(context, *arguments); });

  const Command check_command = group.sub("check", tr("List every mistake in files"));
  check_command.option("files", arguments->files, file).required();
  check_command.run([&context, arguments] { check(context, arguments->files); });

  const Command dot_command =
      group.sub("dot", tr("A picture for Graphviz: brokerlab topology dot F | dot -Tsvg"));
  dot_command.option("file", arguments->file, file).required();
  dot_command.run([&context, arguments] {
    if (const auto topology = load(context, arguments->file))
      context.out << topology_dot(*topology);
  });
}

}  // namespace brokerlab::cli
