#include <tailgrad/core/kernels/packed_product.h>

#include <algorithm>
#include <cstring>

#include <tailgrad/core/kernels/register_vector.h>
#include <tailgrad/core/kernels/transpose_square.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {
namespace {

// A tile of sums fills the register file but for the operands: 6 x 4 of 32 registers, 6 x 2 of 16.
constexpr std::size_t kTileVectors = kManyRegisters ? 4 : 2;
constexpr std::size_t kTileRows = 6;
// So many steps of a panel, 64 KB with AVX-512, stay in the nearer caches; small_product has them
// on its stack, since a pool would ask the system for them when a thread first comes here.
constexpr std::size_t kMostSteps = 256;

// Panels of nearly equal width, at most kTileVectors.
struct Panels {
  explicit Panels(std::size_t n)
      : count((vectors_of(n) + kTileVectors - 1) / kTileVectors),
        narrow(count == 0 ? 0 : vectors_of(n) / count),
        wide(vectors_of(n) - count * narrow) {}
  /// In vectors.
  std::size_t width(std::size_t panel) const { return narrow + (panel < wide ? 1 : 0); }
  std::size_t begin(std::size_t panel) const { return panel * narrow + std::min(panel, wide); }
  std::size_t count;
  std::size_t narrow;  ///< width of the narrower ones
  std::size_t wide;    ///< how many have one vector more
};

// The operands of a tile: a[r][l * a_step] and b[l * b_step ...].
struct Operands {
  std::size_t k;
  const Real* const* a;
  std::size_t a_step;
  const Real* b;
  std::size_t b_step;
};

// Rows c[r][0 .. cols) = alpha a b + beta c.
struct Result {
  Real* const* c;
  std::size_t cols;
  Real alpha;
  Real beta;
};

// Every loop over the sums has a constant length and is unrolled: a single index that is not
// known at compile time would keep the sums in memory instead of registers.
template <std::size_t kRows, std::size_t kVectors>
void tile(const Operands& from, const Result& to) {
  Vector sums[kRows][kVectors] = {};
  const Real* rows[kRows];
#pragma GCC unroll 6
  for (std::size_t r = 0; r < kRows; ++r) rows[r] = from.a[r];
  const std::size_t a_step = from.a_step;
  const Real* b = from.b;
  std::size_t place = 0;
  for (std::size_t l = 0; l < from.k; ++l, b += from.b_step, place += a_step) {
    Vector column[kVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v)
      std::memcpy(&column[v], b + v * kWidth, sizeof(Vector));
#pragma GCC unroll 6
    for (std::size_t r = 0; r < kRows; ++r) {
      const Real x = rows[r][place];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] += x * column[v];
    }
  }
  const Real alpha = to.alpha;
  const Real beta = to.beta;
#pragma GCC unroll 6
  for (std::size_t r = 0; r < kRows; ++r) {
    Real* const c = to.c[r];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      Vector sum = alpha * sums[r][v];
      // Only the last vector may be cut short.
      const std::size_t size = v + 1 < kVectors ? kWidth : to.cols - (kVectors - 1) * kWidth;
      if (size == kWidth) {
        if (beta != 0) {
          Vector old;
          std::memcpy(&old, c + v * kWidth, sizeof old);
          sum += beta * old;
        }
        std::memcpy(c + v * kWidth, &sum, sizeof sum);
      } else {
        Real last[kWidth];
        std::memcpy(last, &sum, sizeof last);
        for (std::size_t i = 0; i < size; ++i)
          c[v * kWidth + i] = last[i] + (beta != 0 ? beta * c[v * kWidth + i] : Real{0});
      }
    }
  }
}

using Tile = void (*)(const Operands&, const Result&);

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

// to[l * width + j] = from[j * stride + l] for l < k and j < cols, square by square.
void pack_transposed(Real* to, std::size_t width, const Real* from, std::size_t stride,
                     std::size_t k, std::size_t cols) {
  const std::size_t whole_k = k / kWidth * kWidth;
  const std::size_t whole_cols = cols / kWidth * kWidth;
  for (std::size_t j = 0; j < whole_cols; j += kWidth) {
    for (std::size_t l = 0; l < whole_k; l += kWidth) {
      Vector rows[kWidth];
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kWidth; ++r)
        std::memcpy(&rows[r], from + (j + r) * stride + l, sizeof(Vector));
      transpose_square(rows);
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kWidth; ++r)
        std::memcpy(to + (l + r) * width + j, &rows[r], sizeof(Vector));
    }
  }
  for (std::size_t j = 0; j < cols; ++j)
    for (std::size_t l = j < whole_cols ? whole_k : 0; l < k; ++l)
      to[l * width + j] = from[j * stride + l];
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
      pack_transposed(to, width, b.data + col * stride, stride, k, cols);
    } else {
      for (std::size_t l = 0; l < k; ++l)
        std::memcpy(to + l * width, b.data + l * stride + col, cols * sizeof(Real));
    }
    to += k * width;
    col += cols;
  }
}

void packed_product(std::size_t rows, std::size_t k, std::size_t n, const Real* const* a,
                    const Real* packed, Real* const* c, bool add, PanelOrder order) {
  const Panels panels(n);
  for (std::size_t turn = 0; turn < panels.count; ++turn) {
    const std::size_t p = order == PanelOrder::falling ? panels.count - 1 - turn : turn;
    const std::size_t col = panels.begin(p) * kWidth;
    const Real* const panel = packed + k * col;
    const std::size_t vectors = panels.width(p);
    const std::size_t width = vectors * kWidth;
    const std::size_t cols = std::min(width, n - col);
    for (std::size_t r = 0; r < rows; r += kTileRows) {
      const std::size_t count = std::min(kTileRows, rows - r);
      Real* to[kTileRows];
      for (std::size_t i = 0; i < count; ++i) to[i] = c[r + i] + col;
      tile_of(count, vectors)({k, a + r, 1, panel, width}, {to, cols, 1, add ? Real{1} : Real{0}});
    }
  }
}

void small_product(std::size_t m, std::size_t n, std::size_t k, Real alpha, const Matrix& a,
                   const Matrix& b, Real beta, Real* c, std::size_t c_stride) {
  const Panels panels(n);
  const auto a_stride = static_cast<std::size_t>(a.stride);
  const auto b_stride = static_cast<std::size_t>(b.stride);
  const std::size_t pieces = std::max<std::size_t>((k + kMostSteps - 1) / kMostSteps, 1);
  alignas(kVectorBytes) Real packed[kMostSteps * kTileVectors * kWidth];
  std::size_t col = 0;
  for (std::size_t p = 0; p < panels.count; ++p) {
    const std::size_t vectors = panels.width(p);
    const std::size_t width = vectors * kWidth;
    const std::size_t cols = std::min(width, n - col);
    // Whole vectors b can be read for as it lies.
    const bool pack = b.transposed || cols < width;
    for (std::size_t piece = 0; piece < pieces; ++piece) {
      const std::size_t begin = k * piece / pieces;
      const std::size_t steps = k * (piece + 1) / pieces - begin;
      const Real* panel = b.data + (b.transposed ? col * b_stride + begin : begin * b_stride + col);
      if (pack) {
        pack_matrix(packed, {panel, b.stride, b.transposed}, steps, cols);
        panel = packed;
      }
      const Real old_share = piece == 0 ? beta : Real{1};
      for (std::size_t r = 0; r < m; r += kTileRows) {
        const std::size_t count = std::min(kTileRows, m - r);
        const Real* from[kTileRows];
        Real* to[kTileRows];
        for (std::size_t i = 0; i < count; ++i) {
          from[i] = a.data + (a.transposed ? r + i + begin * a_stride : (r + i) * a_stride + begin);
          to[i] = c + (r + i) * c_stride + col;
        }
        tile_of(count, vectors)(
            {steps, from, a.transposed ? a_stride : 1, panel, pack ? width : b_stride},
            {to, cols, alpha, old_share});
      }
    }
    col += cols;
  }
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
