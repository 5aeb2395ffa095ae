// What is printed is read back the same: numbers, options, text forms.
#include "property.h"

#include <nlohmann/json.hpp>

#include <tailgrad/cli/toml_options.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/form_spec.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/optim/optimizer_options.h>
#include <tailgrad/optim/schedule.h>

namespace tailgrad::property {
namespace {

PROPERTY(Properties, NumbersAsShortestText) {
  const double value = *any_number();
  double read = 0;
  RC_ASSERT(read_number(shortest_text(value), read));
  RC_ASSERT(std::bit_cast<std::uint64_t>(read) == std::bit_cast<std::uint64_t>(value));
}

// result.json and history.jsonl: infinities are no JSON numbers.
PROPERTY(Properties, NumbersInJson) {
  const double value = *any_number();
  RC_PRE(value - value == 0);
  const double read = nlohmann::json::parse(nlohmann::json(value).dump()).get<double>();
  RC_ASSERT(std::bit_cast<std::uint64_t>(read) == std::bit_cast<std::uint64_t>(value));
}

const std::vector<std::string> kAnyText = {"a",  "\"", "\\", "#",  "=", ",", "[",    "]",   "\n",
                                           "\t", "'",  "é",  "汉", " ", "1", "\x7f", "\x01"};

// An empty value is an argument of its own: "--x=" would be an option without value.
void add_option(std::vector<std::string>& arguments, const std::string& name,
                const std::string& value) {
  arguments.push_back(value.empty() ? name : name + "=" + value);
  if (value.empty()) arguments.emplace_back();
}

// config.toml of a run holds its strings as JSON writes them.
PROPERTY(Properties, StringsInToml) {
  const std::string value = *text_of(kAnyText);
  const std::string text =
      "first = 1\nx-y = " + nlohmann::json(value).dump() + " # why\nlast = true";
  std::vector<std::string> want = {"--first=1"};
  add_option(want, "--x-y", value);
  want.emplace_back("--last=true");
  RC_ASSERT(cli::toml_options(text, "written") == want);
}

PROPERTY(Properties, ListsInToml) {
  const auto values =
      *rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(text_of(kAnyText)));
  std::vector<std::string> want;
  for (const std::string& value : values) add_option(want, "--x", value);
  RC_ASSERT(cli::toml_options("x = " + nlohmann::json(values).dump() + "\n", "written") == want);
}

PROPERTY(Properties, TextForms) {
  const rc::Gen<std::string> name =
      rc::gen::map(text_of({"a", "B", "7", "-", "_", "+"}), [](std::string s) { return "n" + s; });
  const rc::Gen<std::string> value =
      rc::gen::map(text_of({"0.5", "/", "=", ":", "é", "\"", " ", "x"}),
                   [](std::string s) { return "v" + s + "v"; });
  TextForm form{.name = *name};
  for (int i = index(0, 5); i > 0; --i)
    form.options.push_back({.key = *name + std::to_string(i), .value = *value});
  const TextForm read = parse_text_form(print_text_form(form));
  RC_ASSERT(read.name == form.name);
  RC_ASSERT(read.options.size() == form.options.size());
  for (std::size_t i = 0; i < form.options.size(); ++i) {
    RC_ASSERT(read.options[i].key == form.options[i].key);
    RC_ASSERT(read.options[i].value == form.options[i].value);
  }
}

std::string random_value(const OptionSpec& option) {
  if (!option.words.empty() && (option.kind == OptionKind::word || index(0, 3) == 0))
    return *rc::gen::elementOf(option.words);
  const auto number = [&]() -> std::string {
    const double low = std::max(option.range.low, -30.0), high = std::min(option.range.high, 30.0);
    return shortest_text(low + (high - low) * index(1, 100000) / 100003.0);
  };
  switch (option.kind) {
    case OptionKind::number:
      return number();
    case OptionKind::integer:
      return std::to_string(index(1, 40));
    case OptionKind::flag:
      return *rc::gen::element<std::string>("true", "false");
    case OptionKind::numbers:
      return number() + "/" + number() + "/" + number();
    default:
      return "x";
  }
}

// A random form of one of the specs: each option given or left out.
std::string random_form(const FormSpec& spec) {
  TextForm form{.name = spec.name};
  for (const OptionSpec& option : spec.options)
    if (option.fallback.empty() || index(0, 2) == 0) {
      const std::string value = random_value(option);
      if (!value.empty()) form.options.push_back({.key = option.name, .value = value});
    }
  return print_text_form(form);
}

// read(form) is the canonical text; forms whose options do not go together are left out.
template <class Read>
void canonical_text_is_read_back(const FormSpec& spec, Read read) {
  const std::string form = random_form(spec);
  std::string text;
  try {
    text = read(form);
  } catch (const Error&) {
    RC_DISCARD("options that do not go together");
  }
  RC_LOG() << form << "\n";
  RC_ASSERT(read(text) == text);
}

PROPERTY(Properties, LossForms) {
  const LossEntry entry =
      loss_table()[static_cast<std::size_t>(index(0, static_cast<int>(loss_table().size())))];
  const ClassCounts counts(std::vector<double>{900, 70, 30});
  canonical_text_is_read_back(
      entry.spec, [&](const std::string& form) { return make_loss(form, counts)->text(); });
}

PROPERTY(Properties, ModelForms) {
  const ModelEntry entry =
      model_table()[static_cast<std::size_t>(index(0, static_cast<int>(model_table().size())))];
  canonical_text_is_read_back(entry.spec, [](const std::string& form) { return model_text(form); });
}

PROPERTY(Properties, OptimizerForms) {
  const FormSpec spec = optimizer_forms()[static_cast<std::size_t>(
      index(0, static_cast<int>(optimizer_forms().size())))];
  canonical_text_is_read_back(
      spec, [](const std::string& form) { return optimizer_text(read_optimizer(form)); });
}

}  // namespace
}  // namespace tailgrad::property
