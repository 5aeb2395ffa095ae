#include <tailgrad/losses/compound.h>

#include <algorithm>

#include <fmt/format.h>

#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

std::unique_ptr<Loss> part(const Settings& settings, const char* key, const LossSetup& setup) {
  std::string form = settings.word(key);
  std::ranges::replace(form, '/', ',');
  // Its normaliser would differ from shard to shard in proportion to the others.
  if (form.find("normalise=weights") != std::string::npos)
    fail(settings.name(), fmt::format("{}={}: normalise=weights cannot be part of another loss",
                                      key, settings.word(key)));
  try {
    return make_loss(form, setup);
  } catch (const Error& error) {
    fail(settings.name(), fmt::format("{}={}: {}", key, settings.word(key), error.what()));
  }
}

std::vector<std::string> both(std::vector<std::string> a, const std::vector<std::string>& b) {
  for (const std::string& text : b)
    if (std::ranges::find(a, text) == a.end()) a.push_back(text);
  return a;
}

class Mix final : public Loss {
 public:
  Mix(const Settings& settings, std::unique_ptr<Loss> first, std::unique_ptr<Loss> second)
      : text_(settings.full_text()),
        weight_(settings.number("weight")),
        first_(std::move(first)),
        second_(std::move(second)) {
    if (!first_->decomposes() && !second_->decomposes())
      fail(settings.name(), "at most one part may be a loss of the whole batch");
  }

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    const double items = first_->normaliser(targets, logits.cols());
    const double others = second_->normaliser(targets, logits.cols());
    const double factor = others > 0 ? weight_ * items / others : 0;
    LossPass of_first = pass;
    LossPass of_second = pass;
    of_first.scale = pass.scale.value_or(items > 0 ? 1 / items : 1);
    of_second.scale = *of_first.scale * factor;
    if (first_->decomposes()) of_first.statistics = {};
    if (second_->decomposes()) of_second.statistics = {};
    const LossOutput a = (*first_)(logits, targets, of_first, where);
    const LossOutput b = (*second_)(logits, targets, of_second, where);
    Tensor sum = Tensor::scalar(static_cast<Real>(static_cast<double>(a.sum.item()) +
                                                  factor * static_cast<double>(b.sum.item())));
    Tape::current().record("mix", sum, {&a.sum, &b.sum}, [x = a.sum, y = b.sum, sum, factor] {
      const auto upstream = static_cast<double>(sum.grad()[0]);
      add(x, upstream);
      add(y, upstream * factor);
    });
    return {.sum = sum, .normaliser = a.normaliser};
  }
  double normaliser(const Targets& targets, Index classes) const override {
    return first_->normaliser(targets, classes);
  }
  std::string text() const override { return text_; }
  std::vector<std::string> warnings() const override {
    return both(first_->warnings(), second_->warnings());
  }
  bool decomposes() const override { return first_->decomposes() && second_->decomposes(); }
  bool reads_sequences() const override {
    return first_->reads_sequences() || second_->reads_sequences();
  }
  std::vector<double> statistics(const Tensor& logits, const Targets& targets) const override {
    return first_->decomposes() ? second_->statistics(logits, targets)
                                : first_->statistics(logits, targets);
  }

 private:
  static void add(const Tensor& to, double gradient) {
    if (!to.requires_grad()) return;
    const GradientTarget target = to.gradient_target();
    target.data[0] = (target.fresh ? 0 : target.data[0]) + static_cast<Real>(gradient);
  }

  std::string text_;
  double weight_;
  std::unique_ptr<Loss> first_;
  std::unique_ptr<Loss> second_;
};

class Deferred final : public Loss {
 public:
  Deferred(const Settings& settings, std::unique_ptr<Loss> before, std::unique_ptr<Loss> after)
      : text_(settings.full_text()),
        start_(settings.number("start")),
        before_(std::move(before)),
        after_(std::move(after)) {}

  LossOutput operator()(const Tensor& logits, const Targets& targets, const LossPass& pass,
                        Where where) const override {
    return (pass.progress < start_ ? *before_ : *after_)(logits, targets, pass, where);
  }
  double normaliser(const Targets& targets, Index classes) const override {
    return before_->normaliser(targets, classes);
  }
  std::string text() const override { return text_; }
  std::vector<std::string> warnings() const override {
    return both(before_->warnings(), after_->warnings());
  }

 private:
  std::string text_;
  double start_;
  std::unique_ptr<Loss> before_;
  std::unique_ptr<Loss> after_;
};

std::unique_ptr<Loss> make_mix(const Settings& settings, const LossSetup& setup) {
  return std::make_unique<Mix>(settings, part(settings, "first", setup),
                               part(settings, "second", setup));
}

std::unique_ptr<Loss> make_ce_dice(const Settings& settings, const LossSetup& setup) {
  const std::string dice = fmt::format("dice:square={},smooth={},scope={}", settings.word("square"),
                                       settings.word("smooth"), settings.word("scope"));
  return std::make_unique<Mix>(settings, make_loss("ce", setup), make_loss(dice, setup));
}

std::unique_ptr<Loss> make_drw(const Settings& settings, const LossSetup& setup) {
  if (setup.counts.empty()) fail("drw", "needs the class counts of the training data");
  const ClassWeights weights = class_weights(
      setup.counts, {.kind = settings.word("weights"), .beta = settings.number("beta")});
  LossSetup weighted = setup;
  weighted.weights = weights.values;
  for (std::size_t k = 0; k < setup.weights.size() && k < weighted.weights.size(); ++k)
    weighted.weights[k] *= setup.weights[k];
  auto before = part(settings, "base", setup);
  if (!before->decomposes())
    fail("drw", fmt::format("base={} is a loss of the whole batch, which takes no class weights",
                            settings.word("base")));
  return std::make_unique<Deferred>(settings, std::move(before), part(settings, "base", weighted));
}

OptionSpec part_option(const char* name, const char* fallback) {
  return {.name = name,
          .kind = OptionKind::text,
          .fallback = fallback,
          .meaning = "a loss, with '/' for ',': dsc:alpha=0.01/smooth=1"};
}
OptionSpec weight_option() {
  return {.name = "weight",
          .fallback = "0.5",
          .range = Range::at_least(0),
          .meaning = "of the second part"};
}

}  // namespace

LossEntry mix_entry() {
  return {.spec = {.name = "mix",
                   .meaning = "the sum of two losses",
                   .formula = "first + weight second",
                   .source = "common practice",
                   .options = {part_option("first", "ce"), part_option("second", "dice"),
                               weight_option()}},
          .task = LossTask::either,
          .decomposes = false,
          .make = make_mix};
}

LossEntry ce_dice_entry() {
  return {.spec = {.name = "ce+dice",
                   .meaning = "cross-entropy and dice: steadier than dice alone",
                   .formula = "ce + weight dice",
                   .source = "Isensee et al. 2021, nnU-Net",
                   .options = {weight_option(),
                               {.name = "square",
                                .kind = OptionKind::flag,
                                .fallback = "true",
                                .meaning = "of dice"},
                               {.name = "smooth",
                                .fallback = "1",
                                .range = Range::at_least(1e-12),
                                .meaning = "of dice"},
                               {.name = "scope",
                                .kind = OptionKind::word,
                                .fallback = "example",
                                .words = {"example", "class", "batch"},
                                .meaning = "of dice"}}},
          .decomposes = false,
          .make = make_ce_dice};
}

LossEntry drw_entry() {
  return {.spec = {.name = "drw",
                   .meaning = "deferred re-weighting: a loss that gets class weights late",
                   .formula = "base until the share `start` of the training, then w_y base",
                   .source = "Cao et al. 2019, Label-distribution-aware margin loss, algorithm 1",
                   .options = {{.name = "start",
                                .fallback = "0.8",
                                .range = Range::between(0, 1),
                                .meaning = "share of the training without weights",
                                .source = "the authors' code: epoch 160 of 200"},
                               {.name = "weights",
                                .kind = OptionKind::word,
                                .fallback = "cb",
                                .words = {"cb", "inverse", "sqrt-inverse"},
                                .meaning = "what the weights are",
                                .source = "paper: inverse; the authors' code: cb"},
                               {.name = "beta",
                                .fallback = "0.9999",
                                .range = Range::half_open(0, 1),
                                .meaning = "of weights=cb",
                                .source = "the authors' code"},
                               part_option("base", "ce")}},
          .task = LossTask::classes,
          .needs_counts = true,
          .make = make_drw};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
