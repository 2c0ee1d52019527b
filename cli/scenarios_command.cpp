// brokerlab scenarios list | show | new | validate | schema | docs | metrics
#include "base/settings.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "recording/metric_names.h"
#include "scenarios/catalogue.h"
#include "scenarios/copy.h"
#include "scenarios/loader.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

using namespace brokerlab::scenarios;

/// Where its theme stands among all; behind them without one.
std::size_t place_of(const Loaded& loaded) {
  if (!loaded.scenario || !loaded.scenario->lesson) return themes().size();
  const auto found = std::find(themes().begin(), themes().end(), loaded.scenario->lesson->theme);
  return static_cast<std::size_t>(found - themes().begin());
}

void list(Context& context) {
  if (library().empty()) {
    context.err << "brokerlab: " << no_library(library_directory()) << "\n";
    context.status = exit_trouble;
    return;
  }
  std::map<std::size_t, std::string> by_theme;
  for (const LibraryEntry& entry : library()) {
    const Loaded loaded = load_scenario(entry.path);
    by_theme[place_of(loaded)] += fmt::format(
        "  {:<34} {}\n", entry.name,
        loaded.scenario ? told(*loaded.scenario, loaded.scenario->title.in(context.language))
                        : tr("(broken: {})", loaded.errors.front().text()));
    if (!loaded.scenario) context.status = exit_bad_input;
  }
  for (const auto& [place, lines] : by_theme) {
    const bool has_theme = place < themes().size();
    context.out << (has_theme ? say(words_for(themes()[place])) : tr("Without a theme")) << "\n"
                << lines;
  }
}

std::string cluster_line(const Scenario& s) {
  std::string topics;
  for (const TopicSpec& topic : s.topics) {
    topics += topics.empty() ? "" : ", ";
    const std::string partitions =
        topic.partitions == 1 ? tr("1 partition") : tr("{} partitions", topic.partitions);
    topics += tr("{} ({}, replication factor {}, min.insync.replicas {})", topic.name, partitions,
                 s.replication_factor(topic), s.topic_config(topic).min_insync_replicas);
  }
  const int nodes = s.zookeeper.nodes;
  return tr("{}, {}; topics: {}",
            s.broker_count() == 1 ? tr("1 broker") : tr("{} brokers", s.broker_count()),
            nodes == 1 ? tr("1 ZooKeeper node") : tr("{} ZooKeeper nodes", nodes), topics);
}

std::string clients_line(const Scenario& s) {
  std::string clients;
  for (const ProducerSpec& producer : s.producers) {
    clients += clients.empty() ? "" : ", ";
    clients += tr("producer {} to {}", producer.name, producer.topic);
  }
  for (const ConsumerSpec& group : s.consumers) {
    clients += clients.empty() ? "" : ", ";
    clients += tr("group {} of {}", group.group, group.members);
  }
  return clients.empty() ? tr("none") : clients;
}

/// With its files named so that it can be saved and run in any folder.
Scenario from_anywhere(Scenario scenario) {
  for (SourceSpec& source : scenario.sources) {
    for (std::string* file : source.files()) {
      *file = std::filesystem::absolute(scenario.path_of(*file)).lexically_normal().string();
    }
  }
  return scenario;
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
    context.out << effective_text(from_anywhere(s));
    return;
  }
  context.out << fmt::format("{}\n{}\n\n{}\n\n", s.name, s.title.in(context.language),
                             told(s, s.story.in(context.language)));
  const auto row = [&context](const std::string& title, const std::string& text) {
    context.out << fmt::format("{:<10} {}\n", title, text);
  };
  row(tr("Cluster"), cluster_line(s));
  row(tr("Time"), tr("{} from {:02}:{:02}, seed {}", to_text(s.duration), s.starts_at / 1h,
                     s.starts_at / 1min % 60, s.seed));
  row(tr("Clients"), clients_line(s));
  row(tr("Faults"), std::to_string(s.faults.size()));
  row(tr("File"), *path);
  for (const Problem& warning : loaded.warnings) {
    row(tr("Warning"), warning.text());
  }
  if (!s.lesson) return;
  const std::string commands = variations(s, language_of(context.language));
  context.out << "\n" << verdict_of_variations(language_of(context.language)) << "\n\n";
  context.out << commands.substr(0, commands.size() - 1);
}

/// "power_off".
std::string name_of_fault(const Fault& fault) {
  std::string name;
  Json written;
  Fault::settings().to_json(fault, written);
  for (const auto& [key, ignored] : written.items()) {
    if (key != "at" && key != "as") name = key;
  }
  return name;
}

/// What the copy is made of, and what to turn first.
void explain_copy(Context& context, const ScenarioCopy& copy) {
  const Scenario& s = copy.scenario;
  const auto row = [&](const char* key, std::string english, std::string korean) {
    context.out << fmt::format("  {:<10} {}\n", key,
                               context.say(std::move(english), std::move(korean)));
  };
  context.out << context.say("What to change first, in the file or with --set:\n",
                             "파일이나 --set으로 먼저 바꿔 볼 것:\n");
  row("title", "and story: they still tell of the scenario that was copied",
      "story와 함께 고칠 것: 아직 복사한 시나리오의 글입니다");
  if (!s.faults.empty()) {
    const auto& first = s.faults.front();
    row("faults",
        fmt::format("what goes wrong and when; now {} at {}, the first of {}", name_of_fault(first),
                    to_text(first.at), s.faults.size()),
        fmt::format("무엇이 언제 고장 나는지. 지금은 {}에 {} 등 {}개", to_korean_text(first.at),
                    name_of_fault(first), s.faults.size()));
  }
  if (!s.producers.empty()) {
    const auto& first = s.producers.front();
    row("producers",
        fmt::format("--set producers.{}.config.acks=..., linger.ms, retries", first.name),
        fmt::format("--set producers.{}.config.acks=..., linger.ms, retries", first.name));
  }
  row("topics",
      fmt::format("partitions, replication.factor, min.insync.replicas of {}",
                  s.topics.front().name),
      fmt::format("{}의 partitions, replication.factor, min.insync.replicas",
                  s.topics.front().name));
  if (!s.sources.empty()) {
    row("sources", "rate: how many records a second; file: rows of your own",
        "rate: 초당 레코드 수, file: 직접 만든 데이터");
  }
  row("expect", "what the run is judged by", "실행을 판정하는 기준");
}

/// As the user calls brokerlab from here.
std::string own_command(const Context& context) {
  const char* launcher = std::getenv("BROKERLAB_LAUNCHER");
  if (launcher == nullptr || *launcher == '\0') return context.program;
  std::error_code error;
  const bool here = std::filesystem::equivalent(launcher, "./brokerlab", error);
  return here ? "./brokerlab" : launcher;
}

void make_new(Context& context, const std::string& folder, const std::string& from) {
  const auto path = find_scenario(from);
  if (!path) {
    context.status = refuse(context, {path.error()});
    return;
  }
  const auto made = copy_scenario(*path, folder);
  if (!made) {
    context.status = refuse(context, made.error());
    return;
  }
  context.out << context.say(fmt::format("Made from {}:\n  {}\n", from, made->path),
                             fmt::format("{}에서 만들었습니다:\n  {}\n", from, made->path));
  for (const std::string& file : made->data_files) context.out << "  " << file << "\n";
  context.out << "  " << made->schema << "\n";
  const std::string brokerlab = own_command(context);
  context.out << context.say("\nIt runs as it is:\n", "\n그대로 실행됩니다:\n")
              << fmt::format("  {0} run {1} --record {2}.run\n  {0} view {2}.run\n\n", brokerlab,
                             made->path, made->scenario.name);
  explain_copy(context, *made);
  context.out << context.say("\nThen, to see every mistake in it at once:\n",
                             "\n고친 뒤에는 잘못된 곳을 한꺼번에 볼 수 있습니다:\n")
              << fmt::format("  {} scenarios validate {}\n", brokerlab, made->path);
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
  for (const Problem& warning : warnings) context.err << tr("warning: {}", warning.text()) << "\n";
  context.err << to_text(errors);
  context.out << tr("{} of {} files are valid", good, names.size()) << "\n";
  if (good != names.size()) context.status = exit_bad_input;
}

}  // namespace

void add_scenarios(Command app, Context& context) {
  const Command group = app.sub("scenarios", tr("The library of scenarios; checking your own"));
  group.needs_sub();

  group.sub("list", tr("Names and titles of the library")).run([&context] { list(context); });

  struct Arguments {
    std::string name;
    std::vector<std::string> overrides;
    std::vector<std::string> files;
    bool json = false;
  };
  const auto arguments = std::make_shared<Arguments>();

  const Command show_command = group.sub("show", tr("What a scenario is about"));
  show_command.option("name", arguments->name, tr("A name of the library, or a file")).required();
  show_command.option("--set", arguments->overrides, tr("path=value, as for run")).one_each();
  show_command.flag("--json", arguments->json, tr("Every setting in force, as JSON"));
  show_command.run([&context, arguments] {
    show(context, arguments->name, arguments->overrides, arguments->json);
  });

  struct NewArguments {
    std::string folder;
    std::string from = "wifi_auth_broker_crash";
  };
  const auto made = std::make_shared<NewArguments>();
  const Command new_command =
      group.sub("new", tr("A scenario of your own: a copy that runs as it is"));
  new_command.option("name", made->folder, tr("The folder to make; its name is the scenario's"))
      .required();
  new_command.option("--from", made->from, tr("A name of the library, or a file")).shows_default();
  new_command.run([&context, made] { make_new(context, made->folder, made->from); });

  const Command validate_command = group.sub("validate", tr("List every mistake in files"));
  validate_command.option("files", arguments->files, tr("Scenario files")).required();
  validate_command.run([&context, arguments] { validate_files(context, arguments->files); });

  group.sub("incidents", tr("The catalogue of the library, as Markdown")).run([&context] {
    context.out << catalogue(language_of(context.language));
  });
  group.sub("schema", tr("The JSON Schema of scenario files")).run([&context] {
    context.out << scenario_schema();
  });
  group.sub("docs", tr("Every setting, as Markdown tables")).run([&context] {
    context.out << scenario_docs();
  });
  group.sub("metrics", tr("What Kafka calls what is recorded, as Markdown tables")).run([&context] {
    context.out << recording::metric_docs();
  });
}

}  // namespace brokerlab::cli
