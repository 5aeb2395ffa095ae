#include <tailgrad/losses/crf.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/crf.h>
#include <tailgrad/core/ops/segments.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// The part of a sequence loss that does not depend on its formula.
class SequenceFrame {
 public:
  SequenceFrame(const Settings& settings, const LossSetup& setup) : frame_(settings, setup) {}

  void check(const Tensor& logits, const Targets& targets, const Where& where) const {
    frame_.check_classes(logits, targets, where);
    if (logits.cols() == 1) frame_.fail("needs a column of logits for every tag", where);
    check_offsets(targets, where);
    if (!targets.transitions.defined())
      frame_.fail("needs transitions [classes + 2, classes + 2] in Targets::transitions", where);
  }
  void check(const Targets& targets, Index classes) const {
    frame_.check_classes(targets, classes, {});
    check_offsets(targets, {});
  }

  CrfOptions options(const Targets& targets) const {
    return {.allowed = targets.allowed, .ignored = frame_.ignored()};
  }

  double tokens(const Targets& targets) const {
    const auto ignored = [this](Index label) { return frame_.is_ignored(label); };
    return static_cast<double>(targets.classes.size()) -
           static_cast<double>(std::ranges::count_if(targets.classes, ignored));
  }
  /// That have a token which is not ignored.
  double sequences(const Targets& targets) const {
    double count = 0;
    each(targets, [&](std::span<const Index> tags) {
      const bool any =
          std::ranges::any_of(tags, [this](Index tag) { return !frame_.is_ignored(tag); });
      count += any ? 1 : 0;
    });
    return count;
  }
  /// The weight of each token's tag, or with `by_sequence` the mean of those of its sequence;
  /// nothing when there are no class weights.
  Scratch<Real> token_weights(const Targets& targets, bool by_sequence) const {
    const Real* const weights = frame_.weights();
    if (weights == nullptr) return {};
    Scratch<Real> all(targets.classes.size());
    Real* to = all.data();
    const auto of = [&](Index tag) {
      return frame_.is_ignored(tag) ? Real{0} : weights[static_cast<std::size_t>(tag)];
    };
    each(targets, [&](std::span<const Index> tags) {
      double sum = 0;
      double tokens = 0;
      for (const Index tag : tags) {
        sum += static_cast<double>(of(tag));
        tokens += frame_.is_ignored(tag) ? 0 : 1;
      }
      for (const Index tag : tags)
        *to++ = by_sequence ? static_cast<Real>(tokens > 0 ? sum / tokens : 0) : of(tag);
    });
    return all;
  }
  /// Calls f(), and names the logit that is not finite if that is why it throws.
  template <class F>
  auto guarded(const Tensor& logits, const Targets& targets, const Where& where, F f) const {
    try {
      return f();
    } catch (const Error&) {
      const bool finite =
          std::ranges::all_of(logits.values(), [](Real value) { return std::isfinite(value); });
      if (finite) throw;
      frame_.fail_not_finite(logits, targets, 0, targets.classes.size(), where);
    }
  }
  /// Calls body(tags of the sequence) one after the other.
  template <class Body>
  void each(const Targets& targets, Body body) const {
    for (std::size_t s = 0; s + 1 < targets.offsets.size(); ++s)
      body(targets.classes.subspan(
          static_cast<std::size_t>(targets.offsets[s]),
          static_cast<std::size_t>(targets.offsets[s + 1] - targets.offsets[s])));
  }

  LossFrame& base() { return frame_; }
  const LossFrame& base() const { return frame_; }

 private:
  void check_offsets(const Targets& targets, const Where& where) const {
    if (targets.offsets.empty())
      frame_.fail("needs the offsets of the sequences [sequences + 1] in Targets::offsets", where);
    check_segments(frame_.name(), Shape{static_cast<Index>(targets.classes.size()), 1},
                   targets.offsets, where);
  }

  LossFrame frame_;
};

class Crf final : public Loss {
 public:
  Crf(const Settings& settings, const LossSetup& setup)
      : frame_(settings, setup),
        by_sequence_(settings.word("strategy") == "sequence"),
        per_token_(settings.word("normalise") == "tokens") {
    const std::string& weights = settings.word("weights");
    if (weights == "file") {
      if (setup.weights.empty())
        fail("crf", "weights=file needs the class weights of the caller; there are none");
    } else if (weights != "none") {
      frame_.base().weigh_by_counts(setup, {.kind = weights});
    }
    const double tau = settings.number("tau");
    if (tau == 0) return;
    frame_.base().need_counts(setup, "the prior");
    for (const double log_prior : setup.counts.log_prior())
      shift_.push_back(static_cast<Real>(tau * log_prior));
  }

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    frame_.check(logits, targets, where);
    const double items = count(targets);
    CrfOptions options = frame_.options(targets);
    options.shift = shift_;
    const Scratch<Real> weights = frame_.token_weights(targets, by_sequence_);
    const Tensor sum = frame_.guarded(logits, targets, where, [&] {
      return crf_nll(logits, targets.transitions, targets.offsets, targets.classes,
                     {weights.data(), weights.size()}, options, stored_scale(pass, items), where);
    });
    return {.sum = sum, .normaliser = items};
  }
  double normaliser(const Targets& targets, Index classes) const override {
    frame_.check(targets, classes);
    return count(targets);
  }
  std::string text() const override { return frame_.base().text(); }
  bool reads_sequences() const override { return true; }
  std::vector<std::string> warnings() const override { return frame_.base().warnings(); }

 private:
  double count(const Targets& targets) const {
    return per_token_ ? frame_.tokens(targets) : frame_.sequences(targets);
  }

  SequenceFrame frame_;
  bool by_sequence_;
  bool per_token_;
  std::vector<Real> shift_;
};

class CrfMarginals final : public Loss {
 public:
  CrfMarginals(const Settings& settings, const LossSetup& setup)
      : frame_(settings, setup), nll_(settings.number("nll")) {
    std::string form = settings.word("base");
    std::ranges::replace(form, '/', ',');
    try {
      base_ = make_loss(form, setup);
      if (find_loss(parse_name(form)).task == LossTask::sequences)
        fail(form, "is itself a loss of sequences");
    } catch (const Error& error) {
      fail("crf-marginals", fmt::format("base={}: {}", settings.word("base"), error.what()));
    }
    for (const std::string& warning : base_->warnings()) frame_.base().warn(warning);
  }

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    frame_.check(logits, targets, where);
    const LossOutput on_marginals =
        (*base_)(marginals(logits, targets, where), {.classes = targets.classes}, pass, where);
    const double tokens = frame_.tokens(targets);
    if (nll_ == 0 || tokens == 0) return on_marginals;
    // Both parts as means: nll log-likelihoods a token.
    const double factor = nll_ * on_marginals.normaliser / tokens;
    const double scale = stored_scale(pass, on_marginals.normaliser) * factor;
    const Scratch<Real> weights = frame_.token_weights(targets, false);
    const Tensor likelihood =
        crf_nll(logits, targets.transitions, targets.offsets, targets.classes,
                {weights.data(), weights.size()}, frame_.options(targets), scale, where);
    return {.sum = add(on_marginals.sum, multiply(likelihood, static_cast<Real>(factor))),
            .normaliser = on_marginals.normaliser};
  }
  double normaliser(const Targets& targets, Index classes) const override {
    frame_.check(targets, classes);
    return base_->normaliser({.classes = targets.classes}, classes);
  }
  std::string text() const override { return frame_.base().text(); }
  bool reads_sequences() const override { return true; }
  std::vector<std::string> warnings() const override { return frame_.base().warnings(); }
  bool decomposes() const override { return base_->decomposes(); }
  std::vector<double> statistics(const Tensor& logits, const Targets& targets) const override {
    if (base_->decomposes()) return {};
    const NoGrad no_grad;
    frame_.check(logits, targets, {});
    return base_->statistics(marginals(logits, targets, {}), {.classes = targets.classes});
  }

 private:
  static std::string_view parse_name(std::string_view form) {
    return form.substr(0, form.find(':'));
  }
  Tensor marginals(const Tensor& logits, const Targets& targets, const Where& where) const {
    return frame_.guarded(logits, targets, where, [&] {
      return crf_log_marginals(logits, targets.transitions, targets.offsets, targets.classes,
                               frame_.options(targets), where);
    });
  }

  SequenceFrame frame_;
  double nll_;
  std::unique_ptr<Loss> base_;
};

}  // namespace

std::vector<Real> crf_post_hoc_shift(const ClassCounts& counts, double tau) {
  std::vector<Real> shift;
  for (const double log_prior : counts.log_prior())
    shift.push_back(static_cast<Real>(-tau * log_prior));
  return shift;
}

LossEntry crf_entry() {
  return {.spec = {.name = "crf",
                   .meaning = "negative log-likelihood of a linear-chain CRF over tag sequences",
                   .formula = "-sum_t w_t log P(y_t | y_1 .. y_(t-1)) of emissions z + tau log pi; "
                              "w = 1: -log P(y)",
                   .source = "Lafferty, McCallum and Pereira 2001, Conditional random fields",
                   .options = {{.name = "weights",
                                .kind = OptionKind::word,
                                .fallback = "none",
                                .words = {"none", "inverse", "sqrt-inverse", "lg", "file"},
                                .meaning = "class weights, as in wce"},
                               {.name = "strategy",
                                .kind = OptionKind::word,
                                .fallback = "sequence",
                                .words = {"token", "sequence"},
                                .meaning = "w_t is the weight of y_t, or the mean weight of the "
                                           "sequence's tags"},
                               {.name = "tau",
                                .fallback = "0",
                                .range = Range::finite(),
                                .meaning = "raises the emissions by tau log pi in training",
                                .source = "Menon et al. 2021, eq. 10, on emissions"},
                               {.name = "normalise",
                                .kind = OptionKind::word,
                                .fallback = "sequences",
                                .words = {"sequences", "tokens"},
                                .meaning = "divide by the sequences or by the tokens"}}},
          .task = LossTask::sequences,
          .make = [](const Settings& settings, const LossSetup& setup) -> std::unique_ptr<Loss> {
            return std::make_unique<Crf>(settings, setup);
          }};
}

LossEntry crf_marginals_entry() {
  return {
      .spec = {.name = "crf-marginals",
               .meaning = "a loss of one label a row, on the marginals of a linear-chain CRF",
               .formula = "base(log P(y_t = k)) + nll (-log P(y)) / tokens",
               .source = "ours; the gradient through the marginals is exact",
               .options = {{.name = "base",
                            .kind = OptionKind::text,
                            .fallback = "dsc",
                            .meaning = "a loss, with '/' for ',': dice:scope=class/square=false"},
                           {.name = "nll",
                            .fallback = "0",
                            .range = Range::at_least(0),
                            .meaning = "share of the CRF's likelihood, a token, to add"}}},
      .task = LossTask::sequences,
      .decomposes = false,
      .make = [](const Settings& settings, const LossSetup& setup) -> std::unique_ptr<Loss> {
        return std::make_unique<CrfMarginals>(settings, setup);
      }};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
