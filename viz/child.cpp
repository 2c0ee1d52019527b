#include "viz/child.h"

#include "base/translation.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <spawn.h>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace brokerlab::viz {
namespace {

std::string last_line_of(int file) {
  std::array<char, 4096> buffer{};
  const off_t size = lseek(file, 0, SEEK_END);
  const off_t from =
      size > static_cast<off_t>(buffer.size()) ? size - static_cast<off_t>(buffer.size()) : 0;
  const ssize_t got = pread(file, buffer.data(), buffer.size(), from);
  std::string words(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!words.empty() && words.back() == '\n') words.pop_back();
  const auto line = words.find_last_of("\n\r");
  return line == std::string::npos ? words : words.substr(line + 1);
}

}  // namespace

Result<Child, std::string> Child::start(const std::string& program,
                                        const std::vector<std::string>& arguments) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::string path = (self.parent_path() / program).string();
  if (!std::filesystem::exists(path, error)) {
    return fail(tr("the program {} is missing beside the viewer", path));
  }
  Child made;
  made.said_ = memfd_create("said", MFD_CLOEXEC);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  if (made.said_ >= 0) {
    posix_spawn_file_actions_adddup2(&files, made.said_, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, made.said_, STDERR_FILENO);
  }
  std::vector<std::string> words{path};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t process = -1;
  const int problem = posix_spawn(&process, path.c_str(), &files, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (problem != 0) return fail(tr("{} cannot be started: {}", path, std::strerror(problem)));
  made.process_ = process;
  return made;
}

Child::Child(Child&& other) noexcept
    : process_(std::exchange(other.process_, -1)), said_(std::exchange(other.said_, -1)) {}

Child& Child::operator=(Child&& other) noexcept {
  std::swap(process_, other.process_);
  std::swap(said_, other.said_);
  return *this;
}

Child::~Child() {
  if (process_ > 0) {
    kill(process_, SIGTERM);
    waitpid(process_, nullptr, 0);
  }
  if (said_ >= 0) close(said_);
}

std::optional<Child::Outcome> Child::outcome() {
  if (process_ <= 0) return {};
  int status = 0;
  const pid_t ended = waitpid(process_, &status, WNOHANG);
  if (ended == 0 || (ended < 0 && errno == EINTR)) return {};
  process_ = -1;
  const int code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return Outcome{code, said_ < 0 ? std::string() : last_line_of(said_)};
}

}  // namespace brokerlab::viz
