#include "base/settings_given.h"

#include "base/json_text.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <utility>

namespace brokerlab::detail {
namespace {

class GivenType : public ValueType {
 public:
  using Given = std::map<std::string, std::string>;
  GivenType(TypeRef of, Probe probe) : of_(of), probe_(probe) {}

  void read(const Json& value, const std::string& path, void* target,
            SettingsReport& report) const override {
    const std::size_t before = report.errors.size();
    probe_(*of_, value, path, report);
    if (report.errors.size() > before) return;
    auto& given = *static_cast<Given*>(target);
    given.clear();
    for (const auto& [name, one] : value.items()) given[name] = json_text(one);
  }
  Json write(const void* value) const override {
    Json object = Json::object();
    for (const auto& [name, text] : *static_cast<const Given*>(value)) {
      object[name] = json_from(text);
    }
    return object;
  }
  Json schema(Json& definitions) const override { return of_->schema(definitions); }
  std::string allowed() const override { return of_->allowed(); }
  void visit_records(const std::function<void(const ValueType&)>& visit) const override {
    of_->visit_records(visit);
  }
  std::string record_name() const override { return of_->record_name(); }
  Status<std::string> set(Json& node, std::string_view rest, std::string_view text) const override {
    return of_->set(node, rest, text);
  }

 private:
  TypeRef of_;
  Probe probe_;
};

}  // namespace

TypeRef given_type(TypeRef of, Probe probe) { return keep<GivenType>(of, probe); }

}  // namespace brokerlab::detail
