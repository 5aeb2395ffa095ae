// Ctrl-C and a polite kill: finish the step, save, stop.
#pragma once

namespace tailgrad::cli {

/// Exit status of a run that a signal stopped with everything saved.
inline constexpr int kStoppedBySignal = 3;

/// From now on SIGINT and SIGTERM set a flag instead of ending the program; a second one ends it.
void watch_for_interrupt();
bool interrupted();

}  // namespace tailgrad::cli
