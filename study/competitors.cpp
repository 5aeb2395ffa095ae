#include <tailgrad/study/competitors.h>

#include <tailgrad/core/error.h>
#include <tailgrad/losses/table.h>

namespace tailgrad {
namespace {

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

std::vector<std::string> parts(const std::string& option, const std::string& list) {
  std::vector<std::string> out;
  if (trimmed(list).empty()) return out;
  for (std::size_t begin = 0;;) {
    const std::size_t end = list.find(';', begin);
    const std::string part = trimmed(list.substr(begin, end - begin));
    if (!part.empty()) out.push_back(part);
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  if (out.empty()) fail(option, "names nothing: '" + list + "'");
  return out;
}

struct NamedLoss {
  std::string name;
  std::string loss;
  std::string sampler;  // empty: that of the base
};

NamedLoss read_loss(const std::string& text) {
  const std::size_t at = text.find('@');
  if (at == std::string::npos) return {.name = text, .loss = text, .sampler = ""};
  NamedLoss out{
      .name = text, .loss = trimmed(text.substr(0, at)), .sampler = trimmed(text.substr(at + 1))};
  if (out.loss.empty() || out.sampler.empty())
    fail("--losses", "'" + text + "' needs a loss before the @ and a sampler after it");
  return out;
}

// The message of an error in few words: without the list of what is known.
std::string brief(const Error& error) {
  const std::string text = error.what();
  return text.substr(0, text.find("(called from "));
}

std::vector<NamedLoss> all_losses(const ExperimentOptions& base, const Problem& problem,
                                  std::vector<std::string>& notes) {
  std::vector<NamedLoss> out;
  std::string left_out;
  for (const LossEntry& entry : loss_table()) {
    ExperimentOptions one = base;
    one.loss = entry.spec.name;
    const bool has_mode = std::ranges::any_of(
        entry.spec.options, [](const OptionSpec& option) { return option.name == "mode"; });
    if (problem.several_labels() && has_mode) one.loss += ":mode=sigmoid";
    try {
      check_fit(problem, one);
      out.push_back({.name = one.loss, .loss = one.loss, .sampler = ""});
    } catch (const Error& error) {
      left_out += (left_out.empty() ? "" : "; ") + entry.spec.name + " (" + brief(error) + ")";
    }
  }
  if (!left_out.empty()) notes.push_back("losses left out of 'all': " + left_out);
  return out;
}

}  // namespace

std::vector<Competitor> competitors_of(const CompetitorOptions& options,
                                       const ExperimentOptions& base, const Problem& problem,
                                       std::vector<std::string>& notes) {
  std::vector<NamedLoss> losses;
  for (const std::string& text : parts("--losses", options.losses)) {
    if (text == "all") {
      for (NamedLoss& loss : all_losses(base, problem, notes)) losses.push_back(std::move(loss));
    } else {
      losses.push_back(read_loss(text));
    }
  }
  const auto or_base = [](std::vector<std::string> list, const std::string& from_base) {
    if (list.empty()) list.push_back(from_base);
    return list;
  };
  const auto samplers = or_base(parts("--samplers", options.samplers), base.training.sampler);
  const auto optimizers =
      or_base(parts("--optimizers", options.optimizers), base.training.optimizer);
  const auto models = or_base(parts("--models", options.models), base.model);
  std::vector<Competitor> out;
  for (const std::string& model : models)
    for (const std::string& optimizer : optimizers)
      for (const std::string& sampler : samplers)
        for (const NamedLoss& loss : losses) {
          if (!loss.sampler.empty() && sampler != samplers.front()) continue;
          Competitor one{.name = loss.name, .experiment = base};
          one.experiment.loss = loss.loss;
          one.experiment.model = model;
          one.experiment.training.optimizer = optimizer;
          one.experiment.training.sampler = loss.sampler.empty() ? sampler : loss.sampler;
          if (loss.sampler.empty() && samplers.size() > 1 && sampler != "instance")
            one.name += "@" + sampler;
          if (optimizers.size() > 1) one.name += ", " + optimizer;
          if (models.size() > 1) one.name += ", " + model;
          out.push_back(std::move(one));
        }
  if (out.empty()) fail("--losses", "needs at least one loss");
  return out;
}

}  // namespace tailgrad
