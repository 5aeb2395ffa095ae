// How layers refuse a size or a rate. Private to nn.
#pragma once

#include <string>
#include <string_view>

#include <tailgrad/core/error.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Throws Error "Linear 'out': in must be at least 1; got 0".
inline void check_size(const Module& module, std::string_view layer, std::string_view what,
                       Index size) {
  if (size < 1)
    fail(std::string(layer) + " '" + module.path() + "'",
         std::string(what) + " must be at least 1; got " + std::to_string(size));
}

/// Throws Error unless 0 <= rate < 1.
inline void check_rate(std::string_view layer, double rate) {
  if (!(rate >= 0 && rate < 1))
    fail(layer, "dropout must be at least 0 and below 1; got " + std::to_string(rate));
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
