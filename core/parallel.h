// Work side by side on several threads, cut so that no result depends on how many there are.
#pragma once

#include <cstddef>

#include <tailgrad/core/function_ref.h>

namespace tailgrad {

/// How many threads parallel work may use from now on, at least 1. At first: one a core.
/// Changes no bit of any result.
void set_threads(int count);
/// The limit set last; at first the number of processors.
int threads();

/// Calls body(begin, end) for the pieces [0, grain), [grain, 2 grain), … of [0, count).
///
/// The pieces depend on `count` and `grain` alone. They may run side by side and in any order, so a
/// body writes only what belongs to its piece; sums are combined by the caller in piece order.
/// An exception thrown by a body reaches the caller. One piece runs in place, at no cost, and so
/// does parallel work started inside a piece of other parallel work.
void parallel_for(std::size_t count, std::size_t grain,
                  FunctionRef<void(std::size_t begin, std::size_t end)> body);

}  // namespace tailgrad
