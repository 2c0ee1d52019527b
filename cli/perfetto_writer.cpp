#include "cli/perfetto_writer.h"

#include <cmath>

namespace brokerlab::cli {
namespace {

template <class Buffer>
void append_string(Buffer& out, std::string_view text) {
  out.push_back('"');
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

}  // namespace

void TraceArguments::key(std::string_view key) {
  if (!members_.empty()) members_ += ',';
  append_string(members_, key);
  members_ += ':';
}

TraceArguments& TraceArguments::with(std::string_view name, std::string_view text) {
  key(name);
  append_string(members_, text);
  return *this;
}

TraceArguments& TraceArguments::with(std::string_view name, std::int64_t number) {
  return with_json(name, std::to_string(number));
}

TraceArguments& TraceArguments::with(std::string_view name, double number) {
  if (!std::isfinite(number)) return *this;
  return with_json(name, fmt::format("{}", number));
}

TraceArguments& TraceArguments::with_json(std::string_view name, std::string_view json) {
  key(name);
  members_ += json;
  return *this;
}

void PerfettoWriter::begin(std::string_view beginning, const TraceArguments& about) {
  auto& out = target_.buffer();
  out.append(beginning);
  const std::string members = about.text();
  if (members.size() > 2) out.push_back(',');
  out.append(std::string_view(members).substr(1));
  out.append(std::string_view(R"(,"displayTimeUnit":"ns","traceEvents":[)"));
}

void PerfettoWriter::end() {
  target_.buffer().append(std::string_view("\n]}\n"));
  target_.written();
}

void PerfettoWriter::open(char phase, Track track, std::int64_t t) {
  auto& out = target_.buffer();
  out.append(std::string_view(first_ ? "\n" : ",\n"));
  first_ = false;
  // Microseconds with every nanosecond.
  fmt::format_to(std::back_inserter(out), R"({{"ph":"{}","pid":{},"tid":{},"ts":{}.{:03})", phase,
                 track.process, track.thread, t / 1000, t % 1000);
}

void PerfettoWriter::close() {
  target_.buffer().push_back('}');
  target_.written();
}

void PerfettoWriter::text_member(std::string_view key, std::string_view text) {
  auto& out = target_.buffer();
  fmt::format_to(std::back_inserter(out), R"(,"{}":)", key);
  append_string(out, text);
}

void PerfettoWriter::process(std::int64_t process, std::string_view name, std::int64_t order) {
  auto& out = target_.buffer();
  open('M', {process, 0}, 0);
  out.append(std::string_view(R"(,"name":"process_name","args":)"));
  out.append(TraceArguments().with("name", name).text());
  close();
  open('M', {process, 0}, 0);
  out.append(std::string_view(R"(,"name":"process_sort_index","args":)"));
  out.append(TraceArguments().with("sort_index", order).text());
  close();
}

Track PerfettoWriter::thread(std::int64_t process, std::string_view name, std::int64_t order) {
  auto& out = target_.buffer();
  const Track track{process, ++last_thread_};
  open('M', track, 0);
  out.append(std::string_view(R"(,"name":"thread_name","args":)"));
  out.append(TraceArguments().with("name", name).text());
  close();
  open('M', track, 0);
  out.append(std::string_view(R"(,"name":"thread_sort_index","args":)"));
  out.append(TraceArguments().with("sort_index", order).text());
  close();
  return track;
}

void PerfettoWriter::slice_begins(Track track, std::int64_t t, std::string_view name,
                                  const TraceArguments& arguments) {
  open('B', track, t);
  text_member("name", name);
  target_.buffer().append(std::string_view(R"(,"cat":"request","args":)"));
  target_.buffer().append(arguments.text());
  close();
}

void PerfettoWriter::slice_ends(Track track, std::int64_t t) {
  open('E', track, t);
  close();
}

void PerfettoWriter::arrow_leaves(Track track, std::int64_t t, std::int64_t id) {
  open('s', track, t);
  fmt::format_to(std::back_inserter(target_.buffer()),
                 R"(,"name":"message","cat":"message","id":{})", id);
  close();
}

void PerfettoWriter::arrow_reaches(Track track, std::int64_t t, std::int64_t id) {
  open('f', track, t);
  fmt::format_to(std::back_inserter(target_.buffer()),
                 R"(,"bp":"e","name":"message","cat":"message","id":{})", id);
  close();
}

void PerfettoWriter::instant(Track track, std::int64_t t, char scope, std::string_view name,
                             std::string_view category, const TraceArguments& arguments) {
  open('i', track, t);
  fmt::format_to(std::back_inserter(target_.buffer()), R"(,"s":"{}")", scope);
  text_member("name", name);
  text_member("cat", category);
  target_.buffer().append(std::string_view(R"(,"args":)"));
  target_.buffer().append(arguments.text());
  close();
}

void PerfettoWriter::counter(std::int64_t process, std::int64_t t, std::string_view name,
                             double value) {
  if (!std::isfinite(value)) return;
  open('C', {process, 0}, t);
  text_member("name", name);
  fmt::format_to(std::back_inserter(target_.buffer()), R"(,"args":{{"value":{}}})", value);
  close();
}

Track Lanes::take(std::int64_t process) {
  auto& lanes = lanes_[process];
  for (Lane& lane : lanes) {
    if (!std::exchange(lane.busy, true)) return lane.track;
  }
  const auto number = static_cast<std::int64_t>(lanes.size()) + 1;
  const Track track = writer_.thread(process, fmt::format("{} {}", name_, number), order_ + number);
  lanes.push_back({track, true});
  return track;
}

void Lanes::release(Track track) {
  for (Lane& lane : lanes_[track.process]) {
    if (lane.track.thread == track.thread) lane.busy = false;
  }
}

}  // namespace brokerlab::cli
