#include "viz/live.h"

#include "base/json_text.h"
#include "base/translation.h"
#include "viz/viewer.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <thread>

namespace brokerlab::viz {
namespace {

using recording::LiveState;

/// So often it is looked whether there is something new.
constexpr double look_every = 0.1;
/// Reading anew takes at most this share of the watcher's time.
constexpr double share_of_reading = 0.1;

}  // namespace

Live::Live(recording::LiveChannel channel) : channel_(std::move(channel)) {}

Result<Live, std::string> Live::join(const std::string& path) {
  constexpr auto patience = 120s;  // A large cluster takes its time to begin with.
  auto channel = recording::LiveChannel::join(path);
  if (!channel) return fail(channel.error());
  Live live(std::move(*channel));
  const auto end = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < end) {
    if (auto state = live.channel_.state()) live.state_ = std::move(*state);
    if (!live.state_.recording.empty()) return live;
    if (!live.channel_.simulated()) break;
    std::this_thread::sleep_for(20ms);
  }
  return fail(tr("{}: nothing of it can be seen yet", path));
}

bool Live::look(double elapsed) {
  since_look_ += elapsed;
  if (since_look_ < look_every) return false;
  since_look_ = 0;
  if (auto state = channel_.state()) state_ = std::move(*state);
  // Whoever simulated was ended, and could not say so.
  if (!ended() && !channel_.simulated()) {
    state_.doing = LiveState::Doing::ended;
    state_.problem = tr("nobody simulates any more");
  }
  return true;
}

bool Live::ask(const std::string& words) {
  const auto id = channel_.ask(words);
  if (id) asked_.push_back(*id);
  return id.has_value();
}

std::optional<recording::LiveAnswer> Live::answer() {
  if (asked_.empty()) return std::nullopt;
  auto answer = channel_.answer_to(asked_.front());
  if (answer) asked_.erase(asked_.begin());
  return answer;
}

Result<Viewer, std::string> Viewer::open_live(const std::string& path) {
  auto live = Live::join(path);
  if (!live) return fail(live.error());
  auto reader = recording::Reader::open_growing(live->recording());
  if (!reader) return fail(reader.error());
  Viewer viewer(std::move(*reader), path);
  viewer.seen_ = live->recording();
  const recording::LiveWish wish = live->wish();
  viewer.view_.speed = viewer.told_speed_ = wish.pace;
  viewer.view_.playing = viewer.told_playing_ = !wish.paused;
  viewer.view_.at_edge = true;
  viewer.view_.time = Time(viewer.run_.duration);
  viewer.live_.emplace(std::move(*live));
  return viewer;
}

// The recording as it is now. What was kept of the old one is forgotten.
void Viewer::read_again(recording::Reader reader) {
  event_rows_ = {};
  reader_ = std::move(reader);
  read_again();
}

void Viewer::read_again() {
  const auto begin = std::chrono::steady_clock::now();
  event_rows_ = {};
  run_ = read_run(reader_);
  glyphs_.add(run_.all_text());
  moment_speed_ = 0;
  ++revision_;
  stops_are_of_.clear();
  stops_.clear();
  view_.time = std::min(view_.time, Time(run_.duration));
  const std::chrono::duration<double> cost = std::chrono::steady_clock::now() - begin;
  rest_ = cost.count() / share_of_reading;
}

void Viewer::look_after_live(double elapsed) {
  rest_ -= elapsed;
  if (const bool looked = live_->look(elapsed); looked) look_at_live();
  if (!view_.at_edge) {
    // Who has caught up with the present stays there.
    if (view_.playing && view_.time + from_seconds(elapsed * view_.speed) >= Time(run_.duration)) {
      view_.at_edge = true;
    }
    return;
  }
  // The play button and the speed are the session's here.
  if (view_.playing != told_playing_) ask_live({{"pause", !view_.playing}});
  view_.speed = std::clamp(view_.speed, 0.125, 512.);
  if (view_.speed != told_speed_) ask_live({{"pace", view_.speed}});
  told_playing_ = view_.playing;
  told_speed_ = view_.speed;
  // It grows in steps, and is seen to grow evenly: a little behind what is known.
  const Time edge(run_.duration);
  const Time before = view_.time;
  if (!view_.playing) {
    view_.time = edge;
  } else {
    const Duration behind = std::min(from_seconds(view_.speed), edge.time_since_epoch());
    view_.time = std::clamp(view_.time + from_seconds(elapsed * view_.speed), edge - behind, edge);
  }
  if (view_.time != before) {
    const Time now = view_.time;
    seek(view_, now, run_.duration);
    view_.at_edge = true;
  }
}

void Viewer::look_at_live() {
  if (const auto answer = live_->answer()) view_.notice = answer->words;
  if (live_->ended()) {
    if (!live_->state().problem.empty()) view_.notice = live_->state().problem;
    auto whole = recording::Reader::open(path_);
    live_.reset();
    view_.at_edge = false;
    view_.playing = false;
    if (!whole) return;
    if (view_.notice.empty()) view_.notice = say(Text::live_over, view_.language);
    seen_ = path_;
    return read_again(std::move(*whole));
  }
  if (live_->recording() != seen_) {
    // Something was done: another recording has come as far as this one.
    auto other = recording::Reader::open_growing(live_->recording());
    if (!other) return;
    seen_ = live_->recording();
    return read_again(std::move(*other));
  }
  if (rest_ > 0) return;
  const auto until = reader_.recorded_until();
  if (until && *until > Time(run_.duration)) read_again();
}

void Viewer::ask_live(const Json& command) {
  view_.notice = live_->ask(json_text(command)) ? "" : tr("nobody simulates any more");
}

bool Viewer::press_live(Key key) {
  if (!live_) return false;
  switch (key) {
    case Key::end:
      seek(view_, Time(run_.duration), run_.duration);
      view_.at_edge = true;
      return true;
    case Key::swap:
    case Key::compare:
      view_.notice = say(Text::live_not_yet, view_.language);
      return true;
    default:
      return false;
  }
}

}  // namespace brokerlab::viz
