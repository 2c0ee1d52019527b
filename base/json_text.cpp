#include "base/json_text.h"

#include <nlohmann/json.hpp>

namespace brokerlab {

Json json_from(std::string_view text) { return Json::parse(text, nullptr, false); }

std::string json_text(const Json& value, int indent, bool ascii) {
  return value.dump(indent, ' ', ascii, Json::error_handler_t::replace);
}

}  // namespace brokerlab
