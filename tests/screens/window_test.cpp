// A real window on a screen without a monitor (Xvfb), driven by mouse and keys (xdotool): open,
// play, scrub, zoom, why, follow, export, kill, which forks the run, compare, and the other future;
// and a run that is simulated live, to which things are done. What the window then shows is
// asserted on its view state. Skipped where either program is missing.
#include "viz/window.h"

#include "tests/in_child.h"
#include "tests/runs/run_story.h"
#include "tests/temporary.h"
#include "viz/offscreen.h"

#include <sys/wait.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>
#include <unistd.h>

using namespace brokerlab;
namespace fs = std::filesystem;

namespace {

bool has(const char* program) {
  return std::system(fmt::format("command -v {} >/dev/null 2>&1", program).c_str()) == 0;
}

// What a test wants to know of the view, a line each.
std::string told_of(viz::Viewer& viewer) {
  const viz::ViewState& view = viewer.view();
  std::string text;
  const auto tell = [&](const char* name, const auto& value) {
    text += fmt::format("{}={}\n", name, value);
  };
  tell("t", to_seconds(view.time));
  tell("playing", view.playing);
  tell("span", view.span.whole() ? 0 : to_seconds(view.span.to - view.span.from));
  const auto* machine = view.asked && view.asked->of == viz::Asked::Of::machine
                            ? viewer.run().machine(view.asked->id)
                            : nullptr;
  tell("asked", machine == nullptr ? "" : machine->name);
  tell("selected", view.selected_event ? viewer.reader().event(*view.selected_event)->kind : "");
  tell("following", view.following.has_value());
  tell("comparing", view.comparing);
  tell("presenting", view.presenting);
  tell("language", static_cast<int>(view.language));
  tell("busy", viewer.busy());
  tell("path", viewer.path());
  tell("notice", view.notice);
  tell("edge", view.at_edge);
  tell("life", viewer.live() == nullptr ? 0 : viewer.live()->state().life);
  tell("duration", to_seconds(viewer.run().duration));
  std::string faults;
  for (const auto& event : viewer.run().events) {
    if (event.level == recording::EventLevel::fault) faults += event.kind + " ";
  }
  tell("faults", faults);
  return text;
}

constexpr const char* window_run = "BROKERLAB_TEST_WINDOW_RUN";
constexpr const char* window_live = "BROKERLAB_TEST_WINDOW_LIVE";
constexpr const char* window_state = "BROKERLAB_TEST_WINDOW_STATE";

// Xvfb, and in a process of its own the window.
class Screen {
 public:
  Screen(const std::string& run, std::string state, bool live = false) : state_(std::move(state)) {
    std::array<int, 2> ends{};
    REQUIRE(pipe2(ends.data(), O_CLOEXEC) == 0);
    server_ = fork();
    if (server_ == 0) {
      heed_signals();
      fcntl(ends[1], F_SETFD, 0);
      const std::string fd = std::to_string(ends[1]);
      execlp("Xvfb", "Xvfb", "-displayfd", fd.c_str(), "-screen", "0", "1600x900x24", "-nolisten",
             "tcp", nullptr);
      _exit(127);
    }
    close(ends[1]);
    display_ = ":" + first_line_of(ends[0]);
    close(ends[0]);
    INFO("Xvfb has named no display");
    REQUIRE(display_ != ":");
    window_ = fork();
    if (window_ != 0) return;
    heed_signals();
    setenv("DISPLAY", display_.c_str(), 1);
    setenv(window_run, run.c_str(), 1);
    setenv(window_live, live ? "1" : "", 1);
    setenv(window_state, state_.c_str(), 1);
    // A program of its own: other tests have drawn in this one, and the threads with which Mesa
    // draws are not there behind a fork().
    execl("/proc/self/exe", "window", "[.driven]", nullptr);
    _exit(127);
  }
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;
  ~Screen() {
    for (const pid_t process : {window_, server_}) {
      kill(process, SIGTERM);
      waitpid(process, nullptr, 0);
    }
  }

  void act(const std::string& words) const {
    const std::string command =
        fmt::format("DISPLAY={} xdotool {} >/dev/null 2>&1", display_, words);
    REQUIRE(std::system(command.c_str()) == 0);
  }
  void key(const std::string& name) const { act("key " + name); }
  void click(int x, int y) const { act(fmt::format("mousemove {} {} sleep 0.2 click 1", x, y)); }

  std::string value(const std::string& name) const {
    std::ifstream in(state_);
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with(name + "=")) return line.substr(name.size() + 1);
    }
    return {};
  }
  double number(const std::string& name) const { return std::atof(value(name).c_str()); }
  /// Waits for what was asked to be seen.
  bool comes(const std::function<bool()>& seen, std::chrono::seconds patience = 60s) const {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < end) {
      if (seen()) return true;
      std::this_thread::sleep_for(50ms);
    }
    return false;
  }
  bool comes(const std::string& name, const std::string& wanted) const {
    return comes([&] { return value(name) == wanted; });
  }
  /// Processor time that the window has taken.
  double seconds_of_work() const {
    std::ifstream in(fmt::format("/proc/{}/stat", window_));
    std::string text{std::istreambuf_iterator<char>(in), {}};
    std::istringstream rest(text.substr(text.rfind(')') + 2));
    std::string word;
    double ticks = 0;
    for (int field = 3; rest >> word && field <= 15; ++field) {
      if (field >= 14) ticks += std::atof(word.c_str());  // utime, stime
    }
    return ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  /// How the window ended.
  int end() {
    int status = 0;
    waitpid(window_, &status, 0);
    window_ = server_;
    return WEXITSTATUS(status);
  }

 private:
  /// Xvfb writes the number and the end of its line apart.
  static std::string first_line_of(int file) {
    std::string line;
    char letter = 0;
    while (read(file, &letter, 1) == 1 && letter != '\n') line += letter;
    return line;
  }
  /// Who started the tests with nohup, say, has left some of them ignored, which the server minds.
  static void heed_signals() {
    for (const int signal : {SIGHUP, SIGINT, SIGTERM, SIGSEGV, SIGABRT, SIGPIPE, SIGUSR1}) {
      std::signal(signal, SIG_DFL);
    }
  }

  std::string state_;
  std::string display_;
  pid_t server_ = -1;
  pid_t window_ = -1;
};

}  // namespace

TEST_CASE("the window that another test drives", "[.driven]") {
  const char* run = std::getenv(window_run);
  const char* state = std::getenv(window_state);
  if (run == nullptr || state == nullptr) return;  // Nobody drives.
  const bool live = std::string(std::getenv(window_live)) == "1";
  auto viewer = live ? viz::Viewer::open_live(run) : viz::Viewer::open(run);
  if (!viewer.ok()) FAIL(viewer.error());
  if (!live) seek(viewer->view(), opening_moment(viewer->run()), viewer->run().duration);
  const std::string path = state;
  const auto shown = viz::run_window(*viewer, 1600, 900, [&](viz::Viewer& now) {
    std::ofstream(path + ".new") << told_of(now);
    fs::rename(path + ".new", path);
  });
  if (!shown.ok()) FAIL(shown.error().message);
}

TEST_CASE("a window is opened, played, asked, forked, compared and closed", "[golden]") {
  if (!has("Xvfb") || !has("xdotool")) {
    WARN("skipped: Xvfb or xdotool is not installed");
    return;
  }
  const fs::path folder = tests::temporary_path("window");
  fs::create_directories(folder);
  const std::string run = (folder / "crash.run").string();
  tests::in_child(
      [&] { return tests::play(tests::load("wifi_auth_broker_crash", {}, 1), run).text(); });
  {
    Screen screen(run, (folder / "state").string());
    REQUIRE(screen.comes([&] { return screen.number("t") > 300; }));
    CHECK(std::abs(screen.number("t") - 329.028) < 0.1);  // A second before the first fault.

    screen.key("space");
    CHECK(screen.comes([&] { return screen.number("t") > 329.3; }));
    screen.key("space");
    CHECK(screen.comes("playing", "false"));
    // Of the processor's time, so that others on the machine do not count.
    std::this_thread::sleep_for(2s);
    const double before = screen.seconds_of_work();
    REQUIRE(before > 0);
    std::this_thread::sleep_for(10s);
    CHECK(screen.seconds_of_work() - before < 0.02 * 10);
    screen.key("End");
    CHECK(screen.comes("t", "600"));

    // A drag on the time line, from its left to its middle.
    screen.act(
        "mousemove 200 612 mousedown 1 mousemove 400 612 sleep 0.3 mousemove 517 612 sleep "
        "0.3 mouseup 1");
    CHECK(screen.comes([&] { return std::abs(screen.number("t") - 300) < 10; }));
    screen.key("f");
    CHECK(screen.comes([&] { return std::abs(screen.number("t") - 329.028) < 0.1; }));
    screen.key("Right");
    screen.key("Right");
    CHECK(screen.comes([&] { return std::abs(screen.number("t") - 331.028) < 0.1; }));

    screen.act("mousemove 517 700 sleep 0.2 click 4");
    CHECK(screen.comes([&] { return screen.number("span") > 0 && screen.number("span") < 600; }));
    screen.key("z");
    screen.key("0");
    CHECK(screen.comes("span", "0"));

    screen.click(250, 245);  // On broker-1.
    CHECK(screen.comes("asked", "broker-1"));
    CHECK(screen.comes("selected", "machine.power_off"));
    screen.key("r");
    CHECK(screen.comes("following", "true"));
    screen.key("Escape");
    CHECK(screen.comes("following", "false"));
    screen.key("Escape");
    CHECK(screen.comes("asked", ""));

    screen.key("e");
    CHECK(screen.comes([&] { return fs::exists(folder / "crash_1.png"); }));
    CHECK(viz::read_png((folder / "crash_1.png").string()).ok());
    screen.key("l");
    CHECK(screen.comes("language", "1"));
    screen.key("l");

    screen.click(455, 245);  // On broker-2, which leads now; with it a partition has no replica.
    CHECK(screen.comes("asked", "broker-2"));
    screen.key("x");
    CHECK(screen.comes("busy", "true"));
    REQUIRE(screen.comes([&] { return screen.value("notice").starts_with("Both futures"); }, 120s));
    CHECK(fs::exists(folder / "crash_1.run"));
    screen.key("c");
    CHECK(screen.comes("comparing", "true"));
    screen.key("c");
    screen.key("v");
    CHECK(screen.comes("path", (folder / "crash_1.run").string()));
    CHECK(std::abs(screen.number("t") - 331.028) < 0.1);
    screen.key("m");
    CHECK(screen.comes("presenting", "true"));
    screen.key("q");
    CHECK(screen.end() == 0);
  }
  // The action log is a scenario: it has what was done, at its moment.
  std::ifstream saved(folder / "crash_1.json");
  std::ostringstream text;
  text << saved.rdbuf();
  CHECK_THAT(text.str(),
             Catch::Contains("\"kill_process\": \"broker-2\"") && Catch::Contains("\"at\": \"331"));
  fs::remove_all(folder);
}

TEST_CASE("a live run is watched, stopped, and things are done to it by mouse and key",
          "[golden]") {
  if (!has("Xvfb") || !has("xdotool")) {
    WARN("skipped: Xvfb or xdotool is not installed");
    return;
  }
  const fs::path folder = tests::temporary_path("live_window");
  fs::create_directories(folder);
  const std::string run = (folder / "live.run").string();
  const pid_t session = fork();
  REQUIRE(session >= 0);
  if (session == 0) {
    const auto program = fs::read_symlink("/proc/self/exe").parent_path() / "brokerlab";
    execl(program.c_str(), "brokerlab", "live", "wifi_auth_broker_crash", "--record", run.c_str(),
          "--no-window", "--quiet", "--paused", "--pace", "2", "--set", "duration=10min", "--set",
          "sources.0.until=590s", "--set", "sources.0.rate=20/s", "--set", "faults=[]", nullptr);
    _exit(127);
  }
  const auto begun = [&] { return fs::exists(run + ".live"); };
  for (int i = 0; i < 3000 && !begun(); ++i) std::this_thread::sleep_for(20ms);
  REQUIRE(begun());
  {
    Screen screen(run, (folder / "state").string(), true);
    // The session stands still; the window lets time pass.
    REQUIRE(screen.comes("edge", "true"));
    CHECK(screen.value("playing") == "false");
    screen.key("space");
    CHECK(screen.comes("notice", "time goes on"));
    REQUIRE(screen.comes([&] { return screen.number("t") > 12; }));
    CHECK(screen.value("edge") == "true");
    screen.key("space");
    CHECK(screen.comes("notice", "time stands still"));
    const double still = screen.number("duration");
    CHECK(screen.comes([&] { return screen.number("t") == screen.number("duration"); }));

    screen.click(250, 245);  // On broker-1.
    CHECK(screen.comes("asked", "broker-1"));
    screen.key("1");
    CHECK(screen.comes([&] { return screen.value("notice").starts_with("done at"); }));
    CHECK(screen.comes("life", "2"));
    CHECK(screen.comes([&] { return screen.value("faults").ends_with("process.killed "); }));
    CHECK(screen.number("duration") < still + 2);

    // A look at the past, and back to the present.
    screen.key("Home");
    CHECK(screen.comes("edge", "false"));
    screen.key("End");
    CHECK(screen.comes("edge", "true"));

    screen.click(455, 245);  // On broker-2: its buttons stand below what is said of it.
    CHECK(screen.comes("asked", "broker-2"));
    screen.key("4");
    CHECK(screen.comes("life", "3"));
    CHECK(screen.comes([&] { return screen.value("faults").ends_with("network.cut "); }));
    screen.key("space");
    CHECK(screen.comes([&] { return screen.number("t") > still + 3; }));
    screen.key("space");
    CHECK(screen.comes("notice", "time stands still"));
    screen.key("8");
    CHECK(screen.comes("life", "4"));
    screen.click(60, 330);  // On wifi-auth.
    CHECK(screen.comes("asked", "wifi-auth"));
    screen.key("7");
    CHECK(screen.comes("life", "5"));
    screen.key("w");
    CHECK(screen.comes([&] { return fs::exists(folder / "live_1.json"); }));
    screen.key("q");
    CHECK(screen.end() == 0);
  }
  kill(session, SIGTERM);
  waitpid(session, nullptr, 0);
  std::ifstream log(run + ".actions.jsonl");
  std::ostringstream text;
  text << log.rdbuf();
  for (const char* deed : {"kill_process", "cut", "put_right", "spike"}) {
    CHECK_THAT(text.str(), Catch::Contains(fmt::format("\"do\":{{\"{}\":", deed)));
  }
  fs::remove_all(folder);
}
