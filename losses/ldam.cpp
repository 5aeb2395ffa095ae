#include <tailgrad/losses/ldam.h>

#include <algorithm>
#include <atomic>
#include <cmath>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// Cross-entropy that notices, once, that it was not given cosines.
class Ldam final : public Loss {
 public:
  Ldam(LossFrame frame, rows::ScaledLogits change)
      : frame_(std::move(frame)), change_(std::move(change)) {}

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    const LossFrame::Call call = frame_.check_classes(logits, targets, where);
    if (!looked_.exchange(true, std::memory_order_relaxed)) {
      for (const Real z : logits.values())
        if (std::abs(z) > static_cast<Real>(1.001))
          raw_logits_.store(true, std::memory_order_relaxed);
    }
    return rows::true_class_loss(frame_, call, call.counted, logits, targets, pass, where, change_,
                                 rows::LogRule{});
  }
  double normaliser(const Targets& targets, Index classes) const override {
    return frame_.check_classes(targets, classes, {}).counted;
  }
  std::string text() const override { return frame_.text(); }
  std::vector<std::string> warnings() const override {
    std::vector<std::string> all = frame_.warnings();
    if (raw_logits_.load(std::memory_order_relaxed))
      all.push_back(
          "ldam: the logits are no cosines (some lie outside [-1, 1]); its scale is meant "
          "for a cosine-normalised output layer");
    return all;
  }

 private:
  LossFrame frame_;
  rows::ScaledLogits change_;
  mutable std::atomic<bool> looked_ = false;
  mutable std::atomic<bool> raw_logits_ = false;
};

std::unique_ptr<Loss> make_ldam(const Settings& settings, const LossSetup& setup) {
  LossFrame frame(settings, setup);
  frame.need_counts(setup, "its margins");
  const std::vector<double>& n = setup.counts.counts();
  const double scale = settings.number("scale");
  const double fewest = *std::ranges::min_element(n);
  std::vector<double> own(n.size());
  for (std::size_t k = 0; k < n.size(); ++k)
    own[k] = -scale * settings.number("max_margin") * std::pow(fewest / n[k], 0.25);
  return std::make_unique<Ldam>(std::move(frame),
                                rows::ScaledLogits{static_cast<Real>(scale), rows::as_reals(own)});
}

}  // namespace

LossEntry ldam_entry() {
  return {.spec = {.name = "ldam",
                   .meaning = "larger margins for rare classes, on cosine logits",
                   .formula = "-log softmax(s (z - m_y onehot_y))_y, m_k = max_margin "
                              "(n_min/n_k)^(1/4), s = scale",
                   .source = "Cao et al. 2019, Label-distribution-aware margin loss, eq. 13",
                   .options = {{.name = "max_margin",
                                .fallback = "0.5",
                                .range = Range::at_least(0),
                                .meaning = "margin of the rarest class, in cosines; 0 is ce of s z",
                                .source = "the authors' code: 0.5, 0.3 for iNaturalist"},
                               {.name = "scale",
                                .fallback = "30",
                                .range = Range::above(0),
                                .meaning = "what the cosines are multiplied by",
                                .source = "the authors' code: 30; they say 10 works as well"}}},
          .needs_counts = true,
          .make = make_ldam};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
