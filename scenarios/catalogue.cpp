#include "scenarios/catalogue.h"

#include "base/translation.h"
#include "scenarios/loader.h"

#include <fmt/format.h>

#include <vector>

namespace brokerlab::scenarios {
namespace {

std::string code(const std::string& command) { return "    " + command + "\n\n"; }

std::string entry_text(const Scenario& s, Language language) {
  const LessonSpec& lesson = *s.lesson;
  const std::string_view in = to_code(language);
  const auto say_of = [&](const LocalText& text) { return told(s, std::string(text.in(in))); };
  std::string text = fmt::format("### {}\n\n", say_of(s.title));
  text += fmt::format("`{}` · **{}**\n\n", s.name, say_of(lesson.question));
  text += say_of(s.story) + "\n\n";
  text += code(run_command(s, {}));
  if (lesson.moment > Duration{0}) {
    text += tr_in(language, "The moment to look at: {}. To see it:", to_text(Time(lesson.moment))) +
            "\n\n";
    text += code(fmt::format("./brokerlab view {} --at {}", s.name, to_text(lesson.moment)));
    text +=
        fmt::format("![{}](images/incidents/{}_{}.png)\n\n", say_of(lesson.question), s.name, in);
  }
  return text + variations(s, language);
}

}  // namespace

std::string verdict_of_variations(Language language) {
  return tr_in(language,
               "A variation is judged by what the scenario expects as it is: one that takes the "
               "cure away ends with the verdict fail and exit status 1, and that is what it is "
               "there to show.");
}

std::string variations(const Scenario& s, Language language) {
  const LessonSpec& lesson = *s.lesson;
  const auto say_of = [&](const LocalText& text) {
    return told(s, std::string(text.in(to_code(language))));
  };
  std::string text;
  for (const LessonControl& control : lesson.controls) {
    if (control.without.en.empty()) continue;
    text += say_of(control.without) + "\n\n" + code(run_command(s, control.set));
  }
  text += tr_in(language, "Try next: {}", say_of(lesson.next)) + "\n\n";
  return text + code(run_command(s, lesson.next_set));
}

std::string catalogue(Language language) {
  std::vector<Scenario> all;
  for (const LibraryEntry& entry : library()) {
    Loaded loaded = load_scenario(entry.path);
    if (loaded.scenario && loaded.scenario->lesson) all.push_back(std::move(*loaded.scenario));
  }
  std::string text = "# " + tr_in(language, "Incidents, by theme") + "\n\n" +
                     tr_in(language,
                           "The scenarios of the library, made by `brokerlab scenarios incidents`. "
                           "Every number is one of a run; a test runs them all.") +
                     " " + verdict_of_variations(language) + "\n";
  for (const Theme theme : themes()) {
    std::string entries;
    for (const Scenario& one : all) {
      if (one.lesson->theme == theme) entries += entry_text(one, language);
    }
    if (entries.empty()) continue;
    text += fmt::format("\n## {}\n\n{}", say(words_for(theme), language), entries);
    text.pop_back();
  }
  return text;
}

}  // namespace brokerlab::scenarios
