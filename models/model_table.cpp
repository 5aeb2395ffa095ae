#include <tailgrad/models/model_table.h>

#include <algorithm>

#include <tailgrad/models/bag_of_embeddings.h>
#include <tailgrad/models/cnn.h>
#include <tailgrad/models/mlp.h>
#include <tailgrad/models/resnet.h>
#include <tailgrad/models/tagger.h>
#include <tailgrad/models/transformer_classifier.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

const ModelEntry& find_model(std::string_view name) {
  std::vector<std::string> known;
  for (const ModelEntry& entry : model_table()) {
    if (entry.spec.name == name) return entry;
    known.push_back(entry.spec.name);
  }
  fail_unknown_name("model", name, known);
}

}  // namespace

const std::vector<ModelEntry>& model_table() {
  static const std::vector<ModelEntry> table = [] {
    std::vector<ModelEntry> all = {transformer_classifier_entry(), bag_of_embeddings_entry()};
    for (ModelEntry& entry : tagger_entries()) all.push_back(std::move(entry));
    all.push_back(cnn_entry());
    all.push_back(resnet_entry());
    all.push_back(mlp_entry());
    return all;
  }();
  return table;
}

std::vector<std::string> tasks_of(const ModelEntry& entry) {
  if (entry.task == "text") return {"text", "multilabel", "pair"};
  return {entry.task};
}

std::unique_ptr<Model> make_model(std::string_view text, std::string_view task,
                                  const ModelSetup& setup) {
  const ModelEntry& entry = find_model(parse_text_form(text).name);
  const std::vector<std::string> tasks = tasks_of(entry);
  if (std::ranges::find(tasks, task) == tasks.end()) {
    std::string known;
    for (const std::string& one : tasks) known += (known.empty() ? "" : ", ") + one;
    fail("model", entry.spec.name + " is for task " + known + ", not " + std::string(task));
  }
  return entry.make(read_settings(entry.spec, text), setup);
}

Settings model_settings(std::string_view text) {
  return read_settings(find_model(parse_text_form(text).name).spec, text);
}

std::string model_text(std::string_view text) {
  return model_settings(text).full_text();
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
