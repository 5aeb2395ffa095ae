#include <tailgrad/models/model.h>

#include <algorithm>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Tensor Model::logits_for(const Loss&, const Examples& batch) const {
  return logits(batch);
}

Targets Model::targets(const Examples& batch) const {
  Targets targets;
  targets.classes = batch.classes;
  targets.marks = batch.marks;
  return targets;
}

void Model::decode(const Tensor& logits, const Examples&, std::vector<Index>& classes) const {
  const auto width = static_cast<std::size_t>(logits.cols());
  for (const Real* row = logits.data(); row != logits.data() + logits.size(); row += width)
    classes.push_back(static_cast<Index>(std::max_element(row, row + width) - row));
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
