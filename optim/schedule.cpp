#include <tailgrad/optim/schedule.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

OptionSpec warmup_option() {
  return {.name = "warmup",
          .fallback = "0",
          .range = Range::between(0, 1),
          .meaning = "share of the updates during which the factor climbs linearly to 1",
          .source = "Goyal et al. 2017, section 2.2"};
}

// ceil(share * total), where a share such as 0.1 of 30 must not become 4 by rounding.
double whole_part(double share, std::uint64_t total) {
  const double exact = share * static_cast<double>(total);
  const double nearest = std::round(exact);
  return std::abs(exact - nearest) < 1e-9 * std::max(1.0, nearest) ? nearest : std::ceil(exact);
}

Settings read_schedule(std::string_view text) {
  const TextForm form = parse_text_form(text);
  const std::vector<FormSpec>& forms = schedule_forms();
  const auto spec = std::ranges::find(forms, form.name, &FormSpec::name);
  if (spec == forms.end()) {
    std::vector<std::string> names;
    for (const FormSpec& known : forms) names.push_back(known.name);
    fail_unknown_name("schedule", form.name, names);
  }
  return read_settings(*spec, form);
}

}  // namespace

const std::vector<FormSpec>& schedule_forms() {
  static const std::vector<FormSpec> forms = {
      {.name = "constant",
       .meaning = "the learning rate as given, after an optional warm-up",
       .formula = "t < W: (t + 1) / W; then 1",
       .options = {warmup_option()}},
      {.name = "linear",
       .meaning = "linear warm-up, then linear decay to 0 at the end of the run",
       .formula = "t < W: (t + 1) / W; then 1 - (t - W) / (T - W)",
       .source = "Devlin et al. 2019, appendix A.2",
       .options = {warmup_option()}},
      {.name = "cosine",
       .meaning = "linear warm-up, then half a cosine down to 0 at the end of the run",
       .formula = "t < W: (t + 1) / W; then (1 + cos(pi (t - W) / (T - W))) / 2",
       .source = "Loshchilov and Hutter 2017, eq. 5 (one period)",
       .options = {warmup_option()}},
      {.name = "step",
       .meaning = "multiplied by a factor at each milestone, after an optional warm-up",
       .formula = "t < W: (t + 1) / W; then factor^(number of milestones m with t >= ceil(m T))",
       .source = "He et al. 2016, section 4.2",
       .options = {{.name = "milestones",
                    .kind = OptionKind::numbers,
                    .fallback = "0.5/0.75",
                    .range = Range::between(0, 1),
                    .meaning = "shares of the run after which the rate falls"},
                   {.name = "factor",
                    .fallback = "0.1",
                    .range = {.low = 0, .high = 1, .low_open = true},
                    .meaning = "what the rate is multiplied by at a milestone"},
                   warmup_option()}},
  };
  return forms;
}

Schedule::Schedule(std::string_view text) {
  const Settings settings = read_schedule(text);
  const std::string& name = settings.name();
  kind_ = name == "linear"   ? Kind::linear
          : name == "cosine" ? Kind::cosine
          : name == "step"   ? Kind::step
                             : Kind::constant;
  warmup_ = settings.number("warmup");
  if (kind_ == Kind::step) {
    milestones_ = settings.numbers("milestones");
    factor_ = settings.number("factor");
  }
  text_ = settings.full_text();
}

double Schedule::factor(std::uint64_t t, std::uint64_t total) const {
  const auto at = static_cast<double>(t);
  const auto end = static_cast<double>(total);
  const double warm = whole_part(warmup_, total);
  if (at < warm) return (at + 1) / warm;
  const double u = std::min(1.0, (at - warm) / std::max(1.0, end - warm));
  switch (kind_) {
    case Kind::constant:
      break;
    case Kind::linear:
      return 1 - u;
    case Kind::cosine:
      return (1 + std::cos(std::numbers::pi * u)) / 2;
    case Kind::step: {
      const auto passed = std::ranges::count_if(
          milestones_, [&](double milestone) { return at >= whole_part(milestone, total); });
      return std::pow(factor_, static_cast<double>(passed));
    }
  }
  return 1;
}

}  // namespace tailgrad
