#include "labs/checks.h"

#include "labs/words.h"

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
  return {false, in_both([&](Language l) {
            return tr_in(l, "The report does not tell: {} ({}).", pick(metric.name, l), metric.at);
          })};
}

Finding not_answered(const std::string& name) {
  return {false, both(phrase("answers.json: {} has no answer yet.", name))};
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
  return {false, both(phrase("The first run has no {} that goes back to {}.", from, back_to))};
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
  return {true, both(phrase("You predicted {} = {}.", question.name, to_text(answer)))};
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
  return right ? both(phrase("{}: predicted {}, measured {}. Well predicted.", question.name,
                             predicted, shown))
               : both(phrase("{}: predicted {}, measured {}. That is worth a thought.",
                             question.name, predicted, shown));
}

Finding check_reading(const Reading& check, const Answer& answer, const Json& report) {
  if (!answered(answer)) return not_answered(check.answer);
  const auto measured = measure(report, check.metric);
  if (!measured) return not_measured(check.metric);
  const auto* number = std::get_if<double>(&answer);
  const auto* truth = std::get_if<bool>(&answer);
  const bool right = (number != nullptr && std::abs(*number - *measured) <= check.within) ||
                     (truth != nullptr && *truth == (*measured > 0));
  return {right, in_both([&](Language l) {
            const std::string& name = pick(check.metric.name, l);
            return right ? tr_in(l, "{}: {}, as the report says.", name, to_text(answer))
                         : tr_in(l,
                                 "{} = {} is not what the report of the first run says for "
                                 "\"{}\".",
                                 check.answer, to_text(answer), name);
          })};
}

Chain chain_between(Chain causes, const std::string& back_to) {
  const auto end = std::find_if(causes.begin(), causes.end(),
                                [&](const auto& event) { return event.kind == back_to; });
  if (end == causes.end() || end == causes.begin()) return {};
  causes.erase(end + 1, causes.end());
  return causes;
}

Chain find_chain(const recording::Reader& reader, const std::string& from,
                 const std::string& back_to) {
  std::set<int> internal;
  for (const auto& partition : reader.partitions()) {
    if (partition.internal) internal.insert(partition.id);
  }
  for (const auto& event : reader.events(recording::EventLevel::detail)) {
    if (event.kind != from || (event.partition && internal.contains(*event.partition))) continue;
    Chain chain = chain_between(reader.causes(event.id), back_to);
    if (!chain.empty()) return chain;
  }
  return {};
}

const recording::RecordedEvent& longest_wait(const Chain& chain) {
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
    return {true, both(phrase("{}: that is what everything waited for.", *word))};
  }
  for (std::size_t i = 0; i < chain.size(); ++i) {
    if (chain[i].kind != *word) continue;
    if (i + 1 == chain.size()) {
      return {false, both(phrase("{} is where the chain begins; it waited for nothing.", *word))};
    }
    return {false, both(phrase("{} is in the chain, but it came only {} after its cause.", *word,
                               to_rounded_text(chain[i].t - chain[i + 1].t)))};
  }
  return {false, both(phrase("No event of kind \"{}\" is in the chain from {} back to {}.", *word,
                             check.from, check.back_to))};
}

Finding check_setting_behind_wait(const SettingBehindWait& check, const Answer& answer,
                                  const Chain& chain, const Json& settings) {
  const auto* word = std::get_if<std::string>(&answer);
  if (word == nullptr) return not_answered(check.answer);
  if (chain.size() < 2) return no_chain(check.from, check.back_to);
  std::vector<Json> values;
  collect(settings, *word, values);
  if (values.empty()) {
    return {false, both(phrase("\"{}\" is no setting of this scenario; write its name only, as "
                               "Kafka spells it.",
                               *word))};
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
  if (right) return {true, both(phrase("{}: the recording agrees.", *word))};
  return {false, both(phrase("{} is {} here; the longest wait followed another setting.", *word,
                             brief_text(values.front())))};
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
  std::vector<std::string> wrong;
  for (std::string& path : differences(original, student)) {
    if (!is_allowed(path, check.paths)) wrong.push_back(std::move(path));
  }
  if (wrong.empty()) {
    return {true, both(phrase("Load, faults and machines are as they were."))};
  }
  return {false, both(phrase("scenario.json: these must stay as they were: {}.", listed(wrong)))};
}

namespace {

std::optional<Finding> broken_promise(const Json& report, const LocalText& where) {
  for (const Json& one : report.value("invariants", Json::array())) {
    if (one.value("held", true)) continue;
    return Finding{false, in_both([&](Language l) {
                     return tr_in(l, "{}: the promise {} is broken.", pick(where, l),
                                  one.value("name", "?"));
                   })};
  }
  for (const Json& one : report.value("faults", Json::array())) {
    if (one.value("done", true) || one.value("needless", false)) continue;
    return Finding{false, in_both([&](Language l) {
                     return tr_in(l, "{}: \"{}\" could not be done, so the run proves nothing.",
                                  pick(where, l), one.value("what", "?"));
                   })};
  }
  return std::nullopt;
}

}  // namespace

Finding check_outcomes(const std::vector<const Outcome*>& outcomes, const Json& report,
                       const LocalText& where) {
  for (const Outcome* outcome : outcomes) {
    const auto measured = measure(report, outcome->metric);
    if (!measured) return not_measured(outcome->metric);
    const double limit = outcome->below ? *outcome->below : *outcome->at_most;
    if (outcome->below ? *measured < limit : *measured <= limit) continue;
    return {false, in_both([&](Language l) {
              const std::string& name = pick(outcome->metric.name, l);
              const std::string number = number_text(*measured);
              std::string words =
                  outcome->below ? tr_in(l, "{}: {}: {}; it must be less than {}.", pick(where, l),
                                         name, number, number_text(limit))
                  : limit == 0
                      ? tr_in(l, "{}: {}: {}; there must be none.", pick(where, l), name, number)
                      : tr_in(l, "{}: {}: {}; it must be at most {}.", pick(where, l), name, number,
                              number_text(limit));
              const std::string& because = pick(outcome->because, l);
              return because.empty() ? words : words + " " + because;
            })};
  }
  if (auto broken = broken_promise(report, where)) return *broken;
  return {true,
          in_both([&](Language l) { return tr_in(l, "{}: as it should be.", pick(where, l)); })};
}

Finding check_count(const Answer& answer, std::int64_t counted, Subject on) {
  const auto* number = std::get_if<double>(&answer);
  const bool own = on == Subject::student;
  if (number != nullptr && *number == static_cast<double>(counted)) {
    return {true,
            own ? both(phrase("Your settings: {}, as the experiment shows.", counted))
                : both(phrase("The original settings: {}, as the experiment shows.", counted))};
  }
  return {false, own ? both(phrase("Your settings: the experiment shows another number than {}.",
                                   to_text(answer)))
                     : both(phrase("The original settings: the experiment shows another number "
                                   "than {}.",
                                   to_text(answer)))};
}

}  // namespace brokerlab::labs
