// The exercises of chapter 6: a transformer. exercises.h says what each should do; replace todo().
#include "exercises.h"

#include <cmath>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>

namespace exercises {

Tensor attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  todo("6.1");
}

Tensor causal_attention(const Tensor& q, const Tensor& k, const Tensor& v) {
  todo("6.2");
}

std::vector<double> positions(Index tokens, Index width) {
  todo("6.3");
}

}  // namespace exercises
