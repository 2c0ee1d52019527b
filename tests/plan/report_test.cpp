// report: a page that is whole, well-formed and harmless, of a run and of a plan, in both
// languages; and one look at it by a real browser, where there is one.
#include "base/json_text.h"
#include "base/translation.h"
#include "plan/report/chart.h"
#include "plan/report/html.h"
#include "tests/cli/command.h"
#include "tests/files.h"
#include "tests/plan/small.h"

#include <catch2/catch.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <regex>
#include <vector>

using namespace brokerlab;
using Catch::Contains;
using Catch::StartsWith;
using test::command;
using test::Folder;

namespace {

/// What is wrong with a page as XML; "" when nothing is: each element closed in its turn, each
/// attribute quoted, each & an entity, each id once.
std::string not_well_formed(std::string_view page) {
  std::vector<std::string> open;
  std::set<std::string> ids;
  static const std::regex tag_form(
      R"re((/?)([A-Za-z][\w-]*)((?:\s+[A-Za-z_:][\w:.-]*="[^"<]*")*)\s*(/?))re");
  static const std::regex id_form(R"re(\sid="([^"]*)")re");
  for (std::size_t i = 0; i < page.size(); ++i) {
    if (page[i] == '&') {
      const std::string_view name = page.substr(i + 1, page.substr(i + 1).find(';'));
      static const std::set<std::string_view> known{"amp", "lt", "gt", "quot", "#39"};
      if (!known.contains(name)) return fmt::format("& at {}", i);
    }
    if (page[i] != '<') continue;
    const std::size_t end = page.find('>', i);
    if (end == std::string_view::npos) return "a tag without an end";
    const std::string tag(page.substr(i + 1, end - i - 1));
    i = end;
    if (tag.starts_with("!")) continue;
    std::smatch parts;
    if (!std::regex_match(tag, parts, tag_form)) return "no tag: <" + tag + ">";
    const std::string attributes = parts[3].str();
    std::smatch id;
    if (std::regex_search(attributes, id, id_form) && !ids.insert(id[1].str()).second) {
      return "twice: id " + id[1].str();
    }
    if (parts[1].length() > 0) {
      if (open.empty() || open.back() != parts[2].str()) return "closed out of turn: " + tag;
      open.pop_back();
    } else if (parts[4].length() == 0) {
      open.push_back(parts[2].str());
    }
  }
  return open.empty() ? "" : "left open: " + open.back();
}

/// Headings, captions and heads of tables, as they stand in the page.
std::string outline(const std::string& page) {
  static const std::regex form(R"re(<(h1|h2|h3|figcaption|th)[^>]*>([^]*?)</\1>)re");
  static const std::regex inner("<[^>]*>|\n");
  std::string text;
  for (std::sregex_iterator at(page.begin(), page.end(), form), end; at != end; ++at) {
    const std::string name = (*at)[1];
    const std::string words = std::regex_replace((*at)[2].str(), inner, " ");
    text += name == "th" ? "    | " + words : name + " " + words;
    text += "\n";
  }
  return text;
}

std::string run_file(const Folder& folder, const std::string& scenario) {
  const std::string path = folder.path() + "/small.run";
  REQUIRE(test::run_recorded({folder.file("small.json", scenario), "--record", path}) == 0);
  return path;
}

std::string with_a_fault() {
  Json scenario = json_from(test::small_scenario);
  scenario["duration"] = "40s";
  scenario["title"] = {{"en", "A small cluster"}, {"ko", "작은 클러스터"}};
  scenario["faults"] = json_from(
      R"([{"at": "12s", "kill_process": "broker-2"},
          {"at": "20s", "start_process": "broker-2"}])");
  return json_text(scenario, 1);
}

std::string report_of(const std::string& file, const std::string& out,
                      const std::string& language = "en") {
  const test::Answer answer = command({"report", file, "--out", out, "--lang", language});
  INFO(answer.err);
  REQUIRE(answer.status == 0);
  return tests::contents(out);
}

/// An answer of `plan --json`, made by hand so that a test takes no minutes.
Json an_answer() {
  return json_from(R"({
    "workload": "shop", "version": "0.1.0", "peak_records_per_s": 1000, "peak_bytes_per_s": 1e6,
    "survive": "broker",
    "stated": {"title": {"en": "A shop", "ko": "가게"},
      "topics": [{"name": "orders", "rate": {"daily": {"mean": "100/s", "peak": "1k/s",
        "peak_at": "20:00:00"}}, "record_size": "1KB", "retention": "7d",
        "replication.factor": 3, "min.insync.replicas": 2}],
      "groups": [{"name": "g", "topics": ["orders"], "members": 3,
        "catch_up": {"after": "10min", "within": "1h"}}],
      "growth": {"a_year": 0.3, "years": 2}, "lost_for": "60s",
      "objectives": {"p99_produce": "200ms", "p99_end_to_end": "1s", "utilisation": 0.8,
        "disk_headroom": 0.2, "drain": "2min"}},
    "answer": {"brokers": 3, "machine": "pc", "disk": "", "disks": 1, "disk_bytes": 1e12,
      "kept_bytes": 5e10, "zones": 1, "clients": "linger.ms=5",
      "topics": [{"name": "orders", "partitions": 6, "replication.factor": 3,
        "min.insync.replicas": 2}],
      "cost": {"currency": "USD", "machines": 45, "disks": 5, "cross_zone": 0, "month": 50},
      "holds": true, "missed": [],
      "degraded": {"1": {"verdict": "pass", "busiest": [], "acknowledged_per_s": 1000,
        "p99_produce_ms": 12.5, "p99_end_to_end_ms": 20, "lost": 0}}, "rehearsal": {}},
    "calibrated": false,
    "bottlenecks": [{"what": "disk space", "words": "disk space of a broker",
      "words_ko": "브로커의 디스크 공간", "used": 0.4, "allowed": 0.8, "simulated": false}],
    "failure": {"lost": ["broker-1"], "kept": 1, "unavailable_s": 17, "lag_peak": 3190,
      "drain_s": null, "under_replicated_s": 51, "whole_after_s": 6, "copied_bytes": 1.8e6},
    "cheaper": [], "smaller": {"brokers": 2, "machine": "pc", "cost": {"month": 30,
      "currency": "USD"}, "missed": "3 replicas need as many brokers, not 2",
      "missed_ko": "복제본 3개에는 브로커도 3대가 필요하다"},
    "runner_up": null, "impossible": [], "clusters": 18, "refused": 4, "runs": 7,
    "command": "brokerlab plan shop.json"})");
}

std::string chromium() {
  for (const char* name : {"chromium", "chromium-browser", "google-chrome"}) {
    for (const char* folder : {"/usr/bin/", "/usr/local/bin/"}) {
      if (std::filesystem::exists(std::string(folder) + name)) return std::string(folder) + name;
    }
  }
  return {};
}

}  // namespace

TEST_CASE("a text is escaped wherever it stands", "[unit]") {
  using plan::report::element;
  using plan::report::Markup;
  CHECK(Markup("<script>&\"'").text() == "&lt;script&gt;&amp;&quot;&#39;");
  CHECK(element("td", {{"title", "\"><b>"}}, "a<b").text() ==
        "<td title=\"&quot;&gt;&lt;b&gt;\">a&lt;b</td>\n");
  // What is no text of any page: bytes that are no UTF-8, control characters.
  CHECK(Markup("a\xff\x01z").text() == "a\xEF\xBF\xBD\xEF\xBF\xBDz");
  CHECK(Markup("한국어").text() == "한국어");
}

TEST_CASE("the check of well-formed pages sees what is not", "[unit]") {
  CHECK(not_well_formed("<a><b x=\"1\"/></a>") == "");
  CHECK(not_well_formed("<a><b></a></b>") != "");
  CHECK(not_well_formed("<a>") != "");
  CHECK(not_well_formed("<a x=1></a>") != "");
  CHECK(not_well_formed("a & b") != "");
  CHECK(not_well_formed("<a id=\"x\"></a><b id=\"x\"></b>") != "");
}

TEST_CASE("report of a run: its parts, in both languages", "[golden]") {
  const Folder folder("report_golden");
  const std::string run = run_file(folder, with_a_fault());
  std::string text;
  for (const std::string language : {"en", "ko"}) {
    const std::string page = report_of(run, folder.path() + "/" + language + ".html", language);
    CHECK(not_well_formed(page) == "");
    CHECK_THAT(page, Contains("lang=\"" + language + "\""));
    text += outline(page) + "\n";
  }
  const std::string plan = folder.file("answer.json", json_text(an_answer()));
  for (const std::string language : {"en", "ko"}) {
    const std::string page =
        report_of(plan, folder.path() + "/plan_" + language + ".html", language);
    CHECK(not_well_formed(page) == "");
    text += outline(page) + "\n";
  }
  const std::string golden = std::string(BROKERLAB_SOURCE_DIR) + "/tests/plan/golden/report.txt";
  if (std::getenv("BROKERLAB_UPDATE_GOLDENS") != nullptr) std::ofstream(golden) << text;
  INFO("after an intended change: BROKERLAB_UPDATE_GOLDENS=1 ./brokerlab test -R plan.golden");
  CHECK(text == tests::contents(golden));
}

TEST_CASE("report of a run: same recording, same page; seed, verdict, fault and command in it",
          "[unit]") {
  const Folder folder("report_run");
  const std::string run = run_file(folder, with_a_fault());
  const std::string page = report_of(run, folder.path() + "/a.html");
  CHECK(page == report_of(run, folder.path() + "/b.html"));
  CHECK_THAT(page, StartsWith(std::string(plan::report::page_beginning)));
  for (const char* words :
       {"A small cluster", "class=\"verdict pass\"", "seed <b>1</b>", "broker-2 was killed",
        "until 20.000 s", "brokerlab run small.json", "Uncalibrated.", "have sizes, keys and times",
        "no_acknowledged_record_lost", "<title id=\"throughput-title\">Throughput</title>"}) {
    INFO(words);
    CHECK_THAT(page, Contains(words));
  }
  // Each chart shades the same stretch, with the number of the incident.
  std::size_t charts = 0;
  std::size_t shades = 0;
  for (std::size_t at = 0; (at = page.find("role=\"img\"", at)) != std::string::npos; ++at)
    ++charts;
  for (std::size_t at = 0; (at = page.find("fill=\"#f6dfd0\"", at)) != std::string::npos; ++at) {
    ++shades;
  }
  CHECK(charts >= 5);
  CHECK(shades == charts);
}

TEST_CASE("report of a run of the library tells the command that makes it again", "[unit]") {
  const Folder folder("report_again");
  const std::string run = folder.path() + "/one.run";
  REQUIRE(test::run_recorded({"ensemble_of_one", "--seed", "3", "--set",
                              "producers.0.config.linger.ms=7", "--record", run}) <= 1);
  const std::string page = report_of(run, folder.path() + "/a.html");
  static const std::regex form(
      R"re(brokerlab run ensemble_of_one --seed 3 --set [\w.-]*linger\.ms=7 --record one\.run)re");
  CHECK(std::regex_search(page, form));
}

TEST_CASE("report: nothing is fetched and nothing is run, whatever names say", "[unit]") {
  const std::string evil = "<script>alert(1)</script>\"'&<img src=x onerror=alert(2)>";
  const Folder folder("report_evil");
  Json scenario = json_from(test::small_scenario);
  scenario["title"] = {{"en", evil}, {"ko", evil}};
  scenario["story"] = {{"en", evil}, {"ko", evil}};
  Json answer = an_answer();
  answer["stated"]["title"] = evil;
  answer["stated"]["topics"][0]["name"] = evil;
  answer["answer"]["topics"][0]["name"] = evil;
  answer["answer"]["machine"] = evil;
  answer["bottlenecks"][0]["words"] = evil;
  answer["failure"]["lost"] = {evil};
  answer["command"] = evil;
  for (const std::string& file :
       {run_file(folder, json_text(scenario)), folder.file("answer.json", json_text(answer))}) {
    const std::string page = report_of(file, folder.path() + "/page.html");
    CHECK(not_well_formed(page) == "");
    CHECK_THAT(page, Contains("&lt;script&gt;alert(1)"));
    for (const char* never :
         {"<script", "<img", "<iframe", "javascript:", "src=", "@import", "url("}) {
      INFO(never);
      const bool named = std::string(never) == "src=";  // Within the escaped name it may stand.
      if (!named) CHECK(page.find(never) == std::string::npos);
    }
    // Links to elsewhere: none; the two names of XML are no addresses.
    static const std::regex address("https?://[^\"< ]*");
    for (std::sregex_iterator at(page.begin(), page.end(), address), end; at != end; ++at) {
      CHECK_THAT(at->str(), StartsWith("http://www.w3.org/"));
    }
  }
}

TEST_CASE("report replaces an earlier report, and nothing else", "[unit]") {
  const Folder folder("report_place");
  const std::string plan = folder.file("answer.json", json_text(an_answer()));
  const std::string mine = folder.file("mine.html", "<!DOCTYPE html><p>mine</p>");
  const test::Answer refused = command({"report", plan, "--out", mine});
  CHECK(refused.status == 3);
  CHECK_THAT(refused.err, Contains("no earlier report"));
  CHECK(tests::contents(mine) == "<!DOCTYPE html><p>mine</p>");
  CHECK(command({"report", plan, "--out", folder.path()}).status == 3);
  CHECK(command({"report", plan, "--out", plan}).status == 3);
  CHECK(command({"report", plan, "--out", folder.path() + "/none/page.html"}).status == 4);
  const std::string page = folder.path() + "/page.html";
  report_of(plan, page, "ko");
  CHECK_THAT(report_of(plan, page, "en"), Contains("Report of a plan"));
  CHECK_FALSE(std::filesystem::exists(page + ".writing"));
}

TEST_CASE("report: what it cannot be made of is told", "[unit]") {
  const Folder folder("report_bad");
  const std::string out = folder.path() + "/page.html";
  const auto told = [&](const std::string& file) {
    const test::Answer answer = command({"report", file, "--out", out});
    CHECK(answer.status == 3);
    CHECK_FALSE(std::filesystem::exists(out));
    return answer.err;
  };
  CHECK_THAT(told(folder.path() + "/none.run"), Contains("no such file"));
  CHECK_THAT(told(folder.path()), Contains("is a directory"));
  for (const std::string& text :
       {std::string(), std::string("{"), std::string("[]"), std::string("{\"name\": \"x\"}"),
        std::string(3000, '\xd7'), std::string(test::small_scenario)}) {
    CHECK_THAT(told(folder.file("bad.json", text)), Contains("neither a recording"));
  }
  CHECK_THAT(told(folder.file("bad.run", "SQLite format 3")), Contains("recording"));
  // A workload with mistakes has them listed; an answer of an earlier version is told as that.
  CHECK_THAT(told(folder.file("w.json", R"({"topics": [{"name": "t", "rate": "x"}]})")),
             Contains("/topics/0/rate"));
  Json old = an_answer();
  old.erase("stated");
  CHECK_THAT(told(folder.file("old.json", json_text(old))), Contains("earlier brokerlab"));
  // Members of other kinds than ours leave gaps, and no crash.
  Json odd = an_answer();
  odd["answer"]["cost"] = "free";
  odd["answer"]["topics"] = 7;
  odd["failure"] = Json::array();
  odd["stated"]["groups"] = {1, "x", nullptr};
  odd["bottlenecks"] = {{{"used", 1e300}, {"allowed", -1}}, "x"};
  CHECK(not_well_formed(report_of(folder.file("odd.json", json_text(odd)), out)) == "");
}

TEST_CASE("report: a workload is planned first", "[unit]") {
  const Folder folder("report_workload");
  const std::string workload = folder.file("w.json", R"({
    "name": "tiny", "survive": "nothing", "machines": ["office_pc_ssd"], "most_brokers": 2,
    "topics": [{"name": "t", "rate": "20/s", "record_size": "200 B", "retention": "1d",
                "replication.factor": 1, "min.insync.replicas": 1}]})");
  const std::string out = folder.path() + "/page.html";
  const test::Answer answer = command({"report", workload, "--out", out, "--seeds", "1"});
  INFO(answer.err);
  REQUIRE(answer.status == 0);
  const std::string page = tests::contents(out);
  CHECK(not_well_formed(page) == "");
  CHECK_THAT(page, Contains("1 x office_pc_ssd") && Contains("--seeds 1"));
}

TEST_CASE("charts: gaps, single points, thinning", "[unit]") {
  using namespace plan::report;
  Chart chart{"c", "Chart", "", "about", {{"line", {}}}, Scale::linear, ""};
  CHECK(to_markup(chart, {10, {}, {}}).empty());
  chart.lines[0].points = {{1, 5}, {2, 5}, {3, 5}, {8, 5}, {9, 5}};
  const std::string gap = to_markup(chart, {10, {}, {}}).text();
  const std::string path = gap.substr(gap.find("<path d=\""), 60);
  CHECK(std::count(path.begin(), path.end(), 'M') == 2);
  chart.lines[0].points.clear();
  for (int i = 0; i < 100'000; ++i)
    chart.lines[0].points.push_back({i * 0.001, i == 77 ? 9.0 : 1.0});
  const std::string many = to_markup(chart, {100, {}, {}}).text();
  CHECK(many.size() < 40'000);
  CHECK_THAT(many, Contains(">9<"));  // The peak is in the table, and in the picture.
  CHECK(number_words(1234567.8) == "1,234,568");
  CHECK(number_words(0.25) == "0.25");
  CHECK(number_words(-1500) == "-1,500");
}

TEST_CASE("report in a browser: no error in its console, no request", "[unit]") {
  const std::string browser = chromium();
  if (browser.empty()) {
    WARN("skipped: no chromium is installed (apt-get install chromium)");
    return;
  }
  const Folder folder("report_browser");
  Json scenario = json_from(with_a_fault());
  const std::string run = run_file(folder, json_text(scenario));
  const std::string plan = folder.file("answer.json", json_text(an_answer()));
  for (const std::string& file : {run, plan}) {
    for (const std::string language : {"en", "ko"}) {
      const std::string page = folder.path() + "/page.html";
      report_of(file, page, language);
      const std::string picture = folder.path() + "/page.png";
      const std::string log = folder.path() + "/log.txt";
      std::filesystem::remove(picture);
      const std::string call = fmt::format(
          "timeout 100 {} --headless --no-sandbox --disable-gpu --disable-dev-shm-usage "
          "--no-first-run "
          "--disable-background-networking --disable-component-update --disable-sync "
          "--user-data-dir={}/profile --enable-logging=stderr --hide-scrollbars "
          "--window-size=900,1200 --screenshot={} file://{} > {} 2>&1",
          browser, folder.path(), picture, page, log);
      INFO(call);
      REQUIRE(std::system(call.c_str()) == 0);
      const std::string told = tests::contents(log);
      INFO(told);
      // What a page tells or breaks, a request that its policy forbids among them, is a CONSOLE
      // line.
      CHECK(told.find("CONSOLE") == std::string::npos);
      CHECK(std::filesystem::file_size(picture) > 20'000);
    }
  }
}
