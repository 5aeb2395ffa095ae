// How the logits x of a softmax come from the logits z that were given. A loss of the true class
// (true_class.h) is made with one of these, or with one of its own:
//
//   auto change = logits.on(at, block)   for one block of rows, in either layout of row_block.h
//   change(k, r, i)                      x of class k and row r, from block.z[i]
//   change.own(k, r, i)                  optional: x where k is the true class (change() may then
//                                        give what it likes for it, but not far above)
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

/// x = z + shift, and own_y in place of shift_y for the true class.
struct MarginLogits {
  std::vector<Real> shift;
  std::vector<Real> margin;  ///< own, one a class

  template <class Layout>
  struct On {
    const Real* z;
    OfClasses<Layout> shift;
    const Real* margin;
    Real operator()(std::int32_t k, std::size_t, std::size_t i) const { return z[i] + shift[k]; }
    Real own(std::int32_t k, std::size_t, std::size_t i) const { return z[i] + margin[k]; }
    Real pull(std::int32_t, std::size_t, std::size_t, Real g) const { return g; }
  };
  template <class Layout>
  On<Layout> on(const Layout&, const Block& block) const {
    return {block.z, OfClasses<Layout>(shift), margin.data()};
  }
};

/// x = factor z, with own_y added for the true class.
struct ScaledLogits {
  Real factor;
  std::vector<Real> margin;  ///< own, one a class

  struct On {
    const Real* z;
    Real factor;
    const Real* margin;
    Real operator()(std::int32_t, std::size_t, std::size_t i) const { return factor * z[i]; }
    Real own(std::int32_t k, std::size_t, std::size_t i) const { return factor * z[i] + margin[k]; }
    Real pull(std::int32_t, std::size_t, std::size_t, Real g) const { return factor * g; }
  };
  template <class Layout>
  On on(const Layout&, const Block& block) const {
    return {block.z, factor, margin.data()};
  }
};

/// x_k = factor_k z_k + shift_k.
struct AffineLogits {
  std::vector<Real> factor;
  std::vector<Real> shift;

  template <class Layout>
  struct On {
    const Real* z;
    OfClasses<Layout> factor;
    OfClasses<Layout> shift;
    Real operator()(std::int32_t k, std::size_t, std::size_t i) const {
      return factor[k] * z[i] + shift[k];
    }
    Real pull(std::int32_t k, std::size_t, std::size_t, Real g) const { return g * factor[k]; }
  };
  template <class Layout>
  On<Layout> on(const Layout&, const Block& block) const {
    return {block.z, OfClasses<Layout>(factor), OfClasses<Layout>(shift)};
  }
};

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
