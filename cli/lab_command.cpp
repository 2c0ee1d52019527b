// brokerlab lab list|start|run|check|hint: guided lessons in a folder of the student's.
#include "cli/run.h"
#include "labs/checker.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <ostream>

namespace brokerlab::cli {
namespace {

struct Arguments {
  std::string lab;
  std::string directory;
  std::string language;  ///< Empty: not said here.
  bool force = false;
};

/// One of a sentence's languages, by the student's choice.
class Speaker {
 public:
  Speaker(Context& context, std::string language)
      : context_(context), language_(std::move(language)) {}

  const std::string& pick(const labs::LocalText& text) const { return text.in(language_); }
  void line(const labs::LocalText& text) const { context_.out << pick(text) << "\n"; }
  bool korean() const { return language_ == "ko"; }

 private:
  Context& context_;
  const std::string language_;
};

/// A language said in this call counts, and is remembered; else the folder's.
Speaker speaker(Context& context, const Arguments& arguments, labs::Workspace& workspace) {
  if (!arguments.language.empty()) workspace.state.language = arguments.language;
  return {context, workspace.state.language};
}

void save(Context& context, const labs::Workspace& workspace) {
  const auto saved = workspace.save();
  if (saved.ok()) return;
  context.err << "brokerlab: " << saved.error() << "\n";
  context.status = exit_trouble;
}

std::optional<labs::Workspace> open(Context& context, const Arguments& arguments) {
  labs::OpenedWorkspace opened = labs::open_workspace(arguments.directory);
  if (!opened.workspace) context.status = refuse(context, opened.errors);
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

void list(Context& context, const Arguments& arguments) {
  const std::string language = arguments.language.empty() ? context.language : arguments.language;
  for (const std::string& name : labs::lab_names()) {
    const labs::LoadedLab found = labs::find_lab(name);
    if (!found.lab) {
      context.status = refuse(context, found.errors);
      continue;
    }
    context.out << fmt::format("{:<20} {:>3} min  {}\n", name, found.lab->minutes,
                               found.lab->title.in(language));
  }
}

void start(Context& context, const Arguments& arguments) {
  const labs::LoadedLab found = labs::find_lab(arguments.lab);
  if (!found.lab) {
    context.status = refuse(context, found.errors);
    return;
  }
  const std::string language = arguments.language.empty() ? context.language : arguments.language;
  const std::string directory = arguments.directory.empty() ? arguments.lab : arguments.directory;
  const Problems problems =
      labs::start(*found.lab, directory, language, arguments.force, command_for_later(context));
  if (!problems.empty()) {
    context.status = refuse(context, problems);
    return;
  }
  const Speaker say(context, language);
  say.line({fmt::format("{}: {}\n\n  cd {}\n  README.md         the lesson, read it first\n"
                        "  answers.json      your predictions and answers\n"
                        "  scenario.json     the cluster, for you to change\n\n"
                        "Then: ./brokerlab lab run, ./brokerlab lab check, ./brokerlab lab hint",
                        directory, found.lab->title.en, directory),
            fmt::format("{}: {}\n\n  cd {}\n  README.md         수업 내용, 먼저 읽으세요\n"
                        "  answers.json      예측과 답을 적는 파일\n"
                        "  scenario.json     여러분이 바꿀 클러스터\n\n"
                        "그다음: ./brokerlab lab run, ./brokerlab lab check, ./brokerlab lab hint",
                        directory, found.lab->title.ko, directory)});
}

void run_lab(Context& context, const Arguments& arguments) {
  auto workspace = open(context, arguments);
  if (!workspace) return;
  const Speaker say = speaker(context, arguments, *workspace);
  const labs::RunPlan plan = labs::plan_run(*workspace);
  if (!plan.errors.empty()) {
    context.status = refuse(context, plan.errors);
    return;
  }
  if (plan.refusal) {
    say.line(*plan.refusal);
    context.status = exit_fail;
    return;
  }
  for (const Problem& warning : plan.warnings) {
    context.err << "warning: " << warning.text() << "\n";
  }
  RunRequest request;
  request.record = plan.record;
  if (run_scenario(context, *plan.scenario, request) > exit_unknown) {
    context.status = exit_trouble;
    return;
  }
  const auto comparisons = labs::finish_run(*workspace, plan);
  if (!comparisons.empty()) {
    say.line({"\nYour predictions", "\n예측과 측정"});
    for (const auto& one : comparisons) say.line(one);
  }
  save(context, *workspace);
}

void check(Context& context, const Arguments& arguments) {
  auto workspace = open(context, arguments);
  if (!workspace) return;
  const Speaker say = speaker(context, arguments, *workspace);
  const labs::CheckResult result = labs::check(
      *workspace, [&](const labs::LocalText& words) { context.err << say.pick(words) << "\n"; });
  if (!result.errors.empty()) {
    context.status = refuse(context, result.errors);
    return;
  }
  if (!result.trouble.empty()) {
    context.err << "brokerlab: " << result.trouble << "\n";
    context.status = exit_trouble;
    return;
  }
  for (std::size_t i = 0; i < result.tasks.size(); ++i) {
    const labs::TaskResult& task = result.tasks[i];
    const labs::LocalText state = task.passed      ? labs::LocalText{"passed", "통과"}
                                  : task.looked_at ? labs::LocalText{"not yet", "아직"}
                                                   : labs::LocalText{"later", "다음에"};
    context.out << fmt::format("{}. {}: {}\n", i + 1, say.pick(workspace->lab.tasks[i].title),
                               say.pick(state));
    for (const labs::Finding& finding : task.findings) {
      context.out << fmt::format("   {} {}\n", finding.passed ? "+" : "-", say.pick(finding.words));
    }
    if (task.looked_at && !task.passed) {
      context.out << "   " << say.pick(workspace->lab.tasks[i].text) << "\n";
    }
  }
  context.status = result.passed() ? exit_pass : exit_fail;
  if (result.passed()) say.line({"\nAll tasks passed.", "\n모든 과제를 통과했습니다."});
  save(context, *workspace);
}

void hint(Context& context, const Arguments& arguments) {
  auto workspace = open(context, arguments);
  if (!workspace) return;
  const Speaker say = speaker(context, arguments, *workspace);
  const labs::Hint next = labs::next_hint(*workspace);
  if (next.task.empty()) {
    say.line({"Every task is done: there is nothing left to hint at.",
              "모든 과제를 마쳤습니다. 더 줄 힌트가 없습니다."});
  } else {
    for (const auto& task : workspace->lab.tasks) {
      if (task.id != next.task) continue;
      context.out << fmt::format("{} ({}/{}{})\n", say.pick(task.title), next.number, next.of,
                                 next.again ? (say.korean() ? ", 마지막 힌트" : ", the last") : "");
    }
    say.line(next.words);
  }
  save(context, *workspace);
}

}  // namespace

void add_lab(CLI::App& app, Context& context) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* lab = app.add_subcommand("lab", "Guided lessons, in English or Korean");
  lab->require_subcommand(1);
  const auto add = [&](const char* name, const char* what,
                       void (*act)(Context&, const Arguments&)) {
    CLI::App* command = lab->add_subcommand(name, what);
    command->add_option("--lang", arguments->language, "en or ko; a lab's folder remembers it")
        ->check(CLI::IsMember({"en", "ko"}));
    command->callback([&app, &context, arguments, act] {
      if (arguments->language.empty() && app.get_option("--lang")->count() > 0) {
        arguments->language = context.language;
      }
      act(context, *arguments);
    });
    return command;
  };
  add("list", "The labs there are", list);
  CLI::App* begin = add("start", "Make a folder to work in", start);
  begin->add_option("lab", arguments->lab, "A name of lab list")->required();
  begin->add_option("directory", arguments->directory, "The folder; else named like the lab");
  begin->add_flag("--force", arguments->force, "Begin anew in a folder that is there already");
  for (CLI::App* command : {add("run", "Run the scenario of the folder", run_lab),
                            add("check", "See which tasks are done", check),
                            add("hint", "The next hint for the first open task", hint)}) {
    command->add_option("directory", arguments->directory, "The lab's folder; else this one");
    command->parse_complete_callback([arguments] {
      if (arguments->directory.empty()) arguments->directory = ".";
    });
  }
}

}  // namespace brokerlab::cli
