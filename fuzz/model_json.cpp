#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/metrics/posthoc.h>
#include <tailgrad/models/saved_model.h>

#include "targets.h"

namespace tailgrad::fuzz {

namespace {

// A folder with the weights of a small model for tables.
const std::string& saved_folder() {
  static const std::string path = [] {
    const NumberDataset rows{.path = "rows",
                             .columns = {"p", "q"},
                             .values = {0, 1, 2, 3},
                             .labels = {0, 1},
                             .lines = {1, 2}};
    const ModelDescription about{.task = "table",
                                 .model = "mlp:hidden=4",
                                 .labels = LabelSet({"a", "b"}),
                                 .encoding = NumberEncoding(rows),
                                 .train_counts = {3, 1},
                                 .loss = "ce"};
    const auto model = build_model(about.model, about.task, about.encoding, about.labels, 1);
    save_model(folder().path().string(), *model, about);
    return folder().path().string();
  }();
  return path;
}

}  // namespace

void model_json(Input bytes) {
  const std::string& saved = saved_folder();
  folder().write("model.json", bytes);
  const std::string description = description_json(load_model(saved).about).dump();
  folder().write("model.json", description);
  ensure(description_json(load_model(saved).about).dump() == description, "it is read back");
}

void recipe_json(Input bytes) {
  const nlohmann::json json = nlohmann::json::parse(bytes, nullptr, false);
  const Adjustment adjustment = adjustment_from_json(json);
  ensure(adjustment.scale.size() == adjustment.offset.size(), "a scale has an offset");
}

}  // namespace tailgrad::fuzz
