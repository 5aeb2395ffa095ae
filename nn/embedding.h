// A table of vectors, looked up by index.
#pragma once

#include <span>
#include <string_view>

#include <tailgrad/core/ops/rows.h>
#include <tailgrad/nn/module.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// out[i] = weight[ids[i]]. Parameter as PyTorch's Embedding: weight [count, width], normal (0, 1).
/// Its gradient keeps the rows that were looked up only.
class Embedding : public Module {
 public:
  /// Throws Error for a size below 1.
  Embedding(Module& parent, std::string_view name, Index count, Index width,
            const Init& init = Init::normal());

  /// Returns [ids, width]. Throws Error for an id outside [0, count).
  Tensor operator()(std::span<const Index> ids, Where where = {}) const {
    return gather_rows(weight, ids, where);
  }

  Tensor weight;  ///< [rows, width]
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
