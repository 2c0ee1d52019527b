// The pictures of the README: the demo's own run as the viewer shows it, in both languages.
#include "tests/in_child.h"
#include "tests/pictures.h"
#include "tests/runs/run_story.h"
#include "viz/offscreen.h"

#include <filesystem>
#include <unistd.h>

using namespace brokerlab;

namespace {

// Recorded in a process of its own: the viewer never meets a running world.
std::string record_the_demo() {
  const std::string path = fmt::format("{}/brokerlab_screens_{}.run",
                                       std::filesystem::temp_directory_path().string(), getpid());
  const std::string verdict = tests::in_child([&] {
    const auto report = tests::play(tests::load("wifi_auth_broker_crash", {}, 1), path);
    return std::string(to_text(report.verdict));
  });
  REQUIRE(verdict == "pass");
  return path;
}

}  // namespace

TEST_CASE("the demo looks as it did when somebody last looked", "[golden]") {
  const std::string path = record_the_demo();
  auto opened = viz::Viewer::open(path);
  if (!opened.ok()) FAIL(opened.error());
  viz::Viewer viewer = std::move(opened).value();
  auto offscreen = viz::Offscreen::create(1600, 900);
  if (!offscreen.ok()) FAIL(offscreen.error());
  for (const auto& [language, suffix] :
       {std::pair{viz::Language::english, "en"}, std::pair{viz::Language::korean, "ko"}}) {
    viewer.view().language = language;
    for (const auto& [name, at] :
         {std::pair{"crash", Time(330'010ms)}, std::pair{"incident", Time(340'200ms)}}) {
      seek(viewer.view(), at, viewer.run().duration);
      const auto picture = offscreen->render(viewer);
      if (!picture.ok()) FAIL(picture.error());
      CHECK(offscreen->clipped() == std::vector<std::string>{});
      tests::looks_as_before(*picture, fmt::format("docs/images/{}_{}.png", name, suffix));
    }
  }
  std::filesystem::remove(path);
}
