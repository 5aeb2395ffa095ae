#include <tailgrad/core/kernels/packed_product.h>

#include <algorithm>
#include <cstring>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {
namespace {

// One register of the machine, and a tile of sums that fills the register file but for the
// operands: 6 x 4 of 32 registers, 6 x 2 of 16.
#if defined(__AVX512F__)
constexpr std::size_t kVectorBytes = 64;
constexpr std::size_t kTileVectors = 4;
#elif defined(__AVX__)
constexpr std::size_t kVectorBytes = 32;
constexpr std::size_t kTileVectors = 2;
#else
constexpr std::size_t kVectorBytes = 16;
constexpr std::size_t kTileVectors = 2;
#endif
constexpr std::size_t kTileRows = 6;
constexpr std::size_t kWidth = kVectorBytes / sizeof(Real);
using Vector [[gnu::vector_size(kVectorBytes)]] = Real;

std::size_t vectors_of(std::size_t n) {
  return (n + kWidth - 1) / kWidth;
}

// Panels of nearly equal width, at most kTileVectors.
struct Panels {
  explicit Panels(std::size_t n)
      : vectors(vectors_of(n)),
        count((vectors + kTileVectors - 1) / kTileVectors),
        wide(count == 0 ? 0 : vectors % count) {}
  std::size_t width(std::size_t panel) const { return vectors / count + (panel < wide ? 1 : 0); }
  std::size_t vectors;
  std::size_t count;
  std::size_t wide;  ///< how many have one vector more
};

template <std::size_t kRows, std::size_t kVectors>
void tile(std::size_t k, const Real* const* a, const Real* panel, Real* const* c, std::size_t col,
          std::size_t cols, bool add) {
  Vector sums[kRows][kVectors] = {};
  const Real* rows[kRows];
  for (std::size_t r = 0; r < kRows; ++r) rows[r] = a[r];
  for (std::size_t l = 0; l < k; ++l) {
    Vector b[kVectors];
    std::memcpy(b, panel + l * kVectors * kWidth, sizeof b);
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
      const Vector x = Vector{} + rows[r][l];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] += x * b[v];
    }
  }
  for (std::size_t r = 0; r < kRows; ++r) {
    Real* const to = c[r] + col;
    if (cols == kVectors * kWidth) {
      for (std::size_t v = 0; v < kVectors; ++v) {
        Vector old{};
        if (add) std::memcpy(&old, to + v * kWidth, sizeof old);
        old += sums[r][v];
        std::memcpy(to + v * kWidth, &old, sizeof old);
      }
    } else {
      Real last[kVectors * kWidth];
      std::memcpy(last, sums[r], sizeof last);
      for (std::size_t i = 0; i < cols; ++i) to[i] = add ? to[i] + last[i] : last[i];
    }
  }
}

using Tile = void (*)(std::size_t, const Real* const*, const Real*, Real* const*, std::size_t,
                      std::size_t, bool);

template <std::size_t kVectors>
constexpr Tile kTiles[kTileRows] = {tile<1, kVectors>, tile<2, kVectors>, tile<3, kVectors>,
                                    tile<4, kVectors>, tile<5, kVectors>, tile<6, kVectors>};

Tile tile_of(std::size_t rows, std::size_t vectors) {
  switch (vectors) {
    case 1:
      return kTiles<1>[rows - 1];
    case 2:
      return kTiles<2>[rows - 1];
    case 3:
      return kTiles<3>[rows - 1];
    default:
      return kTiles<4>[rows - 1];
  }
}

}  // namespace

std::size_t packed_size(std::size_t k, std::size_t n) {
  return k * vectors_of(n) * kWidth;
}

void pack_matrix(Real* to, const Matrix& b, std::size_t k, std::size_t n) {
  const Panels panels(n);
  const auto stride = static_cast<std::size_t>(b.stride);
  std::size_t col = 0;
  for (std::size_t p = 0; p < panels.count; ++p) {
    const std::size_t width = panels.width(p) * kWidth;
    const std::size_t cols = std::min(width, n - col);
    if (cols < width) std::fill_n(to, k * width, Real{0});
    if (b.transposed) {
      for (std::size_t j = 0; j < cols; ++j)
        for (std::size_t l = 0; l < k; ++l) to[l * width + j] = b.data[(col + j) * stride + l];
    } else {
      for (std::size_t l = 0; l < k; ++l)
        std::memcpy(to + l * width, b.data + l * stride + col, cols * sizeof(Real));
    }
    to += k * width;
    col += cols;
  }
}

void packed_product(std::size_t rows, std::size_t k, std::size_t n, const Real* const* a,
                    const Real* packed, Real* const* c, bool add) {
  const Panels panels(n);
  std::size_t col = 0;
  for (std::size_t p = 0; p < panels.count; ++p) {
    const std::size_t vectors = panels.width(p);
    const std::size_t cols = std::min(vectors * kWidth, n - col);
    for (std::size_t r = 0; r < rows; r += kTileRows) {
      const std::size_t count = std::min(kTileRows, rows - r);
      tile_of(count, vectors)(k, a + r, packed, c + r, col, cols, add);
    }
    packed += k * vectors * kWidth;
    col += cols;
  }
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
