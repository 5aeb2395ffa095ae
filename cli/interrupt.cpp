#include <tailgrad/cli/interrupt.h>

#include <atomic>
#include <csignal>

namespace tailgrad::cli {
namespace {

// Set by whichever thread the signal came to, read by all.
std::atomic<bool> seen = false;
static_assert(std::atomic<bool>::is_always_lock_free);  // or a handler may not touch it

void on_signal(int number) {
  seen = true;
  std::signal(number, SIG_DFL);
}

}  // namespace

void watch_for_interrupt() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() {
  return seen;
}

}  // namespace tailgrad::cli
