// What a real file system may answer: a clear error, nothing lost, and the log works again when the
// cause is gone. (Failures at every call, in memory: crash_test.cpp.)
#include "tests/in_child.h"
#include "tests/log/partition_story.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>
#include <fcntl.h>
#include <filesystem>

namespace brokerlab::log {
namespace {

using test::numbered;
using test::PartitionStory;
using test::TemporaryFolder;

/// No file of this process may grow beyond so many bytes, as long as it lives.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(std::int64_t bytes) {
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
    REQUIRE(::getrlimit(RLIMIT_FSIZE, &before_) == 0);
    const rlimit limit{static_cast<rlim_t>(bytes), before_.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_FSIZE, &limit) == 0);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  void (*handler_)(int) = nullptr;
  rlimit before_{};
};

/// For a child process: permissions mean nothing to root.
void be_nobody() {
  constexpr uid_t nobody = 65534;
  if (::geteuid() == 0 && (::setgid(nobody) != 0 || ::setuid(nobody) != 0)) ::_exit(1);
}

}  // namespace

TEST_CASE("a disk that fills up in the middle of a batch loses no batch before it", "[unit]") {
  const TemporaryFolder folder;
  PosixEnv env;
  PartitionStory story(env, folder.path() + "/orders-0");
  for (int i = 0; i < 5; ++i) story.produce(numbered(i, i + 1));
  const std::int64_t size = story.log().size();
  ByteVector batch = test::batch_of({std::string(500, 'x')});
  {
    const FileSizeLimit limit(size + 100);
    const auto refused = story.log().append_as_leader(batch, 0, 0);
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().io->kind == IoErrorKind::no_space);
    CHECK(refused.error().message.find("00000000000000000000.log: no space left") !=
          std::string::npos);
    // A part of it was written. The log does not go on behind that.
    CHECK(std::filesystem::file_size(story.dir() + "/00000000000000000000.log") ==
          static_cast<std::uintmax_t>(size + 100));
    CHECK_FALSE(story.log().append_as_leader(batch, 0, 0).ok());
    CHECK(test::values_in(story.fetch(0).bytes) == numbered(0, 5));
  }
  story.reopen_unclean();
  CHECK(story.log().recovery().bytes_cut == 100);
  story.produce(numbered(5, 6));
  CHECK(story.consume_all() == numbered(0, 6));
}

TEST_CASE("a full device says that it is full", "[unit]") {
  const std::string device = "/dev/full";
  if (!std::filesystem::exists(device)) return;
  const TemporaryFolder folder;
  PosixEnv env;
  PartitionStory story(env, folder.path() + "/orders-0");
  story.produce(numbered(0, 3));
  REQUIRE(story.log().roll(0).ok());
  REQUIRE(story.log().close().ok());
  story.forget();
  // The next segment is on a device without room.
  const std::string path = story.dir() + "/00000000000000000003.log";
  REQUIRE(env.remove(path).ok());
  std::filesystem::create_symlink(device, path);
  story.open();
  ByteVector batch = test::batch_of({"v3"});
  const auto refused = story.log().append_as_leader(batch, 0, 0);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().io->kind == IoErrorKind::no_space);
  CHECK(story.log().offline().has_value());
  CHECK(story.consume_all() == numbered(0, 3));

  story.forget();
  REQUIRE(env.remove(path).ok());
  story.open();
  story.produce(numbered(3, 4));
  CHECK(story.consume_all() == numbered(0, 4));
}

TEST_CASE("a directory that may only be read refuses a log, and keeps the one it has", "[unit]") {
  const TemporaryFolder folder;
  const std::string dir = folder.path() + "/orders-0";
  PosixEnv env;
  {
    PartitionStory story(env, dir);
    story.produce(numbered(0, 3));
    REQUIRE(story.log().close().ok());
  }
  REQUIRE(::chmod(folder.path().c_str(), 0555) == 0);
  REQUIRE(::chmod(dir.c_str(), 0555) == 0);
  for (const auto& file : std::filesystem::directory_iterator(dir)) {
    REQUIRE(::chmod(file.path().c_str(), 0444) == 0);
  }
  const auto try_to_open = [&env](const std::string& path) {
    return tests::in_child([&] {
      be_nobody();
      const auto opened = Log::open(env, path, LogConfig{}, {});
      return opened.ok() ? "opened" : opened.error().message;
    });
  };
  const std::string there = try_to_open(dir);
  CHECK(there.starts_with(dir + "/"));
  CHECK(there.find(": read only: ") != std::string::npos);
  const std::string new_one = try_to_open(folder.path() + "/payments-0");
  CHECK(new_one.starts_with(folder.path() + "/payments-0: read only"));

  REQUIRE(::chmod(folder.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(dir.c_str(), 0755) == 0);
  for (const auto& file : std::filesystem::directory_iterator(dir)) {
    REQUIRE(::chmod(file.path().c_str(), 0644) == 0);
  }
  PartitionStory story(env, dir);
  CHECK(story.consume_all() == numbered(0, 3));
  story.produce(numbered(3, 4));
}

TEST_CASE("a file where the directory should be is an error that says so", "[unit]") {
  const TemporaryFolder folder;
  PosixEnv env;
  const std::string dir = folder.path() + "/orders-0";
  REQUIRE(env.create(dir).ok());
  const auto opened = Log::open(env, dir, LogConfig{}, {});
  REQUIRE_FALSE(opened.ok());
  CHECK(opened.error().io->kind == IoErrorKind::exists);
  CHECK(opened.error().io->path == dir);
  CHECK_FALSE(env.make_dir(dir + "/below").ok());
  REQUIRE(env.remove(dir).ok());
  PartitionStory story(env, dir);
  story.produce(numbered(0, 1));
}

TEST_CASE("a second process is refused the lock, until the first one dies", "[unit]") {
  const TemporaryFolder folder;
  PosixEnv env;
  const std::string path = folder.path() + "/.lock";
  const auto try_to_lock = [&] {
    const auto lock = env.lock(path);
    // A child ends here without giving it back: the kernel does.
    return lock.ok() ? "locked" : lock.error().text();
  };
  {
    const auto held = env.lock(path);
    REQUIRE(held.ok());
    CHECK(tests::in_child(try_to_lock) == path + ": locked: is in use by another process");
  }
  CHECK(tests::in_child(try_to_lock) == "locked");
  CHECK(env.lock(path).ok());
}

}  // namespace brokerlab::log
