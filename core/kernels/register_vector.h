// One vector register of the machine, for kernels that lay out their registers by hand.
#pragma once

#include <cstddef>

#include <tailgrad/core/real.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {

#if defined(__AVX512F__)
inline constexpr std::size_t kVectorBytes = 64;
#elif defined(__AVX__)
inline constexpr std::size_t kVectorBytes = 32;
#else
inline constexpr std::size_t kVectorBytes = 16;
#endif
/// AVX-512 has twice as many registers as what came before.
inline constexpr bool kManyRegisters = kVectorBytes == 64;

inline constexpr std::size_t kWidth = kVectorBytes / sizeof(Real);  ///< numbers in a vector
using Vector [[gnu::vector_size(kVectorBytes)]] = Real;

/// The vectors that n numbers need.
constexpr std::size_t vectors_of(std::size_t n) {
  return (n + kWidth - 1) / kWidth;
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
