// Help and messages about the command line itself, in the language that is spoken. CLI11 says both
// in English only; this puts our words in place of its own.
//
// Threads: none.
#pragma once

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace brokerlab::cli {

/// Call on the root before commands are added: they inherit it.
void speak_help(CLI::App& app);

/// What CLI11 found wrong, in plain words, with what to do next.
std::string usage_message(const CLI::App& app, const CLI::Error& error);

}  // namespace brokerlab::cli
