#include <tailgrad/core/ops/arithmetic.h>

#include <cstddef>
#include <cstdint>

#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/reduce.h>
#include <tailgrad/core/ops/unary.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

enum class Repeat : std::uint8_t { none, scalar, row, column };

/// The op seen as a loop over rows and columns. Without rows or columns to repeat it is one long
/// row.
struct Plan {
  std::size_t rows = 1;
  std::size_t cols = 1;
  Repeat a = Repeat::none;
  Repeat b = Repeat::none;
  bool a_has_result_shape = true;
};

/// How `small` must be repeated to fit `large`; none when it does not fit.
Repeat repeat_to_fit(const Shape& small, const Shape& large) {
  if (small.size() == 1) return Repeat::scalar;
  const bool flat = small.rank() == 1 || (small.rank() == 2 && small[0] == 1);
  if (flat && large.rank() >= 2 && small.cols() == large.cols()) return Repeat::row;
  if (small.rank() != large.rank() || small.rank() < 2 || small[-1] != 1) return Repeat::none;
  for (int axis = 0; axis + 1 < small.rank(); ++axis)
    if (small[axis] != large[axis]) return Repeat::none;
  return Repeat::column;
}

Plan make_plan(const char* name, const Shape& a, const Shape& b, Where where) {
  Plan plan;
  if (a == b) {
    plan.cols = a.size();
    return plan;
  }
  // Of two scalars the one with more axes gives the shape.
  plan.a_has_result_shape =
      a.size() == 1 && b.size() == 1 ? a.rank() >= b.rank() : repeat_to_fit(b, a) != Repeat::none;
  Repeat& repeat = plan.a_has_result_shape ? plan.b : plan.a;
  const Shape& large = plan.a_has_result_shape ? a : b;
  repeat = repeat_to_fit(plan.a_has_result_shape ? b : a, large);
  if (repeat == Repeat::none)
    fail(name,
         "needs equal shapes, or one operand that is a scalar, a row [n] or a column [m, 1] "
         "against [m, n]",
         {{"a", a}, {"b", b}}, where);
  if (repeat == Repeat::scalar) {
    plan.cols = large.size();
  } else {
    plan.rows = static_cast<std::size_t>(large.rows());
    plan.cols = static_cast<std::size_t>(large.cols());
  }
  return plan;
}

/// Reads an operand at (row, column). The template argument says whether it moves along a row, so
/// that the inner loop is either a plain one or a plain one with a constant.
template <bool kAlongRow>
struct Reader {
  const Real* data;
  std::size_t row_stride;
  Real operator()(std::size_t r, std::size_t c) const {
    return data[r * row_stride + (kAlongRow ? c : 0)];
  }
};

std::size_t row_stride(Repeat repeat, std::size_t cols) {
  return repeat == Repeat::none ? cols : repeat == Repeat::column ? 1 : 0;
}

bool moves_along_row(Repeat repeat) {
  return repeat == Repeat::none || repeat == Repeat::row;
}

/// use(reader of the operand).
template <class Use>
void with_reader(const Tensor& operand, Repeat repeat, std::size_t cols, Use use) {
  const std::size_t stride = row_stride(repeat, cols);
  if (moves_along_row(repeat)) return use(Reader<true>{operand.data(), stride});
  use(Reader<false>{operand.data(), stride});
}

/// element(r, c) into every place of a [rows, cols] matrix, written or added.
template <class Element>
void fill_matrix(GradientTarget out, const Plan& plan, Element element) {
  if (plan.rows == 1)
    return kernels::accumulate(out, plan.cols, [element](std::size_t c) { return element(0, c); });
  parallel_for(plan.rows, kernels::row_grain(plan.cols), [&](std::size_t begin, std::size_t end) {
    const Element e = element;
    for (std::size_t r = begin; r < end; ++r) {
      Real* __restrict to = out.data + r * plan.cols;
      if (out.fresh) {
#pragma GCC ivdep
        for (std::size_t c = 0; c < plan.cols; ++c) to[c] = e(r, c);
      } else {
#pragma GCC ivdep
        for (std::size_t c = 0; c < plan.cols; ++c) to[c] += e(r, c);
      }
    }
  });
}

/// Adds slope(to, other) * upstream to the gradient of `to`, summed over its repetitions.
template <class Slope>
void add_gradient(const Plan& plan, const Tensor& to, Repeat repeat, const Tensor& other,
                  Repeat other_repeat, const Tensor& out, Slope slope) {
  if (!to.requires_grad()) return;
  const GradientTarget target = to.gradient_target();
  const Reader<true> upstream{out.grad().data(), plan.cols};
  if (repeat == Repeat::none) {
    const Reader<true> self{to.data(), plan.cols};
    return with_reader(other, other_repeat, plan.cols, [&](auto rest) {
      fill_matrix(target, plan, [=](std::size_t r, std::size_t c) {
        return slope(self(r, c), rest(r, c)) * upstream(r, c);
      });
    });
  }
  // The other operand has the result's shape.
  const Reader<true> rest{other.data(), plan.cols};
  const auto put = [target](std::size_t i, double total) {
    target.data[i] = (target.fresh ? Real{0} : target.data[i]) + static_cast<Real>(total);
  };
  if (repeat == Repeat::row) {
    const Reader<true> self{to.data(), 0};
    return kernels::sum_columns(
        plan.rows, plan.cols,
        [=](std::size_t r, std::size_t c) {
          return slope(self(r, c), rest(r, c)) * upstream(r, c);
        },
        put);
  }
  // A scalar is a column of one long row.
  const Reader<false> self{to.data(), row_stride(repeat, plan.cols)};
  kernels::sum_rows(
      plan.rows, plan.cols,
      [=](std::size_t r, std::size_t c) { return slope(self(r, c), rest(r, c)) * upstream(r, c); },
      put);
}

/// out = value(a, b); the gradients are g slope_a(a, b) and g slope_b(a, b), summed over
/// repetitions. Saves the handles of a, b and out.
template <class Value, class SlopeA, class SlopeB>
Tensor binary(const char* name, const Tensor& a, const Tensor& b, Where where, Value value,
              SlopeA slope_a, SlopeB slope_b) {
  const Plan plan = make_plan(name, a.shape(), b.shape(), where);
  Tensor out = Tensor::empty(plan.a_has_result_shape ? a.shape() : b.shape());
  const auto compute = [&](auto read_a, auto read_b) {
    fill_matrix({out.mutable_data(), true}, plan,
                [=](std::size_t r, std::size_t c) { return value(read_a(r, c), read_b(r, c)); });
  };
  if (plan.a_has_result_shape) {
    const Reader<true> full{a.data(), plan.cols};
    with_reader(b, plan.b, plan.cols, [&](auto other) { compute(full, other); });
  } else {
    const Reader<true> full{b.data(), plan.cols};
    with_reader(a, plan.a, plan.cols, [&](auto other) { compute(other, full); });
  }
  Tape::current().record(name, out, {&a, &b}, [plan, a, b, out, slope_a, slope_b] {
    add_gradient(plan, a, plan.a, b, plan.b, out, slope_a);
    add_gradient(plan, b, plan.b, a, plan.a, out,
                 [slope_b](Real y, Real x) { return slope_b(x, y); });
  });
  return out;
}

}  // namespace

Tensor add(const Tensor& a, const Tensor& b, Where where) {
  const auto unit = [](Real, Real) { return Real{1}; };
  return binary(
      "add", a, b, where, [](Real x, Real y) { return x + y; }, unit, unit);
}

Tensor subtract(const Tensor& a, const Tensor& b, Where where) {
  return binary(
      "subtract", a, b, where, [](Real x, Real y) { return x - y; },
      [](Real, Real) { return Real{1}; }, [](Real, Real) { return Real{-1}; });
}

Tensor multiply(const Tensor& a, const Tensor& b, Where where) {
  return binary(
      "multiply", a, b, where, [](Real x, Real y) { return x * y; }, [](Real, Real y) { return y; },
      [](Real x, Real) { return x; });
}

Tensor divide(const Tensor& a, const Tensor& b, Where where) {
  return binary(
      "divide", a, b, where, [](Real x, Real y) { return x / y; },
      [](Real, Real y) { return 1 / y; }, [](Real x, Real y) { return -x / (y * y); });
}

// Where both are equal each gets half. Written as sums of comparisons, so that loops vectorise.
Tensor maximum(const Tensor& a, const Tensor& b, Where where) {
  const auto share = [](Real x, Real y) {
    return Real(0.5) * (static_cast<Real>(x > y) + static_cast<Real>(x >= y));
  };
  return binary(
      "maximum", a, b, where, [](Real x, Real y) { return x > y || x != x ? x : y; }, share,
      [share](Real x, Real y) { return share(y, x); });
}

Tensor minimum(const Tensor& a, const Tensor& b, Where where) {
  const auto share = [](Real x, Real y) {
    return Real(0.5) * (static_cast<Real>(x < y) + static_cast<Real>(x <= y));
  };
  return binary(
      "minimum", a, b, where, [](Real x, Real y) { return x < y || x != x ? x : y; }, share,
      [share](Real x, Real y) { return share(y, x); });
}

Tensor add(const Tensor& a, Real s) {
  return unary(
      "add", a, [s](Real x) { return x + s; }, [](Real, Real) { return Real{1}; });
}

Tensor subtract(const Tensor& a, Real s) {
  return unary(
      "subtract", a, [s](Real x) { return x - s; }, [](Real, Real) { return Real{1}; });
}

Tensor subtract(Real s, const Tensor& a) {
  return unary(
      "subtract", a, [s](Real x) { return s - x; }, [](Real, Real) { return Real{-1}; });
}

Tensor multiply(const Tensor& a, Real s) {
  return unary(
      "multiply", a, [s](Real x) { return x * s; }, [s](Real, Real) { return s; });
}

Tensor divide(const Tensor& a, Real s) {
  return unary(
      "divide", a, [s](Real x) { return x / s; }, [s](Real, Real) { return 1 / s; });
}

Tensor divide(Real s, const Tensor& a) {
  return unary(
      "divide", a, [s](Real x) { return s / x; }, [](Real x, Real y) { return -y / x; });
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
