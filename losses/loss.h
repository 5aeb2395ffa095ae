// What every loss is: a sum over items and the number that turns the sum into a mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/tensor.h>

namespace tailgrad {

/// A label that takes no part in the loss: removing the item changes nothing.
inline constexpr Index kIgnoredLabel = -100;

inline namespace TAILGRAD_PRECISION {

/// What the logits [items, classes] are compared with. Exactly one of classes and marks is given.
struct Targets {
  std::span<const Index> classes = {};  ///< [items] a class or kIgnoredLabel
  std::span<const std::uint8_t> marks =
      {};  ///< [items, classes] 0 or 1: any number of classes an item
  // Of losses of sequences (Loss::reads_sequences); the others do not look.
  std::span<const Index> offsets = {};  ///< [sequences + 1] sequence s is the items offsets[s] …
  Tensor transitions = {};              ///< [classes + 2, classes + 2], see crf_nll; a parameter
  std::span<const std::uint8_t> allowed = {};  ///< as transitions: 0 forbids; empty: all allowed
};

/// (sum, normaliser): sums and normalisers of micro-batches, shards and threads add up, so the
/// gradient of (total sum / total normaliser) is that of the whole batch, however it was split.
struct LossOutput {
  Tensor sum = {};        ///< scalar
  double normaliser = 0;  ///< items, elements or summed weights: each loss says which
  /// sum / normaliser; 0, with a gradient of zeros, when the normaliser is 0 (nothing counted).
  Tensor mean(Where where = {}) const;
};

/// Where in a training run a loss is asked.
struct LossPass {
  std::uint64_t seed = 1;        ///< of the random losses
  std::uint64_t step = 0;        ///< counts updates
  std::uint64_t first_item = 0;  ///< position of this shard's first item in the whole batch
  double progress = 0;           ///< share of the training done, in [0, 1): for deferred losses
  /// The factor that the caller is going to apply to `sum`, when it is not 1/normaliser: lets the
  /// forward pass store the final gradient, so that backward costs nothing. Only speed depends on
  /// it.
  std::optional<double> scale = {};
  /// Of a loss that does not decompose: statistics() of all shards, added up.
  std::span<const double> statistics = {};
};

/// One loss with its options and the class counts it was made with (see make_loss).
class Loss {
 public:
  virtual ~Loss() = default;
  /// Sum and normaliser over the items. logits [items, classes]; the gradient of the sum flows to
  /// the logits. Throws Error for shapes and labels that do not fit.
  virtual LossOutput operator()(const Tensor& logits, const Targets& targets,
                                const LossPass& pass = {}, Where where = {}) const = 0;
  /// The normaliser alone, known before any logit: lets shards run without waiting for each other.
  virtual double normaliser(const Targets& targets, Index classes) const = 0;
  /// The canonical text form with every option: "focal:gamma=2,alpha=none".
  virtual std::string text() const = 0;
  /// False for losses of the whole batch (dice over a set): the gradient of a shard needs the
  /// statistics of all shards.
  virtual bool decomposes() const { return true; }
  /// True for losses of whole sequences (crf): they need Targets::offsets and transitions.
  virtual bool reads_sequences() const { return false; }
  /// What the user should know: an empty class, weights that became 0. Empty as a rule.
  virtual std::vector<std::string> warnings() const { return {}; }
  /// What a shard contributes to the whole batch; empty for losses that decompose.
  virtual std::vector<double> statistics(const Tensor& logits, const Targets& targets) const;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
