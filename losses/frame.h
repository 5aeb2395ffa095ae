// What all losses share: the check of a call, the stored gradient, the error messages.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <tailgrad/core/form_spec.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/losses/class_counts.h>
#include <tailgrad/losses/loss.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// What a loss is made with, beside its text form.
struct LossSetup {
  ClassCounts counts = {};           ///< of the training data; empty: for losses that need none
  std::vector<double> weights = {};  ///< one a class: the loss of an item is multiplied by that of
                                     ///< its class (wce:weights=file, or any loss of one label)
  Index ignored_label = kIgnoredLabel;
};

/// The part of a loss that does not depend on its formula.
class LossFrame {
 public:
  /// Throws Error for weights or counts that do not fit together, or are negative or not finite.
  LossFrame(const Settings& settings, const LossSetup& setup);

  /// The sizes of a checked call.
  struct Call {
    std::size_t items = 0;    ///< rows, ignored ones included
    std::size_t columns = 0;  ///< of the logits
    std::size_t classes = 0;  ///< 2 for one column of logits: z means the logits (0, z)
    double counted = 0;       ///< items that are not ignored
  };
  /// Throws Error unless logits are [items, columns] with as many class labels, each in range, and
  /// the classes are those of the counts and weights.
  Call check_classes(const Tensor& logits, const Targets& targets, const Where& where) const;
  /// The same for targets without logits.
  Call check_classes(const Targets& targets, Index columns, const Where& where) const;
  /// The same for multi-label losses: marks [items, columns] of 0 and 1, or class labels.
  Call check_marks(const Tensor& logits, const Targets& targets, const Where& where) const;
  Call check_marks(const Targets& targets, Index columns, const Where& where) const;

  /// For losses of the whole batch. Throws Error unless the pass has no statistics or `size` of
  /// them, and when a shard that is not the first comes without them: its gradient would be that
  /// of another loss.
  void check_statistics(const LossPass& pass, std::size_t size, const Where& where) const;

  const std::string& name() const { return name_; }
  const std::string& text() const { return text_; }
  Index ignored() const { return ignored_; }
  bool is_ignored(Index label) const { return label == ignored_; }
  /// The sum of the class weights of all checked items that are not ignored.
  double weight_of(const Targets& targets) const;
  /// One a class; null when there are none.
  const Real* weights() const { return weights_.empty() ? nullptr : weights_.data(); }
  /// Multiplies the weights by these (so weights by formula and the caller's go together).
  void multiply_weights(const std::vector<double>& factors);
  /// Throws Error unless the loss was made with class counts, which it needs to compute `what`.
  void need_counts(const LossSetup& setup, const char* what);
  /// Multiplies the weights by class_weights(counts, options).
  void weigh_by_counts(const LossSetup& setup, const WeightOptions& options);
  /// Throws Error when the loss was made with class weights, which have no meaning for it.
  void refuse_weights(const char* why) const;

  void warn(std::string text) { warnings_.push_back(std::move(text)); }
  const std::vector<std::string>& warnings() const { return warnings_; }

  [[noreturn, gnu::cold]] void fail(const std::string& rule, const Where& where) const;
  /// Finds and reports the cause of a loss that is not finite: a logit that is not.
  [[noreturn, gnu::cold]] void fail_not_finite(const Tensor& logits, const Targets& targets,
                                               std::size_t first_row, std::size_t last_row,
                                               const Where& where) const;

 private:
  void check_shape(const Tensor& logits, const Where& where) const;
  void check_width(std::size_t columns, bool multi_label, const Where& where) const;
  Call check_labels(const Targets& targets, Index columns, const Where& where) const;

  std::string name_;
  std::string text_;
  Index ignored_;
  std::size_t classes_ = 0;  ///< that counts or weights were given for; 0: any number
  std::vector<Real> weights_;
  std::vector<std::string> warnings_;
};

/// Whether a call on these logits must store a gradient.
bool wants_gradient(const Tensor& logits);

/// The factor to store the gradient with: that of the pass, or 1/normaliser.
double stored_scale(const LossPass& pass, double normaliser);

/// Ends a loss: a scalar tensor of value `sum` whose gradient is `gradient` / `scale`, where
/// `gradient` has the shape of the logits (and is empty when none is wanted). When the upstream
/// gradient is `scale`, the memory itself becomes the gradient of the logits.
LossOutput finish_loss(const char* op, const Tensor& logits, double sum, double normaliser,
                       Scratch<Real> gradient, double scale);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
