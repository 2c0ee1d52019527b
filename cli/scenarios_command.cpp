// brokerlab scenarios list | show | validate | schema | docs
#include "cli/command_line.h"
#include "scenarios/loader.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

using namespace brokerlab::scenarios;

void list(Context& context) {
  for (const LibraryEntry& entry : library()) {
    const Loaded loaded = load_scenario(entry.path);
    context.out << fmt::format("{:<34} {}\n", entry.name,
                               loaded.scenario ? loaded.scenario->title.in(context.language)
                                               : "(broken: " + loaded.errors.front().text() + ")");
    if (!loaded.scenario) context.status = exit_bad_input;
  }
}

std::string cluster_line(const Scenario& s) {
  std::string topics;
  for (const TopicSpec& topic : s.topics) {
    topics += topics.empty() ? "" : ", ";
    topics += fmt::format("{} ({} partitions, replication factor {}, min.insync.replicas {})",
                          topic.name, topic.partitions, s.replication_factor(topic),
                          s.topic_config(topic).min_insync_replicas);
  }
  return fmt::format("{} brokers, {} ZooKeeper nodes; topics: {}", s.brokers.count,
                     s.zookeeper.nodes, topics);
}

std::string clients_line(const Scenario& s) {
  std::string clients;
  for (const ProducerSpec& producer : s.producers) {
    clients += clients.empty() ? "" : ", ";
    clients += fmt::format("producer {} to {}", producer.name, producer.topic);
  }
  for (const ConsumerSpec& group : s.consumers) {
    clients += clients.empty() ? "" : ", ";
    clients += fmt::format("group {} of {}", group.group, group.members);
  }
  return clients.empty() ? "none" : clients;
}

void show(Context& context, const std::string& name, const std::vector<std::string>& overrides,
          bool as_json) {
  const auto path = find_scenario(name);
  if (!path) {
    context.status = refuse(context, {path.error()});
    return;
  }
  const Loaded loaded = load_scenario(*path, {overrides, {}});
  if (!loaded.scenario) {
    context.status = refuse(context, loaded.errors);
    return;
  }
  const Scenario& s = *loaded.scenario;
  if (as_json) {
    context.out << effective_text(s);
    return;
  }
  context.out << fmt::format("{}\n{}\n\n{}\n\n", s.name, s.title.in(context.language),
                             s.story.in(context.language));
  context.out << fmt::format("Cluster    {}\n", cluster_line(s));
  context.out << fmt::format("Time       {} from {:02}:{:02}, seed {}\n", to_text(s.duration),
                             s.starts_at / 1h, s.starts_at / 1min % 60, s.seed);
  context.out << fmt::format("Clients    {}\n", clients_line(s));
  context.out << fmt::format("Faults     {}\n", s.faults.size());
  context.out << fmt::format("File       {}\n", *path);
  for (const Problem& warning : loaded.warnings) {
    context.out << "Warning    " << warning.text() << "\n";
  }
}

void validate_files(Context& context, const std::vector<std::string>& names) {
  Problems errors;
  Problems warnings;
  std::size_t good = 0;
  for (const std::string& name : names) {
    const auto path = find_scenario(name);
    if (!path) {
      errors.push_back(path.error());
      continue;
    }
    const Loaded loaded = load_scenario(*path);
    good += loaded.scenario ? 1 : 0;
    errors.insert(errors.end(), loaded.errors.begin(), loaded.errors.end());
    warnings.insert(warnings.end(), loaded.warnings.begin(), loaded.warnings.end());
  }
  for (const Problem& warning : warnings) context.err << "warning: " << warning.text() << "\n";
  context.err << to_text(errors);
  context.out << fmt::format("{} of {} files are valid\n", good, names.size());
  if (good != names.size()) context.status = exit_bad_input;
}

}  // namespace

void add_scenarios(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("scenarios", "The library of scenarios; checking your own");
  group->require_subcommand(1);

  group->add_subcommand("list", "Names and titles of the library")->callback([&context] {
    list(context);
  });

  struct Arguments {
    std::string name;
    std::vector<std::string> overrides;
    std::vector<std::string> files;
    bool json = false;
  };
  const auto arguments = std::make_shared<Arguments>();

  CLI::App* show_command = group->add_subcommand("show", "What a scenario is about");
  show_command->add_option("name", arguments->name, "A name of the library, or a file")->required();
  show_command->add_option("--set", arguments->overrides, "path=value, as for run")
      ->allow_extra_args(false);
  show_command->add_flag("--json", arguments->json, "Every setting in force, as JSON");
  show_command->callback([&context, arguments] {
    show(context, arguments->name, arguments->overrides, arguments->json);
  });

  CLI::App* validate_command = group->add_subcommand("validate", "List every mistake in files");
  validate_command->add_option("files", arguments->files, "Scenario files")->required();
  validate_command->callback([&context, arguments] { validate_files(context, arguments->files); });

  group->add_subcommand("schema", "The JSON Schema of scenario files")->callback([&context] {
    context.out << scenario_schema();
  });
  group->add_subcommand("docs", "Every setting, as Markdown tables")->callback([&context] {
    context.out << scenario_docs();
  });
}

}  // namespace brokerlab::cli
