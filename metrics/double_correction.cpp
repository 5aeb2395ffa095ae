#include <tailgrad/metrics/double_correction.h>

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <tailgrad/core/text_form.h>

namespace tailgrad {
namespace {

constexpr std::string_view kWeights = "class weights";
constexpr std::string_view kPriorLoss = "prior inside the loss";

// What a kind of loss does about the class prior; every other loss does nothing that adds up.
struct LossEffect {
  std::string_view name;
  std::string_view effect;
};
constexpr std::array kLossEffects = {
    LossEffect{"la", kPriorLoss},       LossEffect{"balanced-softmax", kPriorLoss},
    LossEffect{"pairwise", kPriorLoss}, LossEffect{"equalised", kPriorLoss},
    LossEffect{"lade", kPriorLoss},     LossEffect{"vs", kPriorLoss},
    LossEffect{"seesaw", kPriorLoss},   LossEffect{"eql", kPriorLoss},
    LossEffect{"wce", kWeights},        LossEffect{"cb", kWeights},
    LossEffect{"drw", kWeights},
};

std::string option(const TextForm& form, std::string_view key) {
  for (const TextForm::Option& given : form.options) {
    if (given.key == key) return given.value;
  }
  return {};
}

bool is_zero(const std::string& text) {
  double value = 1;
  return read_number(text, value) && value == 0;
}

std::vector<std::string_view> effects_of_loss(const TextForm& form) {
  std::vector<std::string_view> effects;
  for (const LossEffect& row : kLossEffects) {
    if (row.name == form.name && !is_zero(option(form, "tau"))) effects.push_back(row.effect);
  }
  // Other losses may take class weights as an option: crf:weights=inverse, focal:weights=...
  const std::string weights = option(form, "weights");
  const bool weighted = !weights.empty() && weights != "none";
  if (weighted && (effects.empty() || effects.front() != kWeights)) effects.push_back(kWeights);
  if (effects.empty() && form.name == "crf" && !option(form, "tau").empty() &&
      !is_zero(option(form, "tau"))) {
    effects.push_back(kPriorLoss);
  }
  return effects;
}

bool sampler_corrects(const TextForm& form) {
  return form.name == "class-balanced" || form.name == "square-root" || form.name == "progressive";
}

bool adjustment_corrects(const TextForm& form) {
  if (form.name != "la" && form.name != "prior" && form.name != "tau-norm") return false;
  const std::string tau = option(form, "tau");
  return tau != "tuned" && !is_zero(tau);
}

}  // namespace

std::vector<std::string> double_corrections(const Corrections& corrections) {
  struct Part {
    std::string text;
    std::string_view effect;
  };
  std::vector<Part> parts;
  if (!corrections.loss.empty()) {
    for (const std::string_view effect : effects_of_loss(parse_text_form(corrections.loss))) {
      parts.push_back({"the loss " + corrections.loss, effect});
    }
  }
  if (!corrections.sampler.empty() && sampler_corrects(parse_text_form(corrections.sampler))) {
    parts.push_back({"the sampler " + corrections.sampler, "sampling"});
  }
  if (!corrections.adjustment.empty() &&
      adjustment_corrects(parse_text_form(corrections.adjustment))) {
    parts.push_back({"the adjustment " + corrections.adjustment, "post-hoc adjustment"});
  }

  std::vector<std::string> warnings;
  for (std::size_t a = 0; a < parts.size(); ++a) {
    for (std::size_t b = a + 1; b < parts.size(); ++b) {
      const std::string who = parts[a].text == parts[b].text
                                  ? parts[a].text
                                  : fmt::format("{} and {}", parts[a].text, parts[b].text);
      warnings.push_back(fmt::format(
          "double correction: {} both take the class prior out ({} and {}), which overshoots "
          "towards rare classes; drop one, or choose tau on dev data",
          who, parts[a].effect, parts[b].effect));
    }
  }
  return warnings;
}

}  // namespace tailgrad
