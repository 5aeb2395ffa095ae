// How the logits x of a softmax come from the logits z that were given. A loss of the true class
// (true_class.h) is made with one of these, or with one of its own:
//
//   auto change = logits.on(at, block)   for one block of rows, in either layout of row_block.h
//   change(k, r, i)                      x of class k and row r, from block.z[i]
//   change.pull(k, r, i, g)              d loss / d z from g = d loss / d x
//   change.before_pull(at, own, g)       optional: sees the gradient of the block first
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tailgrad/losses/row_batch.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

/// x = z.
struct PlainLogits {
  struct On {
    const Real* z;
    Real operator()(std::int32_t, std::size_t, std::size_t i) const { return z[i]; }
    Real pull(std::int32_t, std::size_t, std::size_t, Real g) const { return g; }
  };
  template <class Layout>
  On on(const Layout&, const Block& block) const {
    return {block.z};
  }
};

/// Values of classes as numbers of this precision.
inline std::vector<Real> as_reals(const std::vector<double>& values) {
  return {values.begin(), values.end()};
}

/// x = z + shift, one shift a class.
struct ShiftedLogits {
  std::vector<Real> shift;

  template <class Layout>
  struct On {
    const Real* z;
    OfClasses<Layout> shift;
    Real operator()(std::int32_t k, std::size_t, std::size_t i) const { return z[i] + shift[k]; }
    Real pull(std::int32_t, std::size_t, std::size_t, Real g) const { return g; }
  };
  template <class Layout>
  On<Layout> on(const Layout&, const Block& block) const {
    return {block.z, OfClasses<Layout>(shift)};
  }
};

/// One number a row, looked up by its class.
struct ByTrueClass {
  alignas(64) Real of_row[kMostRows];
  ByTrueClass(const std::vector<Real>& of_class, const std::int32_t* y, std::size_t rows) {
    for (std::size_t r = 0; r < rows; ++r) of_row[r] = of_class[static_cast<std::size_t>(y[r])];
  }
};

/// x = z + shift, and own_y in place of shift_y for the true class.
struct MarginLogits {
  std::vector<Real> shift;
  std::vector<Real> own;  ///< one a class

  template <class Layout>
  struct On {
    const Real* z;
    const std::int32_t* y;
    OfClasses<Layout> shift;
    ByTrueClass own;
    Real operator()(std::int32_t k, std::size_t r, std::size_t i) const {
      return z[i] + select(is_own(k, y[r]), own.of_row[r], shift[k]);
    }
    Real pull(std::int32_t, std::size_t, std::size_t, Real g) const { return g; }
  };
  template <class Layout>
  On<Layout> on(const Layout& at, const Block& block) const {
    return {block.z, block.y, OfClasses<Layout>(shift), {own, block.y, at.rows()}};
  }
};

/// x_k = factor_k z_k + shift_k, and own_y in place of shift_y for the true class.
struct AffineLogits {
  std::vector<Real> factor;
  std::vector<Real> shift;
  std::vector<Real> own;  ///< one a class

  template <class Layout>
  struct On {
    const Real* z;
    const std::int32_t* y;
    OfClasses<Layout> factor;
    OfClasses<Layout> shift;
    ByTrueClass own;
    Real operator()(std::int32_t k, std::size_t r, std::size_t i) const {
      return factor[k] * z[i] + select(is_own(k, y[r]), own.of_row[r], shift[k]);
    }
    Real pull(std::int32_t k, std::size_t, std::size_t, Real g) const { return g * factor[k]; }
  };
  template <class Layout>
  On<Layout> on(const Layout& at, const Block& block) const {
    return {block.z,
            block.y,
            OfClasses<Layout>(factor),
            OfClasses<Layout>(shift),
            {own, block.y, at.rows()}};
  }
};

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
