#include <cstdio>
#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <tailgrad/cli/model_on_data.h>
#include <tailgrad/cli/verbs.h>
#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/npz.h>
#include <tailgrad/data/csv.h>
#include <tailgrad/data/images.h>
#include <tailgrad/models/onnx/export.h>
#include <tailgrad/models/onnx/graph.h>
#include <tailgrad/models/onnx/inputs.h>

namespace tailgrad::cli {
namespace {

struct ExportCommand {
  std::string folder;
  std::string onnx;
  std::string inputs;
  ModelOnDataOptions read;  // data and its columns
  bool force = false;
  bool json = false;
};

// The items of a file, without their labels, as the graph reads them.
std::vector<OnnxInput> read_inputs(const ModelDescription& about, const ModelOnDataOptions& from,
                                   const std::vector<std::string>& names) {
  if (const auto* sentences = std::get_if<SentenceEncoding>(&about.encoding)) {
    TagColumns columns = sentences->options().columns;
    if (!from.word_column.empty()) columns.word = from.word_column;
    const ColumnFile file = ColumnFile::read(from.data, column_format(from.data, from.file.format));
    return onnx_inputs(sentences->encode(read_tagged(file, columns, false), 0), names);
  }
  if (const auto* images = std::get_if<ImageEncoding>(&about.encoding)) {
    ImageDataset data = images_to_read(from.data, from.file.format, about.labels);
    data.labels.clear();
    return onnx_inputs(images->encode(data, 0), names);
  }
  if (const auto* texts = std::get_if<TextEncoding>(&about.encoding)) {
    const TextColumns columns = columns_now(texts->options().columns, from);
    const Table table = Table::read(from.data, columns.file);
    return onnx_inputs(texts->encode(read_texts(table, columns, nullptr), 0), names);
  }
  const auto& numbers = std::get<NumberEncoding>(about.encoding);
  const Table table = Table::read(from.data, columns_now({}, from).file);
  return onnx_inputs(read_numbers(table, numbers.columns(), {}, nullptr));
}

void write_inputs(const std::string& path, const std::vector<OnnxInput>& arrays) {
  std::vector<StoredTensor> views;
  for (const OnnxInput& array : arrays)
    views.push_back(std::visit(
        [&](const auto& values) { return stored(array.name, array.shape, std::span(values)); },
        array.values));
  write_npz(path, views);
}

void refuse_to_replace(const std::string& path, bool force) {
  if (!force && std::filesystem::exists(path))
    fail_at(path, 0, 0, "is there already; --force replaces it");
}

int run(const ExportCommand& command) {
  if (command.read.data.empty() != command.inputs.empty())
    fail("export", "--data and --inputs belong together: the items, and where their arrays go");
  refuse_to_replace(command.onnx, command.force);
  if (!command.inputs.empty()) refuse_to_replace(command.inputs, command.force);
  const SavedModel saved = load_model(command.folder);
  const onnx::Exported exported = onnx::export_model(saved);
  std::vector<OnnxInput> arrays;
  if (!command.inputs.empty()) arrays = read_inputs(saved.about, command.read, exported.inputs);
  write_file(command.onnx, exported.bytes);
  if (!command.inputs.empty()) write_inputs(command.inputs, arrays);
  if (command.json) {
    const nlohmann::ordered_json out = {{"onnx", command.onnx},
                                        {"opset", onnx::Graph::kOpset},
                                        {"bytes", exported.bytes.size()},
                                        {"inputs", exported.inputs},
                                        {"model", saved.about.model}};
    fmt::print("{}\n", out.dump(2));
  } else {
    fmt::print("{}: {} in ONNX, opset {}, reads {}\n", command.onnx, saved.about.model,
               onnx::Graph::kOpset, fmt::join(exported.inputs, ", "));
  }
  return 0;
}

}  // namespace

void add_export(Program& program) {
  auto command = std::make_shared<ExportCommand>();
  Verb verb = program.verb(
      "export", "Write a trained model as an ONNX file, for other programs",
      "The graph has the standard ops of opset 17. It reads padded ids (texts, sentences), "
      "bytes (images)\n"
      "or columns as they are (tables) and gives logits; the file's notes hold vocabulary, "
      "labels and\n"
      "what else model.json says. docs/onnx.md names every input. --data with --inputs "
      "writes items as\n"
      "these inputs, so that another program can run the model at once.",
      {"tailgrad export runs/reviews --onnx reviews.onnx",
       "tailgrad export runs/ner --onnx ner.onnx --data new.conll --inputs new.npz"});
  verb.positional("DIR", command->folder, "Folder that train wrote")
      .option("onnx", command->onnx, "The file to write")
      .required("onnx")
      .flag("force", command->force, "Replace files that are there")
      .flag("json", command->json, "Print one JSON document")
      .group("Items as inputs")
      .option("data", command->read.data, "Items, read as predict reads them: labels are optional")
      .option("inputs", command->inputs,
              "Where they go: a .npz file with an array an input, all items as one padded batch");
  declare_items(verb, command->read);
  verb.action([command] { return run(*command); });
}

}  // namespace tailgrad::cli
