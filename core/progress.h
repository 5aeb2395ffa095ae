// Progress of a long job on stderr: a bar on a terminal, one line an epoch elsewhere.
#pragma once

#include <chrono>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>

namespace tailgrad {

/// What a bar shows. Pure, so that tests need no clock and no terminal.
struct ProgressState {
  std::string_view label;                                  ///< "epoch 3/10"
  std::size_t done = 0;                                    ///< units finished
  std::size_t total = 0;                                   ///< 0: unknown, no bar and no ETA
  double seconds = 0;                                      ///< since the start of this label
  std::string_view unit;                                   ///< "steps"
  double loss = std::numeric_limits<double>::quiet_NaN();  ///< NaN: not shown
};
/// "epoch 3/10 ━━━━━━╌╌╌╌  42% 118.3 steps/s ETA 0:07 loss 0.8312", cut to `width` columns.
std::string progress_line(const ProgressState& state, std::size_t width);

/// "0:07", "12:34", "3:05:09"; "?" for what is not a duration.
std::string clock_text(double seconds);

/// What a Progress writes.
enum class ProgressStyle {
  kAuto,  ///< bar when stderr is a terminal, lines otherwise
  kBar,
  kLines,
  kQuiet,  ///< writes nothing
};

/// Used by one thread. The bar is redrawn at most ten times a second and never left behind.
class Progress {
 public:
  /// Writes to the open file descriptor `file` (2: the error stream).
  explicit Progress(ProgressStyle style = ProgressStyle::kAuto, int file = 2);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Begins a stretch of `total` units, such as the steps of an epoch.
  void start(std::string label, std::size_t total, std::string unit = "steps");
  /// `done` of `total` are finished; `loss` is the running mean.
  void update(std::size_t done, double loss = std::numeric_limits<double>::quiet_NaN());
  /// Writes a line that stays, such as the summary of an epoch; the bar gives way.
  void line(std::string_view text);
  /// Removes the bar.
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  void draw();

  ProgressStyle style_;
  int file_;
  std::string label_;
  std::string unit_;
  std::size_t total_ = 0;
  std::size_t done_ = 0;
  double loss_ = 0;
  bool drawn_ = false;
  Clock::time_point started_;
  Clock::time_point redrawn_;
};

}  // namespace tailgrad
