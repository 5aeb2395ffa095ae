#include <tailgrad/study/train_command.h>

#include <algorithm>
#include <cctype>
#include <string_view>

#include <tailgrad/core/form_spec.h>
#include <tailgrad/data/sampler.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/optim/optimizer_options.h>
#include <tailgrad/study/task_defaults.h>

namespace tailgrad {
namespace {

// Without options at their default.
std::string brief(const FormSpec& spec, const std::string& text) {
  return read_settings(spec, text).text();
}

std::string brief(const std::vector<FormSpec>& specs, const std::string& text) {
  const std::string name = parse_text_form(text).name;
  const auto found =
      std::ranges::find_if(specs, [&](const FormSpec& spec) { return spec.name == name; });
  return found == specs.end() ? text : brief(*found, text);
}

std::string brief_model(const std::string& text) {
  const std::string name = parse_text_form(text).name;
  const auto& models = model_table();
  const auto found = std::ranges::find_if(
      models, [&](const ModelEntry& entry) { return entry.spec.name == name; });
  return found == models.end() ? text : brief(found->spec, text);
}

}  // namespace

std::string shell_word(const std::string& word) {
  const bool plain = !word.empty() && std::ranges::all_of(word, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
           std::string_view("-_=+:,./@%").find(c) != std::string_view::npos;
  });
  if (plain) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string train_options(const ExperimentOptions& options, const std::string& task) {
  ProblemOptions problem;
  ExperimentOptions usual;
  set_task_defaults(
      task, [](std::string_view) { return false; }, problem, usual);
  const FormSpec& loss = find_loss(parse_text_form(options.loss).name).spec;
  std::string text = "--loss " + shell_word(brief(loss, options.loss));
  const auto add = [&text](const char* option, const std::string& value,
                           const std::string& by_itself) {
    if (value != by_itself) text += std::string(" --") + option + " " + shell_word(value);
  };
  const TrainerOptions& training = options.training;
  const std::vector<FormSpec>& optimizers = optimizer_forms();
  add("sampler", brief(sampler_forms(), training.sampler),
      brief(sampler_forms(), usual.training.sampler));
  add("optimizer", brief(optimizers, training.optimizer),
      brief(optimizers, usual.training.optimizer));
  add("model", brief_model(options.model), brief_model(usual.model));
  return text;
}

}  // namespace tailgrad
