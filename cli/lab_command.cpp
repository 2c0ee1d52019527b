// brokerlab lab list|start|run|runs|check|hint: guided lessons in a folder of the student's.
#include "cli/progress.h"
#include "cli/run.h"
#include "labs/guide.h"
#include "labs/words.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

struct LabArguments {
  std::string lab;
  std::string directory;
  std::string language;  ///< Empty: not said here.
  bool force = false;
  labs::RunWish wish;
};

const std::string& local_text(const labs::LocalText& text) { return labs::pick(text, spoken()); }

/// From here on, the reports of runs included.
void speak_to(Context& context, const std::string& language) {
  context.language = language;
  speak(language_of(language));
}

void expect_written(Context& context, const Status<std::string>& written) {
  if (written.ok()) return;
  context.err << "brokerlab: " << written.error() << "\n";
  context.status = exit_trouble;
}

void save(Context& context, const labs::Workspace& workspace) {
  expect_written(context, workspace.save());
}

/// True: the lesson goes on.
bool show_sections(Context& context, labs::Workspace& workspace, std::size_t sections) {
  const auto shown = workspace.show_sections(sections);
  if (!shown.ok()) expect_written(context, fail(shown.error()));
  return shown.ok() && *shown;
}

/// A language said in this call counts, and is remembered; else the folder's.
std::optional<labs::Workspace> open(Context& context, const LabArguments& arguments) {
  labs::OpenedWorkspace opened = labs::open_workspace(arguments.directory);
  if (!opened.workspace) {
    context.status = refuse(context, opened.errors);
    return std::nullopt;
  }
  if (!arguments.language.empty()) {
    expect_written(context, opened.workspace->speak(arguments.language));
  }
  speak_to(context, opened.workspace->state.language);
  return std::move(opened.workspace);
}

/// What calls brokerlab from any folder: the launcher when it called us, else this program.
std::string command_for_later(const Context& context) {
  const char* launcher = std::getenv("BROKERLAB_LAUNCHER");
  if (launcher != nullptr && *launcher != '\0') return launcher;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? context.program : self.string();
}

void tell_next(Context& context, const LabArguments& arguments, const labs::Workspace& workspace,
               bool just_checked = false, bool runs_passed = false) {
  const labs::Step step = labs::next_step(workspace, just_checked, runs_passed);
  context.out << "\n" << tr("Next: {}", local_text(step.words)) << "\n";
  std::error_code error;
  if (!std::filesystem::equivalent(arguments.directory, ".", error)) {
    context.out << "  cd " << arguments.directory << "\n";
  }
  for (const std::string& command : step.commands) context.out << "  " << command << "\n";
}

void list(Context& context, const LabArguments& arguments) {
  speak_to(context, arguments.language.empty() ? context.language : arguments.language);
  for (const std::string& name : labs::lab_names()) {
    const labs::LoadedLab found = labs::find_lab(name);
    if (!found.lab) {
      context.status = refuse(context, found.errors);
      continue;
    }
    context.out << tr("{:<20} {:>3} min  {}", name, found.lab->minutes,
                      local_text(found.lab->title))
                << "\n";
  }
  context.out << "\n" << tr("Next: ./brokerlab lab start NAME") << "\n";
}

void start(Context& context, const LabArguments& arguments) {
  speak_to(context, arguments.language.empty() ? context.language : arguments.language);
  const labs::LoadedLab found = labs::find_lab(arguments.lab);
  if (!found.lab) {
    context.status = refuse(context, found.errors);
    return;
  }
  const std::string directory = arguments.directory.empty() ? arguments.lab : arguments.directory;
  const Problems problems = labs::start(*found.lab, directory, context.language, arguments.force,
                                        command_for_later(context));
  if (!problems.empty()) {
    context.status = refuse(context, problems);
    return;
  }
  context.out << tr("{}: {}, about {} minutes\n"
                    "  README.md         the lesson; it grows with every task that you have done\n"
                    "  answers.json      your predictions and answers\n"
                    "  scenario.json     the cluster, for you to change\n\n"
                    "Next: read README.md and write your predictions into answers.json, then\n"
                    "  cd {}\n  ./brokerlab lab run",
                    directory, local_text(found.lab->title), found.lab->minutes, directory)
              << "\n";
}

void run_lab(Context& context, const LabArguments& arguments) {
  auto workspace = open(context, arguments);
  if (!workspace) return;
  const labs::RunPlan plan = labs::plan_run(*workspace, arguments.wish);
  if (!plan.errors.empty()) {
    context.status = refuse(context, plan.errors);
    return;
  }
  if (plan.refusal) {
    context.err << local_text(*plan.refusal) << "\n";
    context.status = exit_bad_input;
    save(context, *workspace);
    return;
  }
  for (const Problem& warning : plan.warnings) {
    context.err << tr("warning: {}", warning.text()) << "\n";
  }
  if (plan.note) context.err << local_text(*plan.note) << "\n";
  RunRequest request;
  request.record = plan.record;
  if (run_scenario(context, *plan.scenario, request) > exit_unknown) {
    context.status = exit_trouble;
    return;
  }
  const auto after = labs::finish_run(*workspace, plan);
  if (!after.empty()) context.out << "\n";
  for (const auto& one : after) context.out << local_text(one) << "\n";
  for (const auto& one : labs::changed_predictions(*workspace)) {
    context.out << local_text(one) << "\n";
  }
  if (show_sections(context, *workspace, labs::first_open(*workspace) + 1)) {
    context.out << tr("README.md goes on: there is a new section.") << "\n";
  }
  if (plan.experiment) {
    context.out << "\n"
                << tr("Next: count for yourself\n  ./brokerlab trace {} --kind {}", plan.record,
                      plan.count)
                << "\n";
  } else {
    tell_next(context, arguments, *workspace);
  }
  save(context, *workspace);
}

void list_runs(Context& context, const LabArguments& arguments) {
  const auto workspace = open(context, arguments);
  if (!workspace) return;
  const auto runs = labs::kept_runs(*workspace);
  for (const labs::KeptRun& run : runs) {
    context.out << fmt::format("{:<14} {}\n", run.name, local_text(run.words));
  }
  if (runs.size() < 2) {
    tell_next(context, arguments, *workspace);
    return;
  }
  context.out << "\n"
              << tr("Next: look at one, or keep another\n"
                    "  ./brokerlab view runs/{}.run\n  ./brokerlab lab run --name my-try",
                    runs.back().name)
              << "\n";
}

/// "2. Run and measure: not yet", and why.
void print_task(Context& context, const labs::Workspace& workspace, std::size_t number,
                const labs::TaskResult& result) {
  if (!result.looked_at) return;
  const labs::LabTask& task = workspace.lab.tasks[number];
  context.out << fmt::format("{}. {}: {}\n", number + 1, local_text(task.title),
                             result.passed ? tr("passed") : tr("not yet"));
  for (const labs::Finding& finding : result.findings) {
    context.out << fmt::format("   {} {}\n", finding.passed ? "+" : "-", local_text(finding.words));
  }
  if (!result.passed) context.out << "   " << local_text(task.text) << "\n";
  context.out << std::flush;
}

void tell_debrief(Context& context, const labs::Workspace& workspace) {
  const labs::Debrief all = labs::debrief(workspace);
  context.out << "\n" << tr("All tasks passed.") << "\n\n" << tr("What you have learnt") << "\n";
  for (const auto& one : all.learnt) context.out << "  - " << local_text(one) << "\n";
  context.out << "\n" << tr("Your predictions, and why it came so") << "\n";
  for (const auto& one : all.predictions) context.out << "  " << local_text(one) << "\n";
  if (all.next_lab) {
    context.out << "\n"
                << tr("Next: the next lab\n  ./brokerlab lab start {}", *all.next_lab) << "\n";
    return;
  }
  context.out << "\n" << tr("Next: this was the last lab so far; try") << "\n";
  for (const auto& one : all.afterwards) context.out << "  " << local_text(one) << "\n";
}

/// Of the task that is open: a finding behind that of its runs tells that they went well.
bool runs_passed(const labs::Lab& lab, const labs::CheckResult& result) {
  for (std::size_t i = 0; i < result.tasks.size(); ++i) {
    const labs::TaskResult& task = result.tasks[i];
    if (!task.looked_at || task.passed) continue;
    for (std::size_t c = 0; c < task.findings.size(); ++c) {
      const bool runs = std::holds_alternative<labs::Survives>(lab.tasks[i].checks[c].what);
      if (runs) return task.findings[c].passed;
    }
  }
  return false;
}

/// What comes after the tasks.
void tell_rest(Context& context, const LabArguments& arguments, labs::Workspace& workspace,
               const labs::CheckResult& result) {
  for (const auto& one : labs::changed_predictions(workspace)) {
    context.out << local_text(one) << "\n";
  }
  if (result.passed()) {
    tell_debrief(context, workspace);
    return;
  }
  const auto open = labs::first_open(workspace);
  const std::size_t after = workspace.lab.tasks.size() - open - 1;
  context.out << (after > 0 ? tr("{} more to come.", after) : tr("This is the last task.")) << "\n";
  const auto compared = labs::predictions_against_measurement(workspace);
  if (!compared.empty() && !workspace.state.compared) {
    workspace.state.compared = true;
    context.out << "\n" << tr("Your predictions") << "\n";
    for (const auto& one : compared) context.out << "  " << local_text(one) << "\n";
  }
  if (show_sections(context, workspace, open + 1)) {
    context.out << "\n" << tr("README.md goes on: there is a new section.") << "\n";
  }
  if (!result.recording.empty()) {
    context.out << "\n"
                << (result.lost ? tr("That run is recorded: ask it why\n"
                                     "  ./brokerlab why runs/refuted.run \"is lost\"\n"
                                     "  ./brokerlab trace runs/refuted.run")
                                : tr("That run is recorded: look into it\n"
                                     "  ./brokerlab trace runs/refuted.run"))
                << "\n";
  }
  if (result.trial.empty()) {
    tell_next(context, arguments, workspace, true, runs_passed(workspace.lab, result));
  } else {
    context.out << "\n"
                << tr("Next: change scenario.json and try again; if you are stuck\n"
                      "  ./brokerlab lab hint")
                << "\n";
  }
}

void check(Context& context, const LabArguments& arguments) {
  auto workspace = open(context, arguments);
  if (!workspace) return;
  std::optional<ProgressLine> line;
  std::string title;
  labs::Hearing hearing;
  hearing.task = [&](std::size_t task, const labs::TaskResult& result) {
    line.reset();
    title.clear();
    print_task(context, *workspace, task, result);
  };
  hearing.progress = [&](const labs::LocalText& what, int done, int runs, double share) {
    const int columns = progress_columns();
    if (local_text(what) != title) {
      title = local_text(what);
      line.reset();
      line.emplace(context.err, columns);
      if (columns == 0) context.err << title << "\n" << std::flush;
    }
    if (columns == 0 || !line->due(share)) return;
    line->draw(share, tr("{}: {} of {} runs", title, done, runs), title, "");
  };
  const labs::CheckResult result = labs::check(*workspace, hearing, true);
  line.reset();
  if (!result.errors.empty()) {
    context.status = refuse(context, result.errors);
    return;
  }
  if (!result.trouble.empty()) {
    context.err << "brokerlab: " << result.trouble << "\n";
    context.status = exit_trouble;
    return;
  }
  context.status = result.passed() ? exit_pass : exit_fail;
  tell_rest(context, arguments, *workspace, result);
  save(context, *workspace);
}

void hint(Context& context, const LabArguments& arguments) {
  auto workspace = open(context, arguments);
  if (!workspace) return;
  const labs::Hint next = labs::next_hint(*workspace);
  if (next.task.empty()) {
    context.out << tr("Every task is done: there is nothing left to hint at.") << "\n";
  } else {
    for (const auto& task : workspace->lab.tasks) {
      if (task.id != next.task) continue;
      context.out << (next.number == next.of
                          ? tr("{} ({}/{}, the last)", local_text(task.title), next.number, next.of)
                          : tr("{} ({}/{})", local_text(task.title), next.number, next.of))
                  << "\n";
    }
    context.out << local_text(next.words) << "\n";
  }
  tell_next(context, arguments, *workspace);
  save(context, *workspace);
}

}  // namespace

void add_lab(Command app, Context& context) {
  const auto arguments = std::make_shared<LabArguments>();
  const Command lab = app.sub("lab", tr("Guided lessons, in English or Korean"));
  lab.needs_sub();
  const auto add = [&](const char* name, const std::string& what,
                       void (*act)(Context&, const LabArguments&)) {
    const Command command = lab.sub(name, what);
    command.option("--lang", arguments->language, tr("en or ko; a lab's folder remembers it"))
        .one_of({"en", "ko"});
    command.run([&context, arguments, act] {
      if (arguments->language.empty() && context.language_said) {
        arguments->language = context.language;
      }
      act(context, *arguments);
    });
    return command;
  };
  add("list", tr("The labs there are"), list);
  const Command begin = add("start", tr("Make a folder to work in"), start);
  begin.option("lab", arguments->lab, tr("A name of lab list")).required();
  begin.option("directory", arguments->directory, tr("The folder; else named like the lab"));
  begin.flag("--force", arguments->force, tr("Begin anew in a folder that is there already"));
  const Command run = add("run", tr("Run the scenario of the folder"), run_lab);
  run.option("--name", arguments->wish.name, tr("Keep the recording as runs/NAME.run"));
  run.flag("--original", arguments->wish.original,
           tr("The scenario as the lab gave it, whatever you have changed"));
  run.option("--experiment", arguments->wish.experiment,
             tr("Not the lab's fault but this experiment; the lesson names them"));
  for (const Command& command :
       {run, add("runs", tr("What your runs came to, side by side"), list_runs),
        add("check", tr("See which tasks are done"), check),
        add("hint", tr("The next hint for the first open task"), hint)}) {
    command.option("directory", arguments->directory, tr("The lab's folder; else this one"));
    command.before([arguments] {
      if (arguments->directory.empty()) arguments->directory = ".";
    });
  }
}

}  // namespace brokerlab::cli
