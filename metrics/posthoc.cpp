#include <tailgrad/metrics/posthoc.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/class_prior.h>
#include <tailgrad/core/error.h>
#include <tailgrad/metrics/multilabel.h>
#include <tailgrad/metrics/report.h>
#include <tailgrad/metrics/tune_thresholds.h>

namespace tailgrad {
namespace {

constexpr double kLowestTemperature = 0.01;
constexpr double kHighestTemperature = 100;

struct KeptItems {
  std::vector<double> logits;
  std::vector<Index> labels;
};

// The dev items that count. Throws when there are none to tune on.
KeptItems dev_items(const AdjustmentData& data, std::string_view name) {
  const std::string what = fmt::format("{} (tuned on dev)", name);
  if (!data.targets.empty()) {
    fail(what, "needs one label an item; for multi-label targets use threshold");
  }
  check_matrix(data.logits, data.labels.size(), data.classes, "logits");
  check_labels(data.labels, data.classes, data.ignored);
  const std::size_t width = static_cast<std::size_t>(data.classes);
  KeptItems kept;
  for (std::size_t i = 0; i < data.labels.size(); ++i) {
    if (data.ignored && data.labels[i] == *data.ignored) continue;
    kept.labels.push_back(data.labels[i]);
    const std::span<const double> row = data.logits.subspan(i * width, width);
    kept.logits.insert(kept.logits.end(), row.begin(), row.end());
  }
  if (kept.labels.empty()) fail(what, "needs at least one dev item with a label; got none");
  return kept;
}

void check_positive(std::span<const double> values, Index classes, std::string_view what) {
  if (values.size() != static_cast<std::size_t>(classes)) {
    fail(what, fmt::format("needs one number for each of the {} classes; got {}", classes,
                           values.size()));
  }
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (!(values[k] > 0 && std::isfinite(values[k]))) {
      fail(what, fmt::format("class {} must be a number > 0; got {}", k, values[k]));
    }
  }
}

ClassPrior train_prior(const AdjustmentData& data, std::string_view name) {
  if (data.train_counts.empty()) fail(name, "needs the training counts of all classes; got none");
  check_train_counts(data.train_counts, data.classes);
  return class_prior(data.train_counts, "train counts");
}

std::vector<double> apply(std::span<const double> logits, std::span<const double> scale,
                          std::span<const double> offset) {
  const std::size_t width = scale.size();
  std::vector<double> out(logits.size());
  for (std::size_t e = 0; e < logits.size(); ++e) {
    out[e] = scale[e % width] * logits[e] + offset[e % width];
  }
  return out;
}

// The hundredth in [0, high] at which the metric on dev is best. `shape(tau, adjustment)` fills
// scale and offset.
template <class ShapeOf>
double tune_tau(const AdjustmentData& data, std::string_view name, int high_hundredths,
                ShapeOf shape) {
  const KeptItems dev = dev_items(data, name);
  const double sign = higher_is_better(data.metric) ? 1 : -1;
  const MetricsContext context{.train_counts = data.train_counts};
  double best = 0;
  int chosen = -1;
  const auto attempt = [&](int hundredths) {
    Adjustment adjustment;
    shape(hundredths / 100.0, adjustment);
    const std::vector<double> logits = apply(dev.logits, adjustment.scale, adjustment.offset);
    const std::optional<double> value = scalar_metric(
        compute_metrics(predictions_from_logits(logits, dev.labels, data.classes), context),
        data.metric);
    if (!value) {
      fail(name,
           fmt::format("{} is not available on the dev items; choose another metric", data.metric));
    }
    const int far = std::abs(hundredths - 100);
    const int chosen_far = std::abs(chosen - 100);
    const bool closer = far < chosen_far || (far == chosen_far && hundredths < chosen);
    if (chosen < 0 || sign * *value > best || (sign * *value == best && closer)) {
      best = sign * *value;
      chosen = hundredths;
    }
  };
  for (int t = 0; t <= high_hundredths; t += 10) attempt(t);
  const int middle = chosen;
  for (int t = std::max(0, middle - 9); t <= std::min(high_hundredths, middle + 9); ++t) attempt(t);
  return chosen / 100.0;
}

// d/db of the mean of logsumexp(b z) - b z_y at b = 1/T: the expected logit minus the true one.
double nll_slope(const KeptItems& dev, std::size_t width, double b) {
  double sum = 0;
  for (std::size_t i = 0; i < dev.labels.size(); ++i) {
    const std::span<const double> z = std::span(dev.logits).subspan(i * width, width);
    const double top = *std::max_element(z.begin(), z.end());
    double mass = 0;
    double expected = 0;
    for (const double value : z) {
      const double e = std::exp(b * (value - top));
      mass += e;
      expected += e * value;
    }
    sum += expected / mass - z[static_cast<std::size_t>(dev.labels[i])];
  }
  return sum;
}

double fit_temperature(const KeptItems& dev, std::size_t width,
                       std::vector<std::string>& warnings) {
  double low = std::log(1 / kHighestTemperature);  // of b = 1/T
  double high = std::log(1 / kLowestTemperature);
  if (nll_slope(dev, width, std::exp(low)) >= 0) {
    warnings.push_back(fmt::format(
        "dev prefers a temperature of at least {}: the logits tell nothing about the labels",
        kHighestTemperature));
    return kHighestTemperature;
  }
  if (nll_slope(dev, width, std::exp(high)) <= 0) {
    warnings.push_back(
        fmt::format("dev prefers a temperature of at most {}: every dev item is right by a margin",
                    kLowestTemperature));
    return kLowestTemperature;
  }
  for (int step = 0; step < 80; ++step) {
    const double middle = (low + high) / 2;
    (nll_slope(dev, width, std::exp(middle)) < 0 ? low : high) = middle;
  }
  return std::exp(-(low + high) / 2);
}

Adjustment identity(Index classes) {
  const std::size_t width = static_cast<std::size_t>(classes);
  return {.scale = std::vector<double>(width, 1), .offset = std::vector<double>(width, 0)};
}

Adjustment fit_la(const Settings& settings, const AdjustmentData& data) {
  const ClassPrior prior = train_prior(data, "la");
  const auto shape = [&](double tau, Adjustment& out) {
    out.scale.assign(prior.prior.size(), 1);
    out.offset.clear();
    for (const double log_prior : prior.log_prior) out.offset.push_back(-tau * log_prior);
  };
  const double tau =
      settings.is("tau", "tuned") ? tune_tau(data, "la", 400, shape) : settings.number("tau");
  Adjustment out{.recipe = fmt::format("la:tau={}", shortest_text(tau))};
  shape(tau, out);
  if (prior.smoothed) out.warnings.push_back(prior.warning);
  return out;
}

Adjustment fit_prior(const Settings& settings, const AdjustmentData& data) {
  const ClassPrior prior = train_prior(data, "prior");
  std::vector<double> target(prior.prior.size(), 1);
  if (!settings.is("target", "uniform")) {
    check_positive(data.target_prior, data.classes, "prior: target");
    target.assign(data.target_prior.begin(), data.target_prior.end());
  }
  double total = 0;
  for (const double value : target) total += value;
  Adjustment out = identity(data.classes);
  out.recipe = settings.full_text();
  for (std::size_t k = 0; k < target.size(); ++k) {
    out.offset[k] = std::log(target[k] / total) - prior.log_prior[k];
  }
  if (prior.smoothed) out.warnings.push_back(prior.warning);
  return out;
}

Adjustment fit_temperature_form(const Settings& settings, const AdjustmentData& data) {
  Adjustment out = identity(data.classes);
  double temperature = 0;
  if (settings.is("value", "tuned")) {
    temperature = fit_temperature(dev_items(data, "temperature"), out.scale.size(), out.warnings);
  } else {
    temperature = settings.number("value");
  }
  std::ranges::fill(out.scale, 1 / temperature);
  out.recipe = fmt::format("temperature:value={}", shortest_text(temperature));
  return out;
}

Adjustment fit_threshold(const Settings& settings, const AdjustmentData& data) {
  const bool multilabel = !data.targets.empty();
  const std::size_t width = static_cast<std::size_t>(data.classes);
  Adjustment out = identity(data.classes);
  std::vector<double> thresholds;
  if (!settings.is("values", "tuned")) {
    thresholds = settings.numbers("values");
  } else if (multilabel) {
    if (!data.labels.empty()) fail("threshold", "needs labels or multi-label targets, not both");
    thresholds = tune_probability_thresholds(data.logits, data.targets, data.classes, data.metric);
  } else {
    const KeptItems dev = dev_items(data, "threshold");
    thresholds = tune_offsets(dev.logits, dev.labels, data.classes, data.metric);
    const OutcomeCounts counts = count_classes(dev.labels, dev.labels, data.classes);
    const auto empty = std::ranges::count(counts.support, 0);
    if (empty > 0) {
      out.warnings.push_back(fmt::format("{} of {} classes have no dev item and keep threshold 0",
                                         empty, data.classes));
    }
  }
  if (thresholds.size() != width) {
    fail("threshold", fmt::format("values: needs one for each of the {} classes; got {}",
                                  data.classes, thresholds.size()));
  }
  std::vector<std::string> texts;
  for (std::size_t k = 0; k < width; ++k) {
    const double t = thresholds[k];
    if (multilabel && !(t > 0 && t < 1)) {
      fail("threshold",
           fmt::format("values: class {} must be a probability in (0, 1); got {}", k, t));
    }
    out.offset[k] = multilabel ? std::log1p(-t) - std::log(t) : -t;
    texts.push_back(shortest_text(t));
  }
  out.recipe = fmt::format("threshold:values={}", fmt::join(texts, "/"));
  return out;
}

Adjustment fit_tau_norm(const Settings& settings, const AdjustmentData& data) {
  check_positive(data.weight_norms, data.classes, "tau-norm: weight norms");
  const auto shape = [&](double tau, Adjustment& out) {
    out.scale.clear();
    out.offset.assign(data.weight_norms.size(), 0);
    for (const double norm : data.weight_norms) out.scale.push_back(std::pow(norm, -tau));
  };
  const double tau =
      settings.is("tau", "tuned") ? tune_tau(data, "tau-norm", 200, shape) : settings.number("tau");
  Adjustment out{.recipe = fmt::format("tau-norm:weights={},tau={}", settings.word("weights"),
                                       shortest_text(tau))};
  shape(tau, out);
  return out;
}

std::vector<double> numbers_of(const nlohmann::json& json, const char* key) {
  if (!json.contains(key) || !json[key].is_array()) {
    fail("adjustment recipe", fmt::format("needs a list of numbers \"{}\"", key));
  }
  std::vector<double> out;
  for (const auto& value : json[key]) {
    if (!value.is_number()) {
      fail("adjustment recipe", fmt::format("\"{}\" must hold numbers; got {}", key, value.dump()));
    }
    out.push_back(value.get<double>());
  }
  return out;
}

}  // namespace

Adjustment fit_adjustment(std::string_view text, const AdjustmentData& data) {
  const TextForm form = parse_text_form(text);
  const Settings settings = read_settings(adjustment_spec(form.name), form);
  if (data.classes < 1) {
    fail(form.name, fmt::format("needs at least one class; got {}", data.classes));
  }
  if (form.name == "la") return fit_la(settings, data);
  if (form.name == "prior") return fit_prior(settings, data);
  if (form.name == "temperature") return fit_temperature_form(settings, data);
  if (form.name == "threshold") return fit_threshold(settings, data);
  return fit_tau_norm(settings, data);
}

std::vector<double> apply_adjustment(const Adjustment& adjustment, std::span<const double> logits) {
  const std::size_t width = adjustment.scale.size();
  if (width == 0 || adjustment.offset.size() != width || logits.size() % width != 0) {
    fail("adjustment",
         fmt::format("is made for rows of {} classes; got {} logits", width, logits.size()));
  }
  check_matrix(logits, logits.size() / width, static_cast<Index>(width), "logits");
  return apply(logits, adjustment.scale, adjustment.offset);
}

nlohmann::json adjustment_json(const Adjustment& adjustment) {
  return {{"recipe", adjustment.recipe},
          {"scale", adjustment.scale},
          {"offset", adjustment.offset},
          {"warnings", adjustment.warnings}};
}

Adjustment adjustment_from_json(const nlohmann::json& json) {
  if (!json.is_object() || !json.contains("recipe") || !json["recipe"].is_string()) {
    fail("adjustment recipe", "needs an object with a text \"recipe\"");
  }
  Adjustment out{.recipe = json["recipe"].get<std::string>(),
                 .scale = numbers_of(json, "scale"),
                 .offset = numbers_of(json, "offset")};
  if (out.scale.empty() || out.scale.size() != out.offset.size()) {
    fail("adjustment recipe", fmt::format("needs as many scales as offsets; got {} and {}",
                                          out.scale.size(), out.offset.size()));
  }
  return out;
}

std::vector<double> row_norms(std::span<const double> weights, Index classes) {
  if (classes < 1 || weights.empty() || weights.size() % static_cast<std::size_t>(classes) != 0) {
    fail("weights", fmt::format("needs a [classes, features] matrix of {} classes; got {} numbers",
                                classes, weights.size()));
  }
  const std::size_t features = weights.size() / static_cast<std::size_t>(classes);
  check_matrix(weights, static_cast<std::size_t>(classes), static_cast<Index>(features), "weights");
  std::vector<double> norms;
  for (std::size_t k = 0; k < static_cast<std::size_t>(classes); ++k) {
    double sum = 0;
    for (const double w : weights.subspan(k * features, features)) sum += w * w;
    norms.push_back(std::sqrt(sum));
  }
  return norms;
}

}  // namespace tailgrad
