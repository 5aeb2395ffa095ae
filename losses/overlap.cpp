#include <tailgrad/losses/overlap.h>

#include <tailgrad/losses/overlap_examples.h>
#include <tailgrad/losses/overlap_sets.h>
#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using rows::Decay;

enum class Scope { example, by_class, batch };

struct OverlapOptions {
  Scope scope = Scope::example;
  bool sigmoid = false;
  bool shrunk = false;  ///< see rows::SetOptions
};

// The loss that gathers the true class only: a function of its probability.
struct GatheredRule {
  Real alpha;
  Real smooth;
  Real factor;
  Real floor;  // of 1-p
  Real clip;   // of p on both sides, without gradient beyond

  rows::TrueClassLoss operator()(const rows::TrueClass& t) const {
    const rows::DiceRule<Decay::power> decay{.alpha = alpha, .floor = floor};
    const bool low = t.p < clip;
    const bool high = t.rest < clip;
    const Real p = low ? clip : (high ? 1 - clip : t.p);
    const Real rest = low ? 1 - clip : (high ? clip : t.rest);
    const Real q = decay.decayed(p, rest);
    const Real inverse = 1 / (q + 1 + smooth);
    const Real share = (factor * q + smooth) * inverse;
    const Real by_q = (share - factor) * inverse;
    const Real slope = by_q * decay.decayed_slope(p, rest) * p;
    return {1 - share, low || high ? Real{0} : slope};
  }
};

OverlapOptions overlap_options(const Settings& settings) {
  OverlapOptions options{.sigmoid = settings.is("mode", "sigmoid")};
  if (settings.is("scope", "class")) options.scope = Scope::by_class;
  if (settings.is("scope", "batch")) options.scope = Scope::batch;
  return options;
}

template <class Rule>
std::unique_ptr<Loss> overlap(LossFrame frame, const Rule& rule, const OverlapOptions& options) {
  if (options.scope == Scope::example)
    return rows::overlap_of_examples(std::move(frame), rule, options.sigmoid);
  return std::make_unique<rows::OverlapOfSets<Rule>>(
      std::move(frame), rule,
      rows::SetOptions{.by_class = options.scope == Scope::by_class,
                       .sigmoid = options.sigmoid,
                       .shrunk = options.shrunk});
}

std::unique_ptr<Loss> dice_family(LossFrame frame, double alpha, double smooth, double factor,
                                  double floor, bool square, const OverlapOptions& options) {
  const auto with = [&]<Decay kDecay>() {
    return overlap(std::move(frame),
                   rows::DiceRule<kDecay>{.once = square ? Real{0} : Real{1},
                                          .twice = square ? Real{1} : Real{0},
                                          .alpha = static_cast<Real>(alpha),
                                          .smooth = static_cast<Real>(smooth),
                                          .factor = static_cast<Real>(factor),
                                          .floor = static_cast<Real>(floor)},
                   options);
  };
  if (alpha == 0) return with.template operator()<Decay::none>();
  if (alpha == 1) return with.template operator()<Decay::linear>();
  return with.template operator()<Decay::power>();
}

std::unique_ptr<Loss> make_dice(const Settings& settings, const LossSetup& setup) {
  return dice_family(LossFrame(settings, setup), 0, settings.number("smooth"), 2, 0,
                     settings.flag("square"), overlap_options(settings));
}

std::unique_ptr<Loss> make_tversky(const Settings& settings, const LossSetup& setup) {
  return overlap(LossFrame(settings, setup),
                 rows::TverskyRule{.alpha = static_cast<Real>(settings.number("alpha")),
                                   .beta = static_cast<Real>(settings.number("beta")),
                                   .smooth = static_cast<Real>(settings.number("smooth"))},
                 overlap_options(settings));
}

std::unique_ptr<Loss> make_dsc(const Settings& settings, const LossSetup& setup) {
  const double alpha = settings.number("alpha");
  const double smooth = settings.number("smooth");
  const double factor = settings.number("factor");
  const bool square = settings.flag("square");
  const bool reference = settings.is("variant", "reference");
  const double floor = alpha > 0 && alpha < 1 && !reference ? 1e-6 : 0;
  OverlapOptions options = overlap_options(settings);
  LossFrame frame(settings, setup);
  if (!settings.is("variant", "paper") && !settings.is("scope", "example"))
    fail("dsc", "scope needs variant=paper: the other variants fix it");
  if (reference) {
    if (options.sigmoid) {
      options.scope = Scope::batch;
    } else if (!square) {
      options.scope = Scope::by_class;
      options.shrunk = true;
    }
  } else if (!settings.is("variant", "paper")) {
    if (square || options.sigmoid)
      fail("dsc", "variant=blog and variant=gathered are linear and of the softmax");
    return rows::true_class(
        std::move(frame), rows::PlainLogits{},
        GatheredRule{.alpha = static_cast<Real>(alpha),
                     .smooth = static_cast<Real>(smooth),
                     .factor = static_cast<Real>(factor),
                     .floor = static_cast<Real>(floor),
                     .clip = settings.is("variant", "blog") ? static_cast<Real>(1e-6) : 0});
  }
  return dice_family(std::move(frame), alpha, smooth, factor, floor, square, options);
}

OptionSpec smooth_option() {
  return {.name = "smooth",
          .fallback = "1",
          .range = Range::at_least(1e-12),
          .meaning = "s, added above and below; small values suit sets, not examples",
          .source = "Li et al. 2020"};
}
OptionSpec scope_option() {
  return {.name = "scope",
          .kind = OptionKind::word,
          .fallback = "example",
          .words = {"example", "class", "batch"},
          .meaning = "what one set is: an item and class, a class of the batch, the batch",
          .source = "example: Li et al. 2020; class and batch do not decompose"};
}
OptionSpec mode_option() {
  return {.name = "mode",
          .kind = OptionKind::word,
          .fallback = "softmax",
          .words = {"softmax", "sigmoid"},
          .meaning = "one class an item, or any number (also: binary with one logit)"};
}
OptionSpec square_option(const char* fallback) {
  return {.name = "square",
          .kind = OptionKind::flag,
          .fallback = fallback,
          .meaning = "squares in the denominator",
          .source = "Milletari et al. 2016"};
}

}  // namespace

LossEntry dice_entry() {
  return {
      .spec = {.name = "dice",
               .meaning = "one minus the dice overlap of predicted and true sets",
               .formula = "1 - (2 sum p y + s)/(sum p^2 + sum y + s); square=false: sum p",
               .source = "Li et al. 2020, Dice loss for data-imbalanced NLP tasks, section 3.3",
               .options = {square_option("true"), smooth_option(), scope_option(), mode_option()}},
      .task = LossTask::either,
      .decomposes = false,
      .make = make_dice};
}

LossEntry tversky_entry() {
  return {
      .spec = {.name = "tversky",
               .meaning = "dice with separate weights for false positives and negatives",
               .formula = "1 - (sum p y + s)/(sum p y + alpha sum p(1-y) + beta sum (1-p)y + s)",
               .source = "Salehi et al. 2017, Tversky loss function, eq. 3",
               .options = {{.name = "alpha",
                            .fallback = "0.5",
                            .range = Range::at_least(0),
                            .meaning = "weight of false positives"},
                           {.name = "beta",
                            .fallback = "0.5",
                            .range = Range::at_least(0),
                            .meaning = "weight of false negatives",
                            .source = "Li et al. 2020 set beta = 1 - alpha"},
                           smooth_option(),
                           scope_option(),
                           mode_option()}},
      .task = LossTask::either,
      .decomposes = false,
      .make = make_tversky};
}

LossEntry dsc_entry() {
  return {.spec = {.name = "dsc",
                   .meaning = "self-adjusting dice: probabilities near 1 count less",
                   .formula = "1 - (f sum q y + s)/(sum q + sum y + s), q = (1-p)^alpha p; "
                              "square=true: sum q^2",
                   .source = "Li et al. 2020, Dice loss for data-imbalanced NLP tasks, section 3.4",
                   .options = {{.name = "alpha",
                                .fallback = "1",
                                .range = Range::at_least(0),
                                .meaning = "exponent of the decay; 0 is linear dice",
                                .source = "the text: 1; the authors' scripts: 0.01"},
                               smooth_option(),
                               square_option("false"),
                               scope_option(),
                               {.name = "factor",
                                .fallback = "2",
                                .range = {.low = 0, .high = 2, .low_open = true},
                                .meaning = "f; 1 is the print of the paper's table",
                                .source = "Li et al. 2020, table 2"},
                               {.name = "variant",
                                .kind = OptionKind::word,
                                .fallback = "paper",
                                .words = {"paper", "reference", "blog", "gathered"},
                                .meaning = "reference: the published repository; blog: the "
                                           "TensorFlow post; gathered: the true class only"},
                               mode_option()},
                   .shifts = {{.option = "variant",
                               .value = "reference",
                               .fallbacks = {{"alpha", "0"}, {"smooth", "0.0001"}}},
                              {.option = "variant",
                               .value = "blog",
                               .fallbacks = {{"smooth", "1e-05"}}}}},
          .task = LossTask::either,
          .decomposes = false,
          .make = make_dsc};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
