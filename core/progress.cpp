#include <tailgrad/core/progress.h>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <utility>

namespace tailgrad {
namespace {

constexpr std::size_t kBarWidth = 24;
constexpr std::chrono::milliseconds kRedraw{100};

void write_text(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // Losing progress is no reason to lose the run.
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::size_t terminal_width(int file) {
  winsize size{};
  const bool known = ::ioctl(file, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

// The first `columns` characters; every character used here is one column wide.
std::string_view cut_columns(std::string_view text, std::size_t columns) {
  std::size_t at = 0;
  for (; at < text.size(); ++at) {
    const bool begins = (static_cast<unsigned char>(text[at]) & 0xc0) != 0x80;
    if (begins && columns-- == 0) break;
  }
  return text.substr(0, at);
}

}  // namespace

std::string clock_text(double seconds) {
  if (!(seconds >= 0 && seconds < 1e7)) return "?";
  const auto whole = static_cast<long>(std::lround(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string progress_line(const ProgressState& state, std::size_t width) {
  std::string text(state.label);
  const double done = static_cast<double>(state.done);
  const double rate = state.seconds > 0 ? done / state.seconds : 0;
  if (state.total > 0) {
    const double share = std::min(1.0, done / static_cast<double>(state.total));
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(kBarWidth));
    text += ' ';
    for (std::size_t i = 0; i < kBarWidth; ++i) text += i < filled ? "━" : "╌";
    text += fmt::format(" {:3.0f}%", std::floor(100 * share));
  } else {
    text += fmt::format(" {} {}", state.done, state.unit);
  }
  if (rate > 0) {
    text += fmt::format(" {:.{}f} {}/s", rate, rate < 100 ? 1 : 0, state.unit);
    if (state.total >= state.done)
      text += " ETA " + clock_text(static_cast<double>(state.total - state.done) / rate);
  }
  if (!std::isnan(state.loss)) text += fmt::format(" loss {:.4g}", state.loss);
  return std::string(cut_columns(text, width));
}

Progress::Progress(ProgressStyle style, int file) : style_(style), file_(file) {
  if (style_ == ProgressStyle::kAuto)
    style_ = ::isatty(file) == 1 ? ProgressStyle::kBar : ProgressStyle::kLines;
}

Progress::~Progress() {
  clear();
}

void Progress::start(std::string label, std::size_t total, std::string unit) {
  label_ = std::move(label);
  unit_ = std::move(unit);
  total_ = total;
  done_ = 0;
  loss_ = std::numeric_limits<double>::quiet_NaN();
  started_ = Clock::now();
  if (style_ == ProgressStyle::kBar) draw();
}

void Progress::update(std::size_t done, double loss) {
  done_ = done;
  loss_ = loss;
  if (style_ == ProgressStyle::kBar && Clock::now() - redrawn_ >= kRedraw) draw();
}

void Progress::draw() {
  redrawn_ = Clock::now();
  const std::chrono::duration<double> seconds = redrawn_ - started_;
  const ProgressState state{label_, done_, total_, seconds.count(), unit_, loss_};
  // One column stays free: a full last column wraps on some terminals.
  write_text(file_, "\r" + progress_line(state, terminal_width(file_) - 1) + "\x1b[K");
  drawn_ = true;
}

void Progress::line(std::string_view text) {
  if (style_ == ProgressStyle::kQuiet) return;
  clear();
  write_text(file_, std::string(text) + "\n");
}

void Progress::clear() {
  if (std::exchange(drawn_, false)) write_text(file_, "\r\x1b[K");
}

}  // namespace tailgrad
