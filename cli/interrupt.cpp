#include <tailgrad/cli/interrupt.h>

#include <csignal>

namespace tailgrad::cli {
namespace {

volatile std::sig_atomic_t seen = 0;

void on_signal(int number) {
  seen = 1;
  std::signal(number, SIG_DFL);
}

}  // namespace

void watch_for_interrupt() {
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
}

bool interrupted() {
  return seen != 0;
}

}  // namespace tailgrad::cli
