// What a person means by a moment or an event of a recording: "09:00:46", "is now led". Shared by
// the commands and the viewer.
//
// Threads: none. Errors: a sentence for the user, or nothing where nothing fits.
#pragma once

#include "base/phrase.h"
#include "base/result.h"
#include "recording/reader.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brokerlab::recording {

/// "08:55:00", "8:55:00" or "08:55:00.250" as the time since midnight; nothing when it is no time
/// of day.
std::optional<Duration> parse_time_of_day(std::string_view text);

/// "330s", or a time of day when the recording has a clock, as a moment of the run; a time of day
/// before its start is of the next day.
Result<Time, std::string> find_moment(const Reader& reader, std::string_view text);

/// "08:55:00 (t=0.000s) to 09:05:00 (t=600.000s)": where the moments of a recording lie.
std::string span_text(const Reader& reader);

/// Whether `wanted` stands in `text` as a whole word, in either case: "led" is not in "failed", nor
/// "broker-1" in "broker-10". Words that are not of ASCII, which may have particles behind them,
/// are found anywhere.
bool has_word(std::string_view text, std::string_view wanted);

/// Events in whose kind, machine, partition or sentences every word of `words` stands; those of the
/// user's own partitions first, then in order of time. A single word that is the last of a kind,
/// such as "lost" of record.lost, means that kind before all others.
std::vector<RecordedEvent> find_events(const Reader& reader, std::string_view words);

/// What an event waited for, such as "zookeeper.session.timeout.ms = 18s"; how a lost record got
/// lost; "" when it tells neither.
std::string waited_for(const RecordedEvent& event, Language language);

/// The number of an event, "#17" or "17"; nothing for words.
std::optional<std::int64_t> event_number(std::string_view text);

}  // namespace brokerlab::recording
