// Which items an epoch trains on, when not simply all of them: re-sampling for imbalanced classes.
//
// Text forms (`tailgrad list samplers`), with p_k the chance that a draw is of class k, n_k its
// items, n all items and C the classes that have any:
//
//   instance         p_k = n_k / n                                 every item once, as usual
//   class-balanced   p_k = 1 / C
//   square-root      p_k = sqrt(n_k) / sum_j sqrt(n_j)
//   progressive      p_k = (1 - t/T) n_k / n + (t/T) / C           in epoch t of T
//
// (Kang et al. 2020, eq. 1 and 2.) An epoch draws n items, or with items=smallest only as many as
// classes can give without repeating an item (random under-sampling).
//   replacement=true   each draw is independent: a class by p_k, then any of its items.
//   replacement=false  class k gives p_k times the draws, rounded; none of its items comes again in
//                      this epoch before all of them have come.
// A re-sampled training set has other class frequencies than the counts of the data: adding logit
// adjustment or class weights then corrects twice.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/form_spec.h>
#include <tailgrad/core/shape.h>
#include <tailgrad/data/batches.h>

namespace tailgrad {

/// The rows of `tailgrad list samplers`.
const std::vector<FormSpec>& sampler_forms();

/// Draws the items of an epoch.
class Sampler {
 public:
  /// From a text form and the labels of all training items. Throws Error for an unknown form or
  /// option, no items, and a label out of range.
  Sampler(std::string_view form, std::span<const Index> labels, Index classes);

  /// The items of an epoch, in class order where nothing else is said: the batcher shuffles them. A
  /// pure function of labels, form, epoch and `epochs` (all epochs of the run; `progressive` needs
  /// it), so a resumed run draws the same.
  std::vector<Index> draw(Epoch epoch, std::size_t epochs) const;
  /// [classes] p_k of an epoch; 0 for a class without items. Sums to 1.
  std::vector<double> class_probabilities(std::size_t epoch, std::size_t epochs) const;
  /// Number of draws in an epoch.
  std::size_t draws(std::size_t epoch, std::size_t epochs) const;
  /// The text form with every option.
  std::string text() const { return settings_.full_text(); }

 private:
  std::vector<Index> draw_independent(std::span<const double> chances, std::size_t count,
                                      Epoch epoch) const;
  std::vector<Index> draw_in_turn(std::span<const double> chances, std::size_t count,
                                  Epoch epoch) const;

  Settings settings_;
  std::vector<std::vector<Index>> members_;  // [classes] items, ascending
  std::size_t items_ = 0;
};

}  // namespace tailgrad
