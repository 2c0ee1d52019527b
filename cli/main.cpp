#include "base/file_replacement.h"
#include "base/translation.h"
#include "cli/command_line.h"
#include "labs/workspace.h"

#include <cstdlib>
#include <iostream>
#include <string_view>

int main(int argc, char** argv) {
  brokerlab::remove_unfinished_files_on_signals();
  std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  brokerlab::cli::Context context{std::cout, std::cerr, argc > 0 ? argv[0] : "brokerlab"};
  // As in the viewer: what the user set for brokerlab, else for every program.
  for (const char* name : {"BROKERLAB_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    if (std::string_view(value).starts_with("ko")) context.language = "ko";
    break;
  }
  // In a lab's folder every command speaks as the lab does.
  context.language = brokerlab::labs::language_of_folder(".").value_or(context.language);
  const int status = brokerlab::cli::run_command(arguments, context);
  std::cout.flush();
  if (std::cout) return status;
  const brokerlab::Speaking speaking(brokerlab::language_of(context.language));
  std::cerr << "brokerlab: " << brokerlab::tr("standard output could not be written") << "\n";
  return brokerlab::cli::exit_trouble;
}
