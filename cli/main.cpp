#include "cli/command_line.h"

#include <cstdlib>
#include <iostream>

int main(int argc, char** argv) {
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  brokerlab::cli::Context context{std::cout, std::cerr, argc > 0 ? argv[0] : "brokerlab"};
  const char* language = std::getenv("BROKERLAB_LANGUAGE");
  if (language != nullptr && std::string(language) == "ko") context.language = "ko";
  return brokerlab::cli::run_command(arguments, context);
}
