// What each kind of model computes, as an ONNX graph with its inputs and outputs.
#pragma once

#include <tailgrad/core/form_spec.h>
#include <tailgrad/models/onnx/graph.h>
#include <tailgrad/models/saved_model.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {

/// Texts: `bag`. `settings` are those of the model's text form, here and below.
void bag_graph(Graph& graph, const SavedModel& saved, const Settings& settings);
/// Texts: `transformer`.
void transformer_graph(Graph& graph, const SavedModel& saved, const Settings& settings);
/// Sentences: all taggers.
void tagger_graph(Graph& graph, const SavedModel& saved, const Settings& settings);
/// Images: `cnn`.
void cnn_graph(Graph& graph, const SavedModel& saved, const Settings& settings);
/// Images: `resnet`.
void resnet_graph(Graph& graph, const SavedModel& saved, const Settings& settings);
/// Tables: `mlp`.
void mlp_graph(Graph& graph, const SavedModel& saved, const Settings& settings);

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
