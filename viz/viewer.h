// The viewer without a window: a recording, the view state, and the whole frame drawn from both.
//
// Lifetime: owns the reader. Threads: none. Errors: open() returns the reader's sentence.
#pragma once

#include "base/json_text.h"
#include "viz/child.h"
#include "viz/event_rows.h"
#include "viz/follow.h"
#include "viz/fonts.h"
#include "viz/live.h"
#include "viz/notes.h"
#include "viz/run_data.h"
#include "viz/ui.h"
#include "viz/view_state.h"
#include "viz/why.h"

#include <optional>
#include <string>
#include <vector>

namespace brokerlab::viz {

/// Keys of the viewer, as the window or a test presses them.
enum class Key {
  space,
  left,
  right,
  home,
  end,
  language,
  faster,
  slower,
  next,
  previous,
  first_fault,
  slow_motion,
  theme,
  larger,
  smaller,
  tab,
  zoom_in,
  zoom_out,
  whole,
  pan_left,
  pan_right,
  alone,
  bookmark,  ///< Writes a note at this moment, or changes the one that is there.
  follow,
  kill,    ///< The machine that was asked about; with shift its power is cut. Forks the run,
           ///< or, live, is done now.
  deed_1,  ///< What the buttons of that machine do, in the order of viz/deeds.h.
  deed_2,
  deed_3,
  deed_4,
  deed_5,
  deed_6,
  deed_7,
  deed_8,
  save,       ///< Live: the scenario with all that was done.
  swap,       ///< To the other run, and back.
  picture,    ///< A PNG of the window; with shift a film of what the time line shows.
  present,    ///< Before a class, and back.
  page_down,  ///< To the next question, or the last one.
  page_up,
  compare,     ///< What differs from the other run.
  breakpoint,  ///< Stops at this moment; with shift: at every event of the selected one's kind.
  enter,
  backspace,
  remove,  ///< The bookmark whose note is being written.
  help,
  escape,  ///< Closes what is open; never ends the program.
};

/// What a frame says, for who checks that it can be read.
struct Frame {
  std::vector<std::string> clipped;  ///< Texts that had to be shortened, which should be none.
  std::vector<DrawnText> texts;
};

class Viewer {
 public:
  static Result<Viewer, std::string> open(const std::string& path);
  /// A recording that is simulated while it is watched (`brokerlab live`): it grows, what is asked
  /// for is done in it, and it becomes an ordinary one when the run is over.
  static Result<Viewer, std::string> open_live(const std::string& path);

  const Run& run() const { return run_; }
  const recording::Reader& reader() const { return reader_; }
  ViewState& view() { return view_; }
  /// Nothing: it is no event of this recording.
  std::optional<Time> time_of(std::int64_t event) const {
    const auto found = reader_.event(event);
    return found ? std::optional(found->t) : std::nullopt;
  }

  /// The instant of the view, read anew when the view has moved.
  const Moment& moment();

  void press(Key key, bool shift);
  /// Characters of a note that is being written, UTF-8.
  void type(std::string_view text);
  /// Lets so many seconds of the watcher pass; stops at breakpoints.
  void let_pass(double elapsed);

  /// Shows the other recording's curves beside this one's, on one clock, and what differs.
  Status<std::string> compare_with(const std::string& path);
  const std::string& path() const { return path_; }
  /// A name beside the recording that nobody has yet: "crash_2.png" of crash.run.
  std::string free_name(const std::string& suffix) const;
  /// Whether another program is at work for the window.
  bool busy() const { return child_.has_value(); }
  /// Another number when what is shown may be another though the view is the same.
  int revision() const { return revision_; }
  /// Nothing: the recording is whole.
  const Live* live() const { return live_ ? &*live_ : nullptr; }
  /// Where a presenter stops: the lesson's questions, and bookmarks that say something.
  std::vector<PausePoint> pauses() const;

  Notebook& notebook() { return notebook_; }
  /// Where the notebook's breakpoints stop.
  const std::vector<Stop>& stops();
  /// Every character that the next frame may need.
  const std::string& glyphs();

  /// Draws into the ImGui frame that has begun; `scale`: pixels a design unit.
  Frame draw_frame(const Fonts& fonts, float scale);

 private:
  Viewer(recording::Reader reader, const std::string& path);
  void find_answer();
  void act();
  void do_deed(int key);
  void save();
  void read_again(recording::Reader reader);
  void read_again();
  void look_after_live(double elapsed);
  void look_at_live();
  void ask_live(const Json& command);
  bool press_live(Key key);
  Scene scene();
  void start_film();
  void look_after_child();
  void swap_runs();
  void pause_at(const PausePoint& point);
  bool pause_between(Time before, Time now);
  void turn_page(bool forward);
  void write_note(Key key);
  void go_to_bookmark(bool forward);
  void toggle_breakpoint(bool on_kind);

  std::string path_;
  recording::Reader reader_;
  Run run_;
  ViewState view_;
  Moment moment_;
  EventRows event_rows_;
  std::optional<Child> child_;
  std::string child_makes_;  // The file.
  std::string other_path_;
  std::optional<Run> other_;
  std::optional<recording::Comparison> comparison_;
  std::optional<Journey> journey_;
  std::optional<Time> journey_from_;
  Answer answer_;
  std::optional<Asked> answered_;  // What answer_ is to.
  Language answered_in_ = Language::english;
  Glyphs glyphs_;
  std::optional<std::int64_t> glyphs_have_;  // The event whose causes are among them.
  Notebook notebook_;
  std::vector<Breakpoint> stops_are_of_;
  std::vector<Stop> stops_;
  double moment_speed_ = 0;  // Of moment_; 0: none read yet.
  std::optional<Live> live_;
  std::string seen_;          // The recording that live_ has told of.
  bool told_playing_ = true;  // To the session,
  double told_speed_ = 1;     // as it was told last.
  int revision_ = 0;
  double rest_ = 0;  // Seconds in which it is not read again.
};

/// Where a recording opens: a second before its first fault; without one, before what its lesson
/// asks about, or the load begins. At its beginning nothing has been started yet.
Time opening_moment(const Run& run);

/// Pixels a design unit for a window of this size.
float scale_for(int width, int height);

}  // namespace brokerlab::viz
