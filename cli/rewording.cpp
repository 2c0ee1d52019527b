#include "cli/rewording.h"

#include "base/korean.h"

#include <fmt/args.h>
#include <fmt/format.h>

namespace brokerlab::cli {

std::optional<std::vector<std::string>> blanks_in(std::string_view text, std::string_view form) {
  std::vector<std::string> blanks;
  while (true) {
    const std::size_t blank = form.find("{}");
    if (blank == std::string_view::npos) {
      if (text != form) return std::nullopt;
      return blanks;
    }
    if (!text.starts_with(form.substr(0, blank))) return std::nullopt;
    text.remove_prefix(blank);
    form.remove_prefix(blank + 2);
    const std::string_view behind = form.substr(0, form.find("{}"));
    const std::size_t end = behind.empty() ? text.size() : text.find(behind);
    if (end == std::string_view::npos) return std::nullopt;
    blanks.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
}

std::string filled(std::string_view sentence, const std::vector<std::string>& blanks) {
  fmt::dynamic_format_arg_store<fmt::format_context> arguments;
  for (const std::string& blank : blanks) arguments.push_back(blank);
  return with_particles(fmt::vformat({sentence.data(), sentence.size()}, arguments));
}

}  // namespace brokerlab::cli
