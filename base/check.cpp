#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace brokerlab::detail {

void ensure_failed(const char* file, int line, const char* condition, std::string_view message) {
  std::fflush(stdout);
  std::fprintf(stderr, "brokerlab: internal error at %s:%d: %s%s%.*s\n", file, line, condition,
               message.empty() ? "" : ": ", static_cast<int>(message.size()), message.data());
  std::fprintf(stderr, "This is a defect of brokerlab, not of your input. Please report it.\n");
  std::abort();
}

}  // namespace brokerlab::detail
