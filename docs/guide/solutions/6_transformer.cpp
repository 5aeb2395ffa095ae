// One way to solve the exercises of chapter 6: a transformer.
#include "../exercises/exercises.h"

#include <cmath>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>

namespace exercises {

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  const Tensor scores = matmul(q, k, {.b = true}) / std::sqrt(static_cast<Real>(q.cols()));
  return matmul(tailgrad::softmax(scores), v);
}

Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  std::vector<Tensor> rows;
  for (Index t = 0; t < q.rows(); ++t)
    rows.push_back(attention(q.row_range(t, t + 1), k.row_range(0, t + 1), v.row_range(0, t + 1)));
  return concat_rows(rows);
}

std::vector<double> positions(Index tokens, Index width) {
  std::vector<double> table;
  for (Index t = 0; t < tokens; ++t)
    for (Index i = 0; i < width / 2; ++i) {
      const double angle = t / std::pow(10000.0, 2.0 * i / width);
      table.push_back(std::sin(angle));
      table.push_back(std::cos(angle));
    }
  return table;
}

}  // namespace exercises
