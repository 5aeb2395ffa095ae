#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/safetensors.h>
#include <tailgrad/metrics/posthoc.h>
#include <tailgrad/models/saved_model.h>

#include "targets.h"

namespace tailgrad::fuzz {

// Beside the weights of no model: what they hold bounds what model.json may ask for.
void model_json(Input bytes) {
  static const std::string saved = [] {
    const std::vector<float> weights(64);
    const StoredTensor tensor = stored("out.weight", {8, 8}, std::span(weights));
    write_safetensors(folder().at("model.safetensors"), {&tensor, 1});
    return folder().path().string();
  }();
  folder().write("model.json", bytes);
  load_model(saved);
}

void recipe_json(Input bytes) {
  const nlohmann::json json = nlohmann::json::parse(bytes, nullptr, false);
  const Adjustment adjustment = adjustment_from_json(json);
  ensure(adjustment.scale.size() == adjustment.offset.size(), "a scale has an offset");
}

}  // namespace tailgrad::fuzz
