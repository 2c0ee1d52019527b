// brokerlab import FILE... [--to SCENARIO.json]
#include "base/json_text.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "plan/files/import.h"
#include "scenarios/text_file.h"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

namespace brokerlab::cli {
namespace {

struct ImportArguments {
  std::vector<std::string> files;
  std::string to;
  std::string name = "imported";
  bool json = false;
};

/// Where the scenario goes; why not, if so. What is there already is not touched; if it is the
/// same, there is nothing to do.
std::string write_new(const std::string& path, const std::string& text) {
  if (std::filesystem::exists(path)) {
    const auto there = scenarios::read_text_file(path);
    if (there && *there == text) return {};
    return tr("is there already: choose another name");
  }
  std::ofstream out(path, std::ios::binary);
  out << text;
  return out.flush() ? std::string() : tr("cannot be written");
}

int import(Context& context, const ImportArguments& arguments) {
  std::vector<plan::NamedText> files;
  Problems problems;
  for (const std::string& file : arguments.files) {
    auto text = scenarios::read_text_file(file);
    if (text) {
      files.push_back({file, std::move(text).value()});
    } else {
      problems.push_back({file, "", "", text.error()});
    }
  }
  if (!problems.empty()) return refuse(context, problems);
  const plan::Imported imported = plan::import_files(files, arguments.name);
  for (const plan::Remark& remark : imported.remarks) {
    if (arguments.json) {
      context.err << json_text(Json{{"file", remark.file},
                                    {"line", remark.line},
                                    {"text", remark.text},
                                    {"reason", say(remark.reason)}})
                  << "\n";
    } else {
      context.err << plan::to_text(remark) << "\n";
    }
  }
  if (!imported.errors.empty()) return refuse(context, imported.errors);
  if (imported.scenario.empty()) {
    context.err << tr("nothing in these files tells of a cluster") << "\n";
    return exit_bad_input;
  }
  if (arguments.to.empty()) {
    context.out << imported.scenario;
    return exit_pass;
  }
  if (const std::string wrong = write_new(arguments.to, imported.scenario); !wrong.empty()) {
    context.err << arguments.to << ": " << wrong << "\n";
    return exit_bad_input;
  }
  context.out << tr("{} is written; {} things could not be taken over as they are", arguments.to,
                    imported.remarks.size())
              << "\n";
  return exit_pass;
}

}  // namespace

void add_import(Command app, Context& context) {
  const auto arguments = std::make_shared<ImportArguments>();
  const Command command =
      app.sub("import", tr("Make a scenario of server.properties, topic listings and the like"));
  command
      .option("files", arguments->files,
              tr("server.properties, kafka-topics --describe, reassignment or capacity JSON, "
                 "benchmark YAML; several make one cluster"))
      .required();
  command.option("--to", arguments->to, tr("The scenario's file; without it: standard output"))
      .check(not_empty);
  command.option("--name", arguments->name, tr("The scenario's name")).shows_default();
  command.flag("--json", arguments->json, tr("What could not be taken over as JSON"));
  command.run([&context, arguments] { context.status = import(context, *arguments); });
}

}  // namespace brokerlab::cli
