// A value of a properties file, as Kafka's ConfigDef takes it, as the JSON that a scenario has for
// it: white space around it means nothing, TRUE is true, +5 and 007 are whole numbers, 1e3 and
// 1_000 are none, and a list is parted at commas with any white space around them.
//
// Source: org.apache.kafka.common.config.ConfigDef.parseType() and java.lang.Integer, Long and
// Double; of letters that mean nothing: ConfigDef.CaseInsensitiveValidString.
// Threads: none. Errors: what is no value of the type stays a text, which whoever reads settings
// refuses with what is allowed.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>

namespace brokerlab::plan {

/// Without what String.trim() takes: characters up to the blank, at both ends.
std::string_view java_trimmed(std::string_view text);

/// `type` as KafkaSetting has it ("boolean", "int", "list"). A list is a text with commas.
nlohmann::ordered_json config_value(std::string_view key, std::string_view value,
                                    std::string_view type);

}  // namespace brokerlab::plan
