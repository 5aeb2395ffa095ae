#include <tailgrad/core/kernels/conv_tiles.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include <tailgrad/core/kernels/register_vector.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace kernels {
namespace {

// Panels of 2 vectors or 1, and as many rows of sums as leave registers for the operands. Wider
// panels save loads but no longer fit into the nearest cache.
constexpr std::size_t most_rows(std::size_t vectors) {
  return kManyRegisters ? (vectors == 1 ? 16 : 12) : (vectors == 1 ? 10 : 6);
}
constexpr std::size_t most_sums(std::size_t vectors) {
  return kManyRegisters ? 24 / vectors : most_rows(vectors);
}
constexpr std::size_t kWidest = 2;
// What is read again for every tile should stay in the nearest cache beside the image.
constexpr std::size_t kPanelBytes = 24 << 10;

std::size_t panel_width(std::size_t vectors_left) {
  return std::min(kWidest, vectors_left);
}

// Calls body(first vector, vectors) for every panel.
template <class Body>
void for_panels(std::size_t n, Body body) {
  const std::size_t all = vectors_of(n);
  for (std::size_t first = 0; first < all;) {
    const std::size_t vectors = panel_width(all - first);
    body(first, vectors);
    first += vectors;
  }
}

// Calls body(begin, count) for pieces of nearly equal size, at most `most`.
template <class Body>
void for_even_pieces(std::size_t total, std::size_t most, Body body) {
  const std::size_t pieces = (total + most - 1) / most;
  for (std::size_t piece = 0, begin = 0; piece < pieces; ++piece) {
    const std::size_t end = total * (piece + 1) / pieces;
    body(begin, end - begin);
    begin = end;
  }
}

// Constant steps between pixels, so that all rows of a tile are offsets of one address; 0: any.
#ifdef TAILGRAD_F64
constexpr std::array<std::size_t, 1> kSteps = {0};
#else
constexpr std::array<std::size_t, 6> kSteps = {0, 9, 16, 27, 32, 64};
#endif

struct TileOut {
  Real* data;
  std::size_t step;
  std::size_t cols;  ///< of the panel that are written
  bool add;
};

// Every loop over the sums has a constant length and is unrolled: an index that is not known at
// compile time would keep the sums in memory instead of registers.
template <std::size_t kRows, std::size_t kVectors, std::size_t kStep>
void tile(const Taps& from, const Real* a, const Real* b, const TileOut& to) {
  Vector sums[kRows][kVectors] = {};
  const std::size_t step = kStep == 0 ? from.pixel_step : kStep;
  const std::size_t length = from.segment_length;
  for (std::size_t s = 0; s < from.segments; ++s) {
    const Real* const row = a + s * from.segment_step;
    for (std::size_t l = 0; l < length; ++l, b += kVectors * kWidth) {
      Vector column[kVectors];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v)
        std::memcpy(&column[v], b + v * kWidth, sizeof(Vector));
#pragma GCC unroll 16
      for (std::size_t r = 0; r < kRows; ++r) {
        const Real x = row[r * step + l];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] += x * column[v];
      }
    }
  }
#pragma GCC unroll 16
  for (std::size_t r = 0; r < kRows; ++r) {
    Real* const c = to.data + r * to.step;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      // Only the last vector may be cut short.
      const std::size_t size = v + 1 < kVectors ? kWidth : to.cols - (kVectors - 1) * kWidth;
      Vector sum = sums[r][v];
      if (size == kWidth) {
        if (to.add) {
          Vector old;
          std::memcpy(&old, c + v * kWidth, sizeof old);
          sum += old;
        }
        std::memcpy(c + v * kWidth, &sum, sizeof sum);
      } else {
        Real last[kWidth];
        std::memcpy(last, &sum, sizeof last);
        for (std::size_t i = 0; i < size; ++i)
          c[v * kWidth + i] = last[i] + (to.add ? c[v * kWidth + i] : Real{0});
      }
    }
  }
}

using Tile = void (*)(const Taps&, const Real*, const Real*, const TileOut&);

template <std::size_t kVectors, std::size_t kStep, std::size_t... kRow>
constexpr std::array<Tile, sizeof...(kRow)> tiles_of(std::index_sequence<kRow...>) {
  return {tile<kRow + 1, kVectors, kStep>...};
}

// The tiles of all row counts, for a panel width and a step.
template <std::size_t kVectors, std::size_t kStep>
const Tile* tiles() {
  static constexpr auto table =
      tiles_of<kVectors, kStep>(std::make_index_sequence<most_rows(kVectors)>{});
  return table.data();
}

template <std::size_t kStep>
const Tile* tiles(std::size_t vectors) {
  return vectors == 1 ? tiles<1, kStep>() : tiles<2, kStep>();
}

template <std::size_t... kIndex>
const Tile* tiles_for(std::size_t vectors, std::size_t step, std::index_sequence<kIndex...>) {
  const Tile* found = tiles<0>(vectors);
  ((kSteps[kIndex] == step ? void(found = tiles<kSteps[kIndex]>(vectors)) : void()), ...);
  return found;
}

// Sums of products over a rectangle of pixels.
template <std::size_t kRows, std::size_t kVectors>
void correlate_tile(const Taps& from, const Real* a, std::size_t rows, std::size_t cols,
                    const Pixels<const Real>& with, const Real* b, Real* to, std::size_t to_step) {
  Vector sums[kRows][kVectors] = {};
  for (std::size_t y = 0; y < rows; ++y) {
    const Real* x = a + y * from.row_step;
    const Real* g = b + y * with.row_step;
    for (std::size_t i = 0; i < cols; ++i, x += from.pixel_step, g += with.pixel_step) {
      Vector column[kVectors];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v)
        std::memcpy(&column[v], g + v * kWidth, sizeof(Vector));
#pragma GCC unroll 24
      for (std::size_t r = 0; r < kRows; ++r) {
        const Real value = x[r];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < kVectors; ++v) sums[r][v] += value * column[v];
      }
    }
  }
#pragma GCC unroll 24
  for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      Real* const c = to + r * to_step + v * kWidth;
      Vector old;
      std::memcpy(&old, c, sizeof old);
      old += sums[r][v];
      std::memcpy(c, &old, sizeof old);
    }
  }
}

using CorrelateTile = void (*)(const Taps&, const Real*, std::size_t, std::size_t,
                               const Pixels<const Real>&, const Real*, Real*, std::size_t);

template <std::size_t kVectors, std::size_t... kRow>
constexpr std::array<CorrelateTile, sizeof...(kRow)> correlate_tiles_of(
    std::index_sequence<kRow...>) {
  return {correlate_tile<kRow + 1, kVectors>...};
}

template <std::size_t kVectors>
const CorrelateTile* correlate_tiles() {
  static constexpr auto table =
      correlate_tiles_of<kVectors>(std::make_index_sequence<most_sums(kVectors)>{});
  return table.data();
}

const CorrelateTile* correlate_tiles_for(std::size_t vectors) {
  return vectors == 1 ? correlate_tiles<1>() : correlate_tiles<2>();
}

}  // namespace

std::size_t whole_vectors(std::size_t n) {
  return vectors_of(n) * kWidth;
}

std::size_t packed_place(std::size_t rows, std::size_t n, std::size_t row, std::size_t col) {
  const std::size_t vector = col / kWidth;
  const std::size_t all = vectors_of(n);
  std::size_t first = 0;
  std::size_t vectors = panel_width(all);
  while (first + vectors <= vector) {
    first += vectors;
    vectors = panel_width(all - first);
  }
  return rows * first * kWidth + (row * vectors + vector - first) * kWidth + col % kWidth;
}

void convolve(const Taps& from, std::size_t rows, std::size_t cols, std::size_t n,
              const Real* packed, const Pixels<Real>& to, bool add) {
  const std::size_t k = from.segments * from.segment_length;
  for_panels(n, [&](std::size_t first, std::size_t vectors) {
    const Real* panel = packed + k * first * kWidth;
    const std::size_t panel_cols = std::min(vectors * kWidth, n - first * kWidth);
    const Tile* const table =
        tiles_for(vectors, from.pixel_step, std::make_index_sequence<kSteps.size()>{});
    // A panel too large for the cache is read in parts: the filter rows one after the other.
    const bool whole = k * vectors * kVectorBytes <= kPanelBytes;
    Taps part = from;
    if (!whole) part.segments = 1;
    for (std::size_t s = 0; s < from.segments; s += part.segments) {
      for (std::size_t y = 0; y < rows; ++y)
        for_even_pieces(cols, most_rows(vectors), [&](std::size_t x, std::size_t count) {
          table[count - 1](
              part, from.data + s * from.segment_step + y * from.row_step + x * from.pixel_step,
              panel,
              {to.data + y * to.row_step + x * to.pixel_step + first * kWidth, to.pixel_step,
               panel_cols, add || s > 0});
        });
      panel += part.segments * from.segment_length * vectors * kWidth;
    }
  });
}

void correlate(const Taps& from, std::size_t rows, std::size_t cols, std::size_t n,
               const Pixels<const Real>& with, Real* sums) {
  const std::size_t step = whole_vectors(n);
  for_panels(n, [&](std::size_t first, std::size_t vectors) {
    const CorrelateTile* const table = correlate_tiles_for(vectors);
    for (std::size_t s = 0; s < from.segments; ++s)
      for_even_pieces(
          from.segment_length, most_sums(vectors), [&](std::size_t l, std::size_t count) {
            table[count - 1](from, from.data + s * from.segment_step + l, rows, cols, with,
                             with.data + first * kWidth,
                             sums + (s * from.segment_length + l) * step + first * kWidth, step);
          });
  });
}

}  // namespace kernels
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
