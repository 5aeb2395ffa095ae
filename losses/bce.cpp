#include <tailgrad/losses/bce.h>

#include <algorithm>

#include <tailgrad/losses/elements.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct Plain {
  static constexpr bool kByClass = false;
  rows::ElementLoss operator()(Real z, Real y, std::size_t) const {
    const rows::Sigmoid t(rows::signed_by(y, z));  // the negative side is the positive one of -z
    return {-t.log_p, rows::signed_by(y, -t.rest)};
  }
};

struct BceRule {
  static constexpr bool kByClass = false;
  Real positive;
  rows::ElementLoss operator()(Real z, Real y, std::size_t k) const {
    const rows::ElementLoss plain = Plain{}(z, y, k);
    const Real weight = y * positive + (1 - y);
    return {weight * plain.loss, weight * plain.slope};
  }
};

struct ByClass {
  static constexpr bool kByClass = true;
  std::vector<Real> positive;
  // A one-logit problem may come with the counts of both labels: the second is that of mark 1.
  std::size_t only_class() const { return positive.size() - 1; }
  rows::ElementLoss operator()(Real z, Real y, std::size_t k) const {
    return BceRule{positive[k]}(z, y, k);
  }
};

std::unique_ptr<Loss> make_bce(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  const bool by_elements = settings.is("normalise", "elements");
  if (settings.is("pos_weight", "none"))
    return rows::elements(std::move(frame), Plain{}, by_elements);
  if (!settings.is("pos_weight", "inverse"))
    return rows::elements(std::move(frame),
                          BceRule{static_cast<Real>(settings.number("pos_weight"))}, by_elements);
  frame.need_counts(setup, "pos_weight=inverse");
  std::vector<double> n = setup.counts.counts();
  ByClass rule;
  for (const double n_k : n)
    rule.positive.push_back(static_cast<Real>(std::max(0.0, (setup.counts.items() - n_k) / n_k)));
  return rows::elements(std::move(frame), std::move(rule), by_elements);
}

}  // namespace

std::unique_ptr<Loss> weighted_bce(LossFrame frame) {
  return rows::elements(std::move(frame), Plain{}, true);
}

LossEntry bce_entry() {
  return {
      .spec = {.name = "bce",
               .meaning = "one binary cross-entropy a class, for any number of classes an item",
               .formula = "sum_k -[a_k y_k log s(z_k) + (1-y_k) log s(-z_k)]",
               .source = "the likelihood of independent coins",
               .options = {{.name = "pos_weight",
                            .fallback = "none",
                            .range = Range::at_least(0),
                            .words = {"none", "inverse"},
                            .meaning = "a_k: 1, (T - n_k)/n_k of T training items, or one number"},
                           {.name = "normalise",
                            .kind = OptionKind::word,
                            .fallback = "elements",
                            .words = {"elements", "items"},
                            .meaning = "what the sum is divided by"}}},
      .task = LossTask::multi_label,
      .make = make_bce};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
