// Which hyper-parameters a try uses. All of it follows from the seed.
#include <algorithm>
#include <cmath>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/text_form.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/optim/optimizer_options.h>
#include <tailgrad/study/grid.h>

namespace tailgrad {
namespace {

constexpr double kFactor = 4;  // how far a positive number moves, up and down
constexpr double kLogit = 2;   // how far a number in an interval moves, in log-odds
constexpr double kNearEnd = 1e-6;

std::string rounded(double value) {
  // Three digits: what a person would try, and what fits into a table.
  if (value == 0) return "0";
  const double unit = std::pow(10.0, std::floor(std::log10(std::abs(value))) - 2);
  return shortest_text(std::round(value / unit) * unit);
}

// A number near `start`: times 1/4 … 4 on a logarithmic scale when only its sign is given, along
// the log-odds of the interval when that has two ends, and from -1 to 3 around 1 for a free one.
double draw_near(double start, const Range& range, double u) {
  const bool low = std::isfinite(range.low);
  const bool high = std::isfinite(range.high);
  if (low && high && range.high > range.low) {
    const double width = range.high - range.low;
    const double share = std::clamp((start - range.low) / width, kNearEnd, 1 - kNearEnd);
    // From an end itself (a default of 0 or 1) nothing is near on this scale.
    if (share <= kNearEnd) return range.low + width * u * u / 2;
    if (share >= 1 - kNearEnd) return range.high - width * u * u / 2;
    const double logit = std::log(share / (1 - share)) + kLogit * (2 * u - 1);
    return range.low + width / (1 + std::exp(-logit));
  }
  const double base = low ? start - range.low : start;
  const double offset = low ? range.low : 0;
  if (base > 0) return offset + base * std::pow(kFactor, 2 * u - 1);
  return low ? offset + 2 * u : start + 2 * (2 * u - 1);
}

// The options of a loss that are numbers and that its text leaves open.
std::string drawn_loss(const std::string& text, Random& random) {
  TextForm form = parse_text_form(text);
  const FormSpec& spec = find_loss(form.name).spec;
  const Settings settings = read_settings(spec, form);
  for (const OptionSpec& option : spec.options) {
    if (option.kind != OptionKind::number || settings.given(option.name)) continue;
    double start = 0;
    if (!read_number(settings.word(option.name), start) || !std::isfinite(start)) continue;
    const double value = draw_near(start, option.range, random.uniform());
    if (option.range.contains(value))
      form.options.push_back({.key = option.name, .value = rounded(value)});
  }
  return print_text_form(form);
}

std::string with_lr_factor(const std::string& text, double factor) {
  TextForm form = parse_text_form(text);
  for (TextForm::Option& option : form.options) {
    double lr = 0;
    if (option.key != "lr" || !read_number(option.value, lr)) continue;
    option.value = rounded(lr * factor);
    return print_text_form(form);
  }
  for (const FormSpec& spec : optimizer_forms()) {
    if (spec.name != form.name) continue;
    for (const OptionSpec& option : spec.options) {
      double lr = 0;
      if (option.name != "lr" || !read_number(option.fallback, lr)) continue;
      form.options.push_back({.key = "lr", .value = rounded(lr * factor)});
      return print_text_form(form);
    }
  }
  return text;
}

}  // namespace

ExperimentOptions try_of(const ExperimentOptions& base, int slot, std::uint64_t seed) {
  ExperimentOptions out = base;
  if (slot == 0) return out;
  const auto step = static_cast<std::uint64_t>(slot);
  Random rate(seed, "try learning rate", step);
  Random options(seed, "try loss options", step);
  out.training.optimizer =
      with_lr_factor(base.training.optimizer, std::pow(kFactor, rate.uniform(-1, 1)));
  out.loss = drawn_loss(base.loss, options);
  return out;
}

int rungs_of(Tuning tuning, int tries) {
  if (tuning == Tuning::none || tries < 1) return 0;
  int rungs = 1;
  if (tuning == Tuning::halving)
    for (int left = tries; left > 1; left /= 2) ++rungs;
  return rungs;
}

int slots_of(Tuning tuning, int tries, int rung) {
  return tuning == Tuning::halving ? std::max(1, tries >> rung) : tries;
}

int epochs_of(Tuning tuning, int tries, int rung, int epochs) {
  const int above = rungs_of(tuning, tries) - 1 - rung;
  return std::max(1, epochs >> std::max(0, above));
}

}  // namespace tailgrad
