#include "plan/files/yaml.h"

#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

namespace brokerlab::plan {
namespace {

using YamlAsJson = nlohmann::ordered_json;

struct TooLarge {};

/// `left`: how many nodes more may be made; an alias may stand for many.
YamlAsJson converted(const YAML::Node& node, int depth, int& left) {
  if (depth > 32 || --left < 0) throw TooLarge{};
  if (node.IsMap()) {
    YamlAsJson object = YamlAsJson::object();
    for (const auto& one : node) {
      if (one.first.IsScalar()) {
        object[one.first.Scalar()] = converted(one.second, depth + 1, left);
      }
    }
    return object;
  }
  if (node.IsSequence()) {
    YamlAsJson list = YamlAsJson::array();
    for (const auto& one : node) list.push_back(converted(one, depth + 1, left));
    return list;
  }
  return node.IsScalar() ? YamlAsJson(node.Scalar()) : YamlAsJson(nullptr);
}

}  // namespace

std::optional<nlohmann::ordered_json> json_of_yaml(const std::string& text) {
  try {
    int left = 100'000;
    return converted(YAML::Load(text), 0, left);
  } catch (const YAML::Exception&) {
    return std::nullopt;
  } catch (const TooLarge&) {
    return std::nullopt;
  }
}

}  // namespace brokerlab::plan
