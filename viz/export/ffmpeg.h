// ffmpeg as a child that is fed pictures through a socket and writes one file of them.
//
// Lifetime: owns the child; one that was not finished is killed. What it wrote is the caller's to
//           put in its place or to remove.
// Threads:  none. The child ignores the terminal's Ctrl-C: it ends when nobody feeds it.
// Errors:   returned, one sentence: no ffmpeg, it was killed, its own last word (the disk is full).
#pragma once

#include "base/result.h"
#include "viz/offscreen.h"

#include <sys/types.h>

#include <string>
#include <vector>

namespace brokerlab::viz {

enum class VideoFormat { mp4, gif };

struct VideoShape {
  VideoFormat format = VideoFormat::mp4;
  int width = 0;
  int height = 0;
  int frames_per_second = 30;
};

class Ffmpeg {
 public:
  /// `path` is written over, whatever it is called.
  static Result<Ffmpeg, std::string> start(const std::string& path, const VideoShape& shape);
  Ffmpeg(Ffmpeg&& other) noexcept;
  Ffmpeg& operator=(Ffmpeg&& other) noexcept;
  ~Ffmpeg();

  /// The next picture, of the shape's size.
  Status<std::string> feed(const Picture& picture);
  /// Waits until the file is whole.
  Status<std::string> finish();

 private:
  Ffmpeg() = default;
  std::string end();  ///< Waits for it; why it ended, "" when all went well.
  std::string last_words() const;

  pid_t child_ = -1;
  int input_ = -1;
  int said_ = -1;  ///< A file in memory with what it said: it never waits for a reader.
};

}  // namespace brokerlab::viz
