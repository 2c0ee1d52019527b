// brokerlab view: hands over to brokerlab-viz, which is built beside this program.
#include "base/translation.h"
#include "cli/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <ostream>
#include <unistd.h>

namespace brokerlab::cli {
namespace {

/// The directory of this very program, whatever way it was called.
std::filesystem::path own_directory(const std::string& program) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path(program).parent_path() : self.parent_path();
}

/// A scenario in place of a recording is run first; its recording stays beside the caller.
bool record_scenario(Context& context, std::string& first) {
  if (first.empty() || first.front() == '-' || first.ends_with(".run")) return true;
  const bool scenario = first.ends_with(".json") || !std::filesystem::exists(first);
  if (!scenario) return true;
  RunRequest request;
  request.scenario = first;
  request.record = std::filesystem::path(first).stem().string() + ".run";
  context.status = run(context, request);
  first = request.record;
  return context.status <= exit_unknown;
}

void view(Context& context, std::vector<std::string> arguments) {
  const auto viewer = viewer_program(context);
  if (!viewer) return;
  if (!arguments.empty() && !record_scenario(context, arguments.front())) return;
  std::vector<std::string> words{*viewer};
  words.insert(words.end(), arguments.begin(), arguments.end());
  const bool said = std::any_of(arguments.begin(), arguments.end(),
                                [](const std::string& word) { return word.starts_with("--lang"); });
  if (!said) words.push_back("--lang=" + context.language);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  context.out.flush();
  execv(viewer->c_str(), argv.data());
  context.err << "brokerlab: " << tr("{} cannot be started: {}", *viewer, std::strerror(errno))
              << "\n";
  context.status = exit_trouble;
}

}  // namespace

std::optional<std::string> viewer_program(Context& context) {
  std::string viewer = (own_directory(context.program) / "brokerlab-viz").string();
  if (std::filesystem::exists(viewer)) return viewer;
  context.err << "brokerlab: " << tr("the viewer is not built: {} is missing", viewer) << "\n";
  context.status = exit_trouble;
  return std::nullopt;
}

void add_view(Command app, Context& context) {
  const Command command =
      app.sub("view", tr("Open a recording, or a scenario run now, in the window"));
  command.leaves_rest();
  command.run([&context, command] { view(context, command.rest()); });
}

}  // namespace brokerlab::cli
