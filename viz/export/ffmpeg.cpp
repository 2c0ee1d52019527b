#include "viz/export/ffmpeg.h"

#include "base/check.h"
#include "base/translation.h"

#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <spawn.h>
#include <unistd.h>
#include <utility>

extern char** environ;

namespace brokerlab::viz {
namespace {

std::vector<std::string> command_for(const std::string& path, const VideoShape& shape) {
  std::vector<std::string> words{"ffmpeg", "-loglevel", "error", "-nostdin", "-y"};
  const auto add = [&](std::initializer_list<const char*> more) {
    words.insert(words.end(), more.begin(), more.end());
  };
  add({"-f", "rawvideo", "-pixel_format", "rgb24", "-video_size"});
  words.push_back(fmt::format("{}x{}", shape.width, shape.height));
  words.emplace_back("-framerate");
  words.push_back(std::to_string(shape.frames_per_second));
  add({"-i", "pipe:0", "-an"});
  if (shape.format == VideoFormat::mp4) {
    // Players want even sides and 4:2:0; the colours are told, so that none guesses.
    add({"-vf",
         "pad=ceil(iw/2)*2:ceil(ih/2)*2,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p",
         "-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-c:v",
         "libx264", "-preset", "medium", "-crf", "18", "-f", "mp4"});
  } else {
    // A palette a picture: one for all of them would need all of them in memory.
    add({"-vf", "split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1:dither=none",
         "-f", "gif"});
  }
  // As a URL, so that no name is taken for an option or a protocol.
  words.push_back("file:" + path);
  return words;
}

}  // namespace

Result<Ffmpeg, std::string> Ffmpeg::start(const std::string& path, const VideoShape& shape) {
  Ffmpeg made;
  std::array<int, 2> ends{-1, -1};
  // A socket and no pipe: a write to a child that is gone is an error, not a signal.
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return fail(tr("ffmpeg cannot be started: {}", std::strerror(errno)));
  }
  made.input_ = ends[0];
  made.said_ = memfd_create("ffmpeg", MFD_CLOEXEC);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_adddup2(&files, ends[1], STDIN_FILENO);
  if (made.said_ >= 0) {
    posix_spawn_file_actions_adddup2(&files, made.said_, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, made.said_, STDERR_FILENO);
  }
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::vector<std::string> words = command_for(path, shape);
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t child = -1;
  const int problem = posix_spawnp(&child, argv.front(), &files, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  if (problem == ENOENT) {
    return fail(tr("a film needs ffmpeg, which is not installed: apt install ffmpeg"));
  }
  if (problem != 0) return fail(tr("ffmpeg cannot be started: {}", std::strerror(problem)));
  made.child_ = child;
  return made;
}

Ffmpeg::Ffmpeg(Ffmpeg&& other) noexcept
    : child_(std::exchange(other.child_, -1)),
      input_(std::exchange(other.input_, -1)),
      said_(std::exchange(other.said_, -1)) {}

Ffmpeg& Ffmpeg::operator=(Ffmpeg&& other) noexcept {
  std::swap(child_, other.child_);
  std::swap(input_, other.input_);
  std::swap(said_, other.said_);
  return *this;
}

Ffmpeg::~Ffmpeg() {
  if (child_ > 0) {
    kill(child_, SIGKILL);
    end();
  }
  if (input_ >= 0) close(input_);
  if (said_ >= 0) close(said_);
}

std::string Ffmpeg::last_words() const {
  std::array<char, 4096> buffer{};
  const ssize_t got = said_ < 0 ? 0 : pread(said_, buffer.data(), buffer.size(), 0);
  std::string words(buffer.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  while (!words.empty() && words.back() == '\n') words.pop_back();
  // The first line has the cause; later ones are its consequences.
  return words.substr(0, words.find('\n'));
}

std::string Ffmpeg::end() {
  if (input_ >= 0) close(std::exchange(input_, -1));
  const pid_t child = std::exchange(child_, -1);
  int status = 0;
  while (waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return tr("ffmpeg is gone: {}", std::strerror(errno));
  }
  if (WIFSIGNALED(status)) {
    return tr("ffmpeg was ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) == 0) return {};
  const std::string words = last_words();
  return tr("ffmpeg failed: {}", words.empty() ? fmt::format("{}", WEXITSTATUS(status)) : words);
}

Status<std::string> Ffmpeg::feed(const Picture& picture) {
  ENSURE(child_ > 0, "pictures after the end");
  const std::uint8_t* bytes = picture.rgb.data();
  std::size_t left = picture.rgb.size();
  while (left > 0) {
    const ssize_t sent = send(input_, bytes, left, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      const std::string problem = end();
      return fail(problem.empty() ? tr("ffmpeg ended before its film did") : problem);
    }
    bytes += sent;
    left -= static_cast<std::size_t>(sent);
  }
  return {};
}

Status<std::string> Ffmpeg::finish() {
  ENSURE(child_ > 0, "a film is finished once");
  const std::string problem = end();
  if (!problem.empty()) return fail(problem);
  return {};
}

}  // namespace brokerlab::viz
