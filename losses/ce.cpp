#include <tailgrad/losses/ce.h>

#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

struct SmoothedRule {
  Real sure;
  Real uniform;
  rows::TrueClassLoss operator()(const rows::TrueClass& t) const {
    return {-sure * t.log_p, -sure};
  }
};

class CrossEntropy final : public Loss {
 public:
  CrossEntropy(const Settings& settings, const LossSetup& setup)
      : frame_(settings, setup), smoothing_(settings.number("label_smoothing")) {}

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    const auto call = frame_.check_classes(logits, targets, where);
    const auto run = [&](const auto& rule) {
      return rows::true_class_loss(frame_, call, call.counted, logits, targets, pass, where,
                                   rows::PlainLogits{}, rule);
    };
    if (smoothing_ == 0) return run(rows::LogRule{});
    return run(SmoothedRule{static_cast<Real>(1 - smoothing_),
                            static_cast<Real>(smoothing_ / static_cast<double>(call.classes))});
  }
  double normaliser(const Targets& targets, Index classes) const override {
    return frame_.check_classes(targets, classes, {}).counted;
  }
  std::string text() const override { return frame_.text(); }
  std::vector<std::string> warnings() const override { return frame_.warnings(); }

 private:
  LossFrame frame_;
  double smoothing_;
};

}  // namespace

LossEntry ce_entry() {
  return {
      .spec = {.name = "ce",
               .meaning = "cross-entropy of the softmax",
               .formula = "-(1-e) log p_y - e/C sum_k log p_k, e = label_smoothing",
               .source = "Szegedy et al. 2016, Rethinking the Inception architecture, section 7",
               .options = {{.name = "label_smoothing",
                            .fallback = "0",
                            .range = Range::half_open(0, 1),
                            .meaning = "share of the target spread evenly over all classes",
                            .source = "Szegedy et al. 2016 use 0.1"}}},
      .make = [](const Settings& settings, const LossSetup& setup) -> std::unique_ptr<Loss> {
        return std::make_unique<CrossEntropy>(settings, setup);
      }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
