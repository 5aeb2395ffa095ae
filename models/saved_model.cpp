#include <tailgrad/models/saved_model.h>

#include <span>

#include <nlohmann/json.hpp>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/nn/weights.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

constexpr int kFormat = 1;  // raised when a reader of old files would go wrong

InputEncoding encoding_from(const nlohmann::json& saved, const std::string& task) {
  if (task == "table") return NumberEncoding(saved);
  return TextEncoding(saved);
}

}  // namespace

std::unique_ptr<Model> build_model(const std::string& text, const std::string& task,
                                   const InputEncoding& encoding, Index classes,
                                   std::uint64_t seed) {
  ModelSetup setup{.classes = classes, .seed = seed};
  if (const auto* texts = std::get_if<TextEncoding>(&encoding)) {
    setup.vocabulary = texts->vocabulary().size();
    setup.max_tokens = texts->options().max_tokens;
  } else {
    setup.features = static_cast<Index>(std::get<NumberEncoding>(encoding).columns().size());
  }
  return make_model(text, task, setup);
}

void save_model(const std::string& folder, const Model& model, const ModelDescription& about) {
  const nlohmann::ordered_json description = {
      {"format", kFormat},
      {"task", about.task},
      {"model", about.model},
      {"loss", about.loss},
      {"labels",
       std::vector<std::string>(about.labels.names().begin(), about.labels.names().end())},
      {"train_counts", about.train_counts},
      {"encoding",
       std::visit([](const auto& encoding) { return encoding.json(); }, about.encoding)}};
  save_weights(model, folder + "/model.safetensors");
  write_file(folder + "/model.json", description.dump(1) + "\n");
}

SavedModel load_model(const std::string& folder) {
  const std::string path = folder + "/model.json";
  const std::vector<std::byte> bytes = read_file(path);
  try {
    const auto saved = nlohmann::json::parse(
        std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
    if (saved.at("format") != kFormat)
      fail_at(path, 0, 0,
              "written by another version of tailgrad: format " + saved.at("format").dump() +
                  ", this one reads " + std::to_string(kFormat));
    const std::string task = saved.at("task");
    SavedModel loaded{
        .about = {.task = task,
                  .model = saved.at("model"),
                  .labels = LabelSet(saved.at("labels").get<std::vector<std::string>>()),
                  .encoding = encoding_from(saved.at("encoding"), task),
                  .train_counts = saved.at("train_counts").get<std::vector<std::int64_t>>(),
                  .loss = saved.at("loss")},
        .model = nullptr};
    loaded.model =
        build_model(loaded.about.model, task, loaded.about.encoding, loaded.about.labels.size(), 1);
    load_weights(*loaded.model, folder + "/model.safetensors");
    return loaded;
  } catch (const nlohmann::json::exception& error) {
    fail_at(path, 0, 0, std::string("not a model description of tailgrad: ") + error.what());
  }
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
