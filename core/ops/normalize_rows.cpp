#include <tailgrad/core/ops/normalize_rows.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// Rows a piece of parallel work.
std::size_t grain(std::size_t columns) {
  return std::max<std::size_t>((std::size_t{1} << 14) / std::max<std::size_t>(columns, 1), 1);
}

double dot(const Real* a, const Real* b, std::size_t size) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i)
    sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

}  // namespace

Tensor normalize_rows(const Tensor& x, Real epsilon, Where where) {
  if (!(epsilon > 0))
    fail("normalize_rows", "epsilon must be > 0; got " + std::to_string(epsilon),
         {{"x", x.shape()}}, where);
  const auto rows = static_cast<std::size_t>(x.rows());
  const auto columns = static_cast<std::size_t>(x.cols());
  Tensor y = Tensor::empty(x.shape());
  Tensor inverse = Tensor::empty({x.rows()});  // 1 / max(|x|, epsilon); negative: epsilon was it
  parallel_for(rows, grain(columns), [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      const Real* from = x.data() + row * columns;
      Real* to = y.mutable_data() + row * columns;
      const auto length = static_cast<Real>(std::sqrt(dot(from, from, columns)));
      const bool short_one = length <= epsilon;  // not of a NaN, which goes on
      const Real factor = 1 / (short_one ? epsilon : length);
      for (std::size_t i = 0; i < columns; ++i) to[i] = from[i] * factor;
      inverse.mutable_data()[row] = short_one ? -factor : factor;
    }
  });
  Tape::current().record("normalize_rows", y, {&x}, [x, y, inverse, rows, columns] {
    const GradientTarget target = x.gradient_target();
    const Real* upstream = y.grad().data();
    parallel_for(rows, grain(columns), [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        const Real* g = upstream + row * columns;
        const Real* unit = y.data() + row * columns;
        Real* to = target.data + row * columns;
        const Real factor = std::abs(inverse.data()[row]);
        const bool moves = !(inverse.data()[row] < 0);  // the length depends on x
        const Real along = moves ? static_cast<Real>(dot(g, unit, columns)) : Real{0};
        for (std::size_t i = 0; i < columns; ++i) {
          const Real value = (g[i] - along * unit[i]) * factor;
          to[i] = target.fresh ? value : to[i] + value;
        }
      }
    });
  });
  return y;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
