#include "labs/checks.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <set>

namespace brokerlab::labs {
namespace {

std::optional<double> number_at(const Json& report, const std::string& pointer) {
  try {
    const Json& value = report.at(Json::json_pointer(pointer));
    if (value.is_array()) return static_cast<double>(value.size());
    if (value.is_boolean()) return value.get<bool>() ? 1 : 0;
    if (value.is_number()) return value.get<double>();
  } catch (const nlohmann::json::exception&) {
    // Not there: told as nothing.
  }
  return std::nullopt;
}

Finding not_measured(const Metric& metric) {
  return {false,
          {fmt::format("The report does not tell: {} ({}).", metric.name.en, metric.at),
           fmt::format("보고서에 다음 값이 없습니다: {} ({}).", metric.name.ko, metric.at)}};
}

Finding not_answered(const std::string& name) {
  return {false,
          {fmt::format("answers.json: {} has no answer yet.", name),
           fmt::format("answers.json: {}에 아직 답이 없습니다.", name)}};
}

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

/// Every value under a key of that name, anywhere.
void collect(const Json& node, const std::string& wanted, std::vector<Json>& found) {
  if (!node.is_structured()) return;
  for (const auto& item : node.items()) {
    if (node.is_object() && item.key() == wanted) found.push_back(item.value());
    collect(item.value(), wanted, found);
  }
}

/// Kafka's settings are milliseconds, the others texts with a unit.
std::optional<Duration> as_duration(const Json& value) {
  if (value.is_number_integer()) {
    const auto millis = value.get<std::int64_t>();
    if (millis < 0 || millis > max_duration.count() / 1'000'000) return std::nullopt;
    return std::chrono::milliseconds(millis);
  }
  if (!value.is_string()) return std::nullopt;
  const auto duration = parse_duration(value.get<std::string>());
  return duration ? std::optional(*duration) : std::nullopt;
}

Finding no_chain(const std::string& from, const std::string& back_to) {
  return {false,
          {fmt::format("The first run has no {} that goes back to {}.", from, back_to),
           fmt::format("첫 실행에는 {}에서 시작된 {}이(가) 없습니다.", back_to, from)}};
}

void differ(const Json& a, const Json& b, const std::string& path, std::vector<std::string>& out) {
  if (a == b) return;
  if (a.is_object() && b.is_object()) {
    std::set<std::string> keys;
    for (const auto& item : a.items()) keys.insert(item.key());
    for (const auto& item : b.items()) keys.insert(item.key());
    for (const std::string& key : keys) {
      const std::string inner = json_pointer(path, key);
      if (a.contains(key) && b.contains(key)) {
        differ(a[key], b[key], inner, out);
      } else {
        out.push_back(inner);
      }
    }
    return;
  }
  if (a.is_array() && b.is_array() && a.size() == b.size()) {
    for (std::size_t i = 0; i < a.size(); ++i) differ(a[i], b[i], json_pointer(path, i), out);
    return;
  }
  out.push_back(path);
}

std::vector<std::string> tokens(const std::string& pointer) {
  std::vector<std::string> parts;
  std::size_t at = 1;
  while (at <= pointer.size() && !pointer.empty()) {
    const std::size_t end = std::min(pointer.find('/', at), pointer.size());
    parts.push_back(pointer.substr(at, end - at));
    at = end + 1;
  }
  return parts;
}

}  // namespace

std::optional<double> measure(const Json& report, const Metric& metric) {
  const auto value = number_at(report, metric.at);
  if (!value || metric.minus.empty()) return value;
  const auto other = number_at(report, metric.minus);
  return other ? std::optional(*value - *other) : std::nullopt;
}

std::string number_text(double value) {
  std::string text = fmt::format("{:.2f}", value);
  while (text.ends_with('0')) text.pop_back();
  if (text.ends_with('.')) text.pop_back();
  return text == "-0" ? "0" : text;
}

Finding check_predicted(const Question& question, const Answer& answer) {
  if (!answered(answer)) return not_answered(question.name);
  return {true,
          {fmt::format("You predicted {} = {}.", question.name, to_text(answer)),
           fmt::format("예측: {} = {}.", question.name, to_text(answer))}};
}

LocalText compare(const Predicted& check, const Question& question, const std::string& predicted,
                  const Json& report) {
  const auto measured = measure(report, check.metric);
  if (!measured) return not_measured(check.metric).words;
  bool right = false;
  std::string shown = number_text(*measured);
  if (question.kind == AnswerKind::yes_no) {
    shown = *measured > 0 ? "true" : "false";
    right = predicted == shown;
  } else {
    const double number = std::strtod(predicted.c_str(), nullptr);
    right = std::abs(number - *measured) <= check.close;
  }
  const auto fill = [&](const std::string& text) {
    return replaced(replaced(text, "{predicted}", predicted), "{measured}", shown);
  };
  return {
      fmt::format("{}: predicted {}, measured {}. {}\n{}", question.name, predicted, shown,
                  right ? "Well predicted." : "That is worth a thought.", fill(check.because.en)),
      fmt::format("{}: 예측 {}, 측정 {}. {}\n{}", question.name, predicted, shown,
                  right ? "예측이 맞았습니다." : "왜 다른지 생각해 볼 만합니다.",
                  fill(check.because.ko))};
}

Finding check_reading(const Reading& check, const Answer& answer, const Json& report) {
  if (!answered(answer)) return not_answered(check.answer);
  const auto measured = measure(report, check.metric);
  if (!measured) return not_measured(check.metric);
  const auto* number = std::get_if<double>(&answer);
  const auto* truth = std::get_if<bool>(&answer);
  const bool right = (number != nullptr && std::abs(*number - *measured) <= check.within) ||
                     (truth != nullptr && *truth == (*measured > 0));
  if (right) {
    return {true,
            {fmt::format("{}: {}, as the report says.", check.metric.name.en, to_text(answer)),
             fmt::format("{}: {}. 보고서와 같습니다.", check.metric.name.ko, to_text(answer))}};
  }
  return {false,
          {fmt::format("{} = {} is not what the report of the first run says for \"{}\".",
                       check.answer, to_text(answer), check.metric.name.en),
           fmt::format("{} = {}: 첫 실행의 보고서에 적힌 \"{}\" 값과 다릅니다.", check.answer,
                       to_text(answer), check.metric.name.ko)}};
}

Chain chain_between(Chain causes, const std::string& back_to) {
  const auto end = std::find_if(causes.begin(), causes.end(),
                                [&](const auto& event) { return event.kind == back_to; });
  if (end == causes.end() || end == causes.begin()) return {};
  causes.erase(end + 1, causes.end());
  return causes;
}

Chain find_chain(const sim::RecordingReader& reader, const std::string& from,
                 const std::string& back_to) {
  std::set<int> internal;
  for (const auto& partition : reader.partitions()) {
    if (partition.internal) internal.insert(partition.id);
  }
  for (const auto& event : reader.events(sim::EventLevel::detail)) {
    if (event.kind != from || (event.partition && internal.contains(*event.partition))) continue;
    Chain chain = chain_between(reader.causes(event.id), back_to);
    if (!chain.empty()) return chain;
  }
  return {};
}

const sim::RecordedEvent& longest_wait(const Chain& chain) {
  ENSURE(chain.size() >= 2, "a chain of {} has no wait", chain.size());
  std::size_t longest = 0;
  for (std::size_t i = 0; i + 1 < chain.size(); ++i) {
    if (chain[i].t - chain[i + 1].t > chain[longest].t - chain[longest + 1].t) longest = i;
  }
  return chain[longest];
}

Finding check_longest_wait(const LongestWait& check, const Answer& answer, const Chain& chain) {
  const auto* word = std::get_if<std::string>(&answer);
  if (word == nullptr) return not_answered(check.answer);
  if (chain.size() < 2) return no_chain(check.from, check.back_to);
  if (*word == longest_wait(chain).kind) {
    return {true,
            {fmt::format("{}: that is what everything waited for.", *word),
             fmt::format("{}: 모두가 기다린 것이 바로 이 이벤트입니다.", *word)}};
  }
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (chain[i].kind != *word) continue;
    if (i + 1 == chain.size()) {
      return {false,
              {fmt::format("{} is where the chain begins; it waited for nothing.", *word),
               fmt::format("{}은(는) 원인의 사슬이 시작되는 곳입니다. 아무것도 기다리지 "
                           "않았습니다.",
                           *word)}};
    }
    const std::string gap = to_rounded_text(chain[i].t - chain[i + 1].t);
    return {
        false,
        {fmt::format("{} is in the chain, but it came only {} after its cause.", *word, gap),
         fmt::format("{}은(는) 사슬에 있지만 원인이 생기고 {} 만에 일어났습니다.", *word, gap)}};
  }
  return {false,
          {fmt::format("No event of kind \"{}\" is in the chain from {} back to {}.", *word,
                       check.from, check.back_to),
           fmt::format("{}에서 {}까지 거슬러 올라가는 사슬에 \"{}\" 종류의 이벤트는 없습니다.",
                       check.from, check.back_to, *word)}};
}

Finding check_setting_behind_wait(const SettingBehindWait& check, const Answer& answer,
                                  const Chain& chain, const Json& settings) {
  const auto* word = std::get_if<std::string>(&answer);
  if (word == nullptr) return not_answered(check.answer);
  if (chain.size() < 2) return no_chain(check.from, check.back_to);
  std::vector<Json> values;
  collect(settings, *word, values);
  if (values.empty()) {
    return {false,
            {fmt::format("\"{}\" is no setting of this scenario; write its name only, as Kafka "
                         "spells it.",
                         *word),
             fmt::format("\"{}\"(이)라는 설정은 이 시나리오에 없습니다. 카프카가 쓰는 이름만 "
                         "그대로 적으세요.",
                         *word)}};
  }
  SettingsReport ignored;
  Json details;
  std::optional<Duration> told;
  if (parse_json(longest_wait(chain).detail, details, ignored) && details.is_object() &&
      details.contains(check.detail)) {
    told = as_duration(details[check.detail]);
  }
  const bool right = told && std::any_of(values.begin(), values.end(), [&](const Json& value) {
                       return as_duration(value) == told;
                     });
  if (right) {
    return {true,
            {fmt::format("{}: the recording agrees.", *word),
             fmt::format("{}: 기록과 일치합니다.", *word)}};
  }
  return {false,
          {fmt::format("{} is {} here; the longest wait followed another duration.", *word,
                       brief_text(values.front())),
           fmt::format("{}의 값은 여기서 {}입니다. 가장 긴 기다림은 다른 시간을 따랐습니다.", *word,
                       brief_text(values.front()))}};
}

std::vector<std::string> differences(const Json& a, const Json& b) {
  std::vector<std::string> out;
  differ(a, b, "", out);
  return out;
}

bool is_allowed(const std::string& path, const std::vector<std::string>& patterns) {
  const auto given = tokens(path);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& pattern) {
    const auto wanted = tokens(pattern);
    if (wanted.size() > given.size()) return false;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (wanted[i] != "*" && wanted[i] != given[i]) return false;
    }
    return true;
  });
}

Finding check_only_changed(const OnlyChanged& check, const Json& original, const Json& student) {
  std::string list;
  for (const std::string& path : differences(original, student)) {
    if (!is_allowed(path, check.paths)) list += (list.empty() ? "" : ", ") + path;
  }
  if (list.empty()) {
    return {
        true,
        {"Load, faults and machines are as they were.", "부하, 장애, 장비는 원래 그대로입니다."}};
  }
  return {false,
          {fmt::format("scenario.json: these must stay as they were: {}.", list),
           fmt::format("scenario.json: 다음은 원래대로 두어야 합니다: {}.", list)}};
}

Finding check_outcomes(const OverSeeds& check, const Json& report, std::int64_t seed) {
  const auto found = report.find("verdict");
  const std::string verdict =
      found != report.end() && found->is_string() ? found->get<std::string>() : "?";
  for (const Outcome& outcome : check.outcomes) {
    const auto measured = measure(report, outcome.metric);
    if (!measured) return not_measured(outcome.metric);
    const double limit = outcome.below ? *outcome.below : *outcome.at_most;
    if (outcome.below ? *measured < limit : *measured <= limit) continue;
    return {
        false,
        {fmt::format("Seed {}: {}: {}; expected {} {}.", seed, outcome.metric.name.en,
                     number_text(*measured), outcome.below ? "less than" : "at most",
                     number_text(limit)),
         fmt::format("시드 {}: {}: {}. {} {}여야 합니다.", seed, outcome.metric.name.ko,
                     number_text(*measured), number_text(limit), outcome.below ? "미만" : "이하")}};
  }
  if (verdict != "pass") {
    return {false,
            {fmt::format("Seed {}: the verdict is {}; expected pass.", seed, verdict),
             fmt::format("시드 {}: 판정은 {}입니다. pass여야 합니다.", seed, verdict)}};
  }
  return {
      true,
      {fmt::format("Seed {}: as it should be.", seed), fmt::format("시드 {}: 좋습니다.", seed)}};
}

Finding check_count(const Answer& answer, std::int64_t counted, Subject on) {
  const auto* number = std::get_if<double>(&answer);
  const bool own = on == Subject::student;
  if (number != nullptr && *number == static_cast<double>(counted)) {
    return {true,
            {fmt::format("{} settings: {}, as the experiment shows.", own ? "Your" : "The original",
                         counted),
             fmt::format("{} 설정: {}. 실험 결과와 같습니다.", own ? "바꾼" : "원래", counted)}};
  }
  return {false,
          {fmt::format("{} settings: the experiment shows another number than {}.",
                       own ? "Your" : "The original", to_text(answer)),
           fmt::format("{} 설정: 실험 결과는 {}이(가) 아닙니다.", own ? "바꾼" : "원래",
                       to_text(answer))}};
}

}  // namespace brokerlab::labs
