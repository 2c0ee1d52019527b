// Runs brokerlab as a user would, and keeps what it answers.
#pragma once

#include "cli/command_line.h"

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

}  // namespace brokerlab::test
