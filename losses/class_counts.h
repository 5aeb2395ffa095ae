// How many training items each class has, and what follows from it: prior, weights.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

/// Items of each class in the training data: taken once, never from a batch.
///
/// When a class is empty, every count is raised by one (Laplace), for priors, weights and margins
/// alike, because log 0 and 1/0 would follow; warnings() says so.
class ClassCounts {
 public:
  /// No counts: enough for losses that need none.
  ClassCounts() = default;
  /// `items` is the number of training items; 0: the sum of the counts (right unless an item may
  /// have several classes). Throws Error for a negative or non-finite count, no class, or
  /// more items of a class than items.
  explicit ClassCounts(std::span<const double> counts, double items = 0);
  /// The same from integers.
  explicit ClassCounts(std::span<const std::int64_t> counts, double items = 0);
  /// Counts the labels 0 .. classes-1. Throws Error for a label outside, but `ignored`.
  static ClassCounts of_labels(std::span<const std::int32_t> labels, std::int32_t classes,
                               std::int32_t ignored = -100);

  bool empty() const { return raw_.empty(); }  ///< whether there are no counts
  /// Number of classes.
  std::int32_t classes() const { return static_cast<std::int32_t>(raw_.size()); }
  const std::vector<double>& raw() const { return raw_; }        ///< as given
  const std::vector<double>& counts() const { return counts_; }  ///< n_k, never 0
  double total() const { return total_; }                        ///< n, the sum of counts()
  /// Number of items the counts are of; with several labels an item this is not the sum of
  /// counts().
  double items() const { return items_; }
  double prior(std::size_t k) const { return counts_[k] / total_; }  ///< pi_k = n_k / n
  std::vector<double> log_prior() const;  ///< [classes] log of prior(), always finite
  /// What the user should know; empty as a rule.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  std::vector<double> raw_;
  std::vector<double> counts_;
  double total_ = 0;
  double items_ = 0;
  std::vector<std::string> warnings_;
};

/// Weights of classes computed from their counts, n = sum of n_k, C classes:
///   none           1
///   inverse        n / (C n_k)                               count-weighted mean 1
///   sqrt-inverse   n_k^(-1/2) n / (sum_j n_j^(1/2))          count-weighted mean 1
///   lg             max(0, log10((n - n_k)/n_k + K)); form=inside: log10((n - n_k)/(n_k + K))
///                  (Li et al. 2020, section 3.2; K is `k`; the paper is read both ways)
///   cb             C e_k / (sum_j e_j), e_k = (1 - beta)/(1 - beta^n_k) (Cui et al. 2019, eq. 6)
struct WeightOptions {
  std::string_view kind = "inverse";  ///< a row of the table above
  double k = 1;                       ///< of lg
  bool inside = false;                ///< of lg
  double beta = 0.999;                ///< of cb
};

/// A weight for each class.
struct ClassWeights {
  std::vector<double> values;         ///< [classes] none negative
  std::vector<std::string> warnings;  ///< such as negative weights set to 0
};

/// The weights of the table. Throws Error for an unknown kind and for options out of range.
ClassWeights class_weights(const ClassCounts& counts, const WeightOptions& options);

}  // namespace tailgrad
