#include <tailgrad/models/saved_model.h>

#include <limits>
#include <span>

#include <nlohmann/json.hpp>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/json_counts.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/nn/value_budget.h>
#include <tailgrad/nn/weights.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

constexpr int kFormat = 1;  // raised when a reader of old files would go wrong

InputEncoding encoding_from(const nlohmann::json& saved, const std::string& task) {
  if (task == "table") return NumberEncoding(saved);
  if (task == "tags") return SentenceEncoding(saved);
  if (task == "image") return ImageEncoding(saved);
  return TextEncoding(saved);
}

ModelDescription description_from(const nlohmann::json& saved) {
  const std::string task = saved.at("task");
  return {.task = task,
          .model = saved.at("model"),
          .labels = LabelSet(saved.at("labels").get<std::vector<std::string>>()),
          .encoding = encoding_from(saved.at("encoding"), task),
          .train_counts = counts_at(saved, "train_counts"),
          .loss = saved.at("loss")};
}

ModelDescription description_at(const std::string& path) {
  const std::string text = read_text(path);
  std::string fault;
  try {
    const auto saved = nlohmann::json::parse(text);
    if (saved.at("format") == kFormat) return description_from(saved);
    fault = "written by another version of tailgrad: format " + saved.at("format").dump() +
            ", this one reads " + std::to_string(kFormat);
  } catch (const nlohmann::json::exception& error) {
    fault = std::string("not a model description of tailgrad: ") + error.what();
  } catch (const Error& error) {
    fault = std::string("not a model description of tailgrad: ") + error.what();
  }
  fail_at(path, 0, 0, fault);
}

}  // namespace

std::unique_ptr<Model> build_model(const std::string& text, const std::string& task,
                                   const InputEncoding& encoding, const LabelSet& labels,
                                   std::uint64_t seed) {
  ModelSetup setup{.classes = labels.size(), .seed = seed};
  if (const auto* texts = std::get_if<TextEncoding>(&encoding)) {
    setup.vocabulary = texts->vocabulary().size();
    setup.max_tokens = texts->options().max_tokens;
    if (texts->of_pairs()) {
      constexpr Index kMostTokens = std::numeric_limits<Index>::max() / 2;
      if (setup.max_tokens > kMostTokens)
        fail("--max-tokens", "of pairs of texts is at most " + std::to_string(kMostTokens));
      setup.max_tokens *= 2;
      setup.token_kinds = kTokenKinds;
    }
  } else if (const auto* sentences = std::get_if<SentenceEncoding>(&encoding)) {
    const WordFormEncoding& words = sentences->words();
    setup.vocabulary = words.words().size();
    setup.max_tokens = sentences->options().max_tokens;
    setup.shapes = words.shapes().size();
    setup.affixes = words.options().affix_buckets;
    setup.characters = words.character_count();
    if (sentences->scheme() != TagScheme::none) {
      const TagSet tags(labels, sentences->scheme());
      setup.allowed_transitions.assign(tags.transition_mask().begin(),
                                       tags.transition_mask().end());
    }
  } else if (const auto* images = std::get_if<ImageEncoding>(&encoding)) {
    setup.height = images->height();
    setup.width = images->width();
    setup.channels = images->channels();
  } else {
    setup.features = static_cast<Index>(std::get<NumberEncoding>(encoding).columns().size());
  }
  return make_model(text, task, setup);
}

nlohmann::ordered_json description_json(const ModelDescription& about) {
  return {{"format", kFormat},
          {"task", about.task},
          {"model", about.model},
          {"loss", about.loss},
          {"labels",
           std::vector<std::string>(about.labels.names().begin(), about.labels.names().end())},
          {"train_counts", about.train_counts},
          {"encoding",
           std::visit([](const auto& encoding) { return encoding.json(); }, about.encoding)}};
}

void save_model(const std::string& folder, const Model& model, const ModelDescription& about) {
  save_weights(model, folder + "/model.safetensors");
  write_file(folder + "/model.json", description_json(about).dump(1) + "\n");
}

SavedModel load_model(const std::string& folder) {
  SavedModel loaded{.about = description_at(folder + "/model.json"), .model = nullptr};
  const Safetensors weights = Safetensors::read(folder + "/model.safetensors");
  // Room for a model that merely does not fit: what differs is then said tensor by tensor.
  std::size_t most = std::size_t{1} << 20;
  for (const StoredTensor& tensor : weights.tensors()) most += 4 * tensor.size();
  const ValueBudget budget(most);
  const ModelDescription& about = loaded.about;
  loaded.model = build_model(about.model, about.task, about.encoding, about.labels, 1);
  read_tensors(weights, loaded.model->named_state());
  return loaded;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
