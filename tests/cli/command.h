// Runs brokerlab as a user would, and keeps what it answers.
#pragma once

#include "cli/command_line.h"

#include <catch2/catch.hpp>

#include <cstdio>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

namespace brokerlab::test {

struct Answer {
  int status;
  std::string out;
  std::string err;
};

inline Answer command(const std::vector<std::string>& arguments, const std::string& input = "") {
  std::istringstream in(input);
  std::ostringstream out;
  std::ostringstream err;
  cli::Context context{out, err, "brokerlab"};
  context.in = &in;
  const int status = cli::run_command(arguments, context);
  return {status, out.str(), err.str()};
}

/// What the built program beside this test says, both outputs: a world of its own for each run.
inline std::string program_says(const std::string& arguments) {
  const auto bin = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  FILE* const pipe = popen(((bin / "brokerlab").string() + " " + arguments + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string text;
  char buffer[4096];
  while (const std::size_t got = fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, got);
  pclose(pipe);
  return text;
}

}  // namespace brokerlab::test
