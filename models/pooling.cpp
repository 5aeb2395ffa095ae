#include <tailgrad/models/pooling.h>

#include <algorithm>

#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

const std::vector<std::string>& Pooling::kinds() {
  static const std::vector<std::string> all = {"mean-max", "mean", "max", "first", "attention"};
  return all;
}

Pooling::Pooling(Module& parent, std::string_view name, const std::string& kind, Index width)
    : Module(parent, name), kind_(kind), width_(width) {
  if (kind == "attention") query_.emplace(*this, "query", width, 1);
}

Tensor Pooling::operator()(const Tensor& x, std::span<const Index> offsets) const {
  if (kind_ == "mean") return segment_means(x, offsets);
  if (kind_ == "max") return segment_maxima(x, offsets);
  if (kind_ == "first") return gather_rows(x, offsets.first(offsets.size() - 1));
  if (kind_ == "attention") return attend(x, offsets);
  return concat_columns({segment_means(x, offsets), segment_maxima(x, offsets)});
}

Tensor Pooling::attend(const Tensor& x, std::span<const Index> offsets) const {
  const Tensor scores = (*query_)(x);  // [tokens, 1]
  // The largest score of a text cancels out; subtracting it keeps exp in range.
  const Tensor largest = segment_maxima(scores, offsets).detach();
  const auto tokens = static_cast<std::size_t>(x.rows());
  const kernels::Scratch<Index> text_of(tokens);
  for (std::size_t text = 0; text + 1 < offsets.size(); ++text)
    std::fill(text_of.data() + offsets[text], text_of.data() + offsets[text + 1],
              static_cast<Index>(text));
  const Tensor shift = gather_rows(largest, {text_of.data(), tokens});
  const Tensor weights = exp(scores - shift);
  return segment_sums(x * weights, offsets) / segment_sums(weights, offsets);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
