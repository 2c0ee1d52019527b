// What fails in a child fails its test, and ends there.
#include "tests/in_child.h"

#include <csignal>
#include <stdexcept>

using namespace brokerlab::tests;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a child brings back its text, whatever is in it", "[unit]") {
  const ChildReport report = run_in_child([] {
    CHECK(true);
    return std::string("12 lines\nand more");
  });
  CHECK(report.text == "12 lines\nand more");
  CHECK(report.failures.empty());
  CHECK(run_in_child([] { return std::string(); }).failures.empty());
}

TEST_CASE("every failed CHECK of a child comes back, with its values", "[unit]") {
  const ChildReport report = run_in_child([] {
    INFO("a hint");
    const int one = 1;
    CHECK(one == 2);
    CHECK(one == 3);
    return std::string("all the same");
  });
  CHECK(report.text == "all the same");
  CHECK(has(report.failures, "in_child_test.cpp"));
  CHECK(has(report.failures, "CHECK( one == 2 ), with 1 == 2"));
  CHECK(has(report.failures, "CHECK( one == 3 ), with 1 == 3"));
  CHECK(has(report.failures, "a hint"));
}

TEST_CASE("a failed REQUIRE ends the child's work, not more", "[unit]") {
  const pid_t parent = getpid();
  const ChildReport report = run_in_child([] {
    REQUIRE(1 + 1 == 3);
    return std::string("not reached");
  });
  // Else this test would go on twice.
  if (getpid() != parent) _exit(0);
  CHECK(report.text.empty());
  CHECK(has(report.failures, "1 + 1 == 3"));
}

TEST_CASE("exceptions, signals and exits of a child are failures", "[unit]") {
  CHECK(run_in_child([]() -> std::string { throw std::runtime_error("no more"); }).failures ==
        "an exception left the child: no more\n");
  CHECK(run_in_child([]() -> std::string {
          raise(SIGKILL);
          return "";
        }).failures == "signal 9 ended the child\n");
  CHECK(run_in_child([]() -> std::string { _exit(4); }).failures == "the child exited with 4\n");
}
