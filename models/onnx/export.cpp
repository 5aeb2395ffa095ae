#include <tailgrad/models/onnx/export.h>

#include <algorithm>
#include <iterator>

#include <nlohmann/json.hpp>

#include <tailgrad/core/error.h>
#include <tailgrad/core/version.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/models/onnx/graphs.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {
namespace {

struct Entry {
  const char* model;
  void (*add)(Graph& graph, const SavedModel& saved, const Settings& settings);
};
constexpr Entry kEntries[] = {{"transformer", transformer_graph},
                              {"bag", bag_graph},
                              {"bilstm-crf", tagger_graph},
                              {"bilstm", tagger_graph},
                              {"transformer-crf", tagger_graph},
                              {"transformer-tagger", tagger_graph},
                              {"cnn", cnn_graph},
                              {"resnet", resnet_graph},
                              {"mlp", mlp_graph}};

}  // namespace

Exported export_model(const SavedModel& saved) {
  const Settings settings = model_settings(saved.about.model);
  const auto* const entry =
      std::ranges::find_if(kEntries, [&](const Entry& e) { return settings.name() == e.model; });
  ensure(entry != std::end(kEntries), "export: no graph for the model " + settings.name());
  Graph graph(*saved.model);
  entry->add(graph, saved, settings);
  return {.bytes = graph.encode(
              {{"tailgrad", kVersion}, {"model.json", description_json(saved.about).dump()}}),
          .inputs = graph.inputs()};
}

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
