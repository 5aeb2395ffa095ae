// The ONNX files of all models: their structure, read here field by field. That runtimes give the
// same answers is checked by scripts/check_onnx.
#include <tailgrad/models/onnx/export.h>

#include <cstring>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/error.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/models/onnx/graph.h>
#include <tailgrad/models/onnx/inputs.h>

namespace tailgrad {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// One field of a protobuf message, as a reader meets it on the wire.
struct Field {
  std::uint64_t number = 0;
  std::uint64_t integer = 0;    // wire type 0
  std::string_view bytes = {};  // wire types 2 and 5
};

std::vector<Field> fields_of(std::string_view message) {
  std::vector<Field> fields;
  const auto varint = [&] {
    std::uint64_t value = 0;
    for (int shift = 0;; shift += 7) {
      const auto byte = static_cast<unsigned char>(message.at(0));
      message.remove_prefix(1);
      value |= std::uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
  };
  while (!message.empty()) {
    const std::uint64_t tag = varint();
    Field field{.number = tag >> 3};
    switch (tag & 7) {
      case 0:
        field.integer = varint();
        break;
      case 2: {
        const std::uint64_t size = varint();
        EXPECT_LE(size, message.size());
        field.bytes = message.substr(0, size);
        message.remove_prefix(size);
        break;
      }
      case 5:
        field.bytes = message.substr(0, 4);
        message.remove_prefix(4);
        break;
      default:
        ADD_FAILURE() << "wire type " << (tag & 7);
        return fields;
    }
    fields.push_back(field);
  }
  return fields;
}

std::vector<std::string> texts_of(std::string_view message, std::uint64_t number) {
  std::vector<std::string> texts;
  for (const Field& field : fields_of(message))
    if (field.number == number) texts.emplace_back(field.bytes);
  return texts;
}

std::string text_of(std::string_view message, std::uint64_t number) {
  const std::vector<std::string> texts = texts_of(message, number);
  EXPECT_EQ(texts.size(), 1U) << "field " << number;
  return texts.empty() ? "" : texts.front();
}

std::vector<std::int64_t> integers_of(std::string_view message, std::uint64_t number) {
  std::vector<std::int64_t> integers;
  for (const Field& field : fields_of(message))
    if (field.number == number) integers.push_back(static_cast<std::int64_t>(field.integer));
  return integers;
}

// Bytes of an element, by the format's number of its type.
std::size_t width_of_type(std::int64_t type) {
  return type == 2 ? 1 : type == 7 || type == 11 ? 8 : 4;
}

// What is wrong with a graph that any runtime would refuse, and its parts.
struct ReadGraph {
  explicit ReadGraph(std::string_view file) : graph(text_of(file, 7)) {
    std::set<std::string> known;
    for (const std::string& tensor : texts_of(graph, 5)) {
      const std::string name = text_of(tensor, 8);
      EXPECT_TRUE(known.insert(name).second) << "two arrays named " << name;
      std::size_t size = width_of_type(integers_of(tensor, 2).at(0));
      for (const std::int64_t extent : integers_of(tensor, 1))
        size *= static_cast<std::size_t>(extent);
      EXPECT_EQ(text_of(tensor, 9).size(), size) << name;
      arrays[name] = integers_of(tensor, 1);
    }
    for (const std::string& input : texts_of(graph, 11)) {
      inputs.push_back(text_of(input, 1));
      EXPECT_TRUE(known.insert(inputs.back()).second) << inputs.back();
    }
    std::set<std::string> used;
    for (const std::string& node : texts_of(graph, 1)) {
      for (const std::string& value : texts_of(node, 1)) {
        EXPECT_TRUE(known.contains(value))
            << text_of(node, 4) << " reads " << value << " too early";
        used.insert(value);
      }
      for (const std::string& value : texts_of(node, 2))
        EXPECT_TRUE(known.insert(value).second) << value << " is computed twice";
    }
    for (const std::string& output : texts_of(graph, 12)) outputs.push_back(text_of(output, 1));
    for (const std::string& output : outputs) EXPECT_TRUE(known.contains(output)) << output;
    for (const auto& [name, shape] : arrays) EXPECT_TRUE(used.contains(name)) << "idle: " << name;
    for (const std::string& name : inputs) EXPECT_TRUE(used.contains(name)) << "idle: " << name;
  }

  std::string graph;
  std::map<std::string, std::vector<std::int64_t>> arrays;
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
};

TextDataset texts() {
  return {.path = "x", .texts = {"the red owl", "a pear", "the plum"}, .labels = {}, .lines = {}};
}

TextDataset pairs() {
  TextDataset data = texts();
  data.second = {"the owl", "plum", "a wren"};
  return data;
}

TaggedSentences sentences() {
  return {.path = "x",
          .words = {"we", "saw", "New", "York", "a"},
          .tags = {},
          .labels = {},
          .offsets = {0, 4, 5},
          .lines = {}};
}

InputEncoding encoding_for(const std::string& task) {
  if (task == "text")
    return TextEncoding(texts(), {.vocabulary = {.min_count = 1}, .max_tokens = 6});
  if (task == "pair")
    return TextEncoding(
        pairs(),
        {.vocabulary = {.min_count = 1}, .max_tokens = 6, .columns = {.second = "second"}});
  if (task == "n-grams")
    return TextEncoding(texts(), {.vocabulary = {.min_count = 2, .buckets = 16}, .max_tokens = 6});
  if (task == "tags")
    return SentenceEncoding(sentences(), TagScheme::iob2, TagScheme::iob2,
                            {.words = {.affix_buckets = 64}, .max_tokens = 8});
  if (task == "image")
    return ImageEncoding({.path = "x",
                          .height = 8,
                          .width = 8,
                          .channels = 2,
                          .pixels = std::vector<std::uint8_t>(256, 3)},
                         {});
  return NumberEncoding({.path = "x",
                         .columns = {"x", "y", "z"},
                         .values = {1, 2, 3, 4, 5, 7},
                         .labels = {},
                         .lines = {}});
}

SavedModel untrained(const std::string& model, const std::string& task) {
  SavedModel saved{.about = {.task = task == "n-grams" ? "text" : task,
                             .model = model_text(model),
                             .labels = LabelSet({"O", "B-X", "I-X"}),
                             .encoding = encoding_for(task),
                             .train_counts = {3, 2, 1},
                             .loss = "ce"},
                   .model = nullptr};
  saved.model =
      build_model(saved.about.model, saved.about.task, saved.about.encoding, saved.about.labels, 1);
  return saved;
}

TEST(Protobuf, WritesTheBytesOfItsDescription) {
  // protobuf.dev, "Encoding": Test1 { a: 150 }, Test2 { b: "testing" }, Test3 { c: { a: 150 } }.
  const ProtobufMessage a = ProtobufMessage().integer(1, 150);
  EXPECT_EQ(a.bytes(), "\x08\x96\x01");
  EXPECT_EQ(ProtobufMessage().text(2, "testing").bytes(), "\x12\x07testing");
  EXPECT_EQ(ProtobufMessage().message(3, a).bytes(), "\x1a\x03\x08\x96\x01");
  EXPECT_EQ(ProtobufMessage().integer(1, -2).bytes(),
            "\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  EXPECT_EQ(ProtobufMessage().integer(16, 0).bytes(), std::string("\x80\x01\x00", 3));
  EXPECT_EQ(ProtobufMessage().number(2, 1.0F).bytes(), std::string("\x15\x00\x00\x80\x3f", 5));
}

TEST(Onnx, EveryModelOfTheTableHasASoundGraph) {
  for (const ModelEntry& entry : model_table()) {
    SCOPED_TRACE(entry.spec.name);
    const SavedModel saved = untrained(entry.spec.name, entry.task);
    const onnx::Exported exported = onnx::export_model(saved);
    EXPECT_EQ(integers_of(exported.bytes, 1), std::vector<std::int64_t>{8});
    const std::string opset = text_of(exported.bytes, 8);
    EXPECT_EQ(integers_of(opset, 2), std::vector<std::int64_t>{17});
    const ReadGraph graph(exported.bytes);
    EXPECT_EQ(graph.inputs, exported.inputs);
    EXPECT_EQ(graph.outputs.front(), "logits");
    const std::string out = saved.about.task == "table"   ? "layers.2.weight"
                            : entry.spec.name == "resnet" ? "linear.weight"
                                                          : "out.weight";
    ASSERT_TRUE(graph.arrays.contains(out));
    EXPECT_EQ(graph.arrays.at(out).front(), 3);
    std::map<std::string, std::string> notes;
    for (const std::string& note : texts_of(exported.bytes, 14))
      notes[text_of(note, 1)] = text_of(note, 2);
    EXPECT_THAT(notes.at("model.json"), HasSubstr(R"("labels":["O","B-X","I-X"])"));
  }
}

TEST(Onnx, OptionsOfModelsChangeTheGraph) {
  const auto graph_of = [](const char* model, const char* task) {
    SCOPED_TRACE(model);
    return ReadGraph(onnx::export_model(untrained(model, task)).bytes);
  };
  EXPECT_THAT(graph_of("bag", "pair").inputs, ElementsAre("ids", "kinds"));
  EXPECT_THAT(graph_of("transformer:norm=post,positions=sinusoidal,pooling=attention", "text")
                  .arrays.at("positions"),
              ElementsAre(6, 64));
  EXPECT_THAT(graph_of("transformer:width=8,positions=sinusoidal", "pair").arrays.at("positions"),
              ElementsAre(12, 8));
  for (const char* pooling : {"mean", "max", "first", "mean-max"})
    graph_of((std::string("transformer:pooling=") + pooling).c_str(), "n-grams");
  EXPECT_THAT(graph_of("bilstm-crf:words=0,affixes=0,shapes=0,char=lstm,layers=2", "tags").inputs,
              ElementsAre("tokens", "characters"));
  EXPECT_THAT(graph_of("bilstm-crf:constrain=false", "tags").outputs,
              ElementsAre("logits", "transitions"));
  EXPECT_THAT(graph_of("bilstm", "tags").outputs, ElementsAre("logits", "transitions"));
  EXPECT_THAT(graph_of("bilstm:constrain=false,char=none", "tags").outputs, ElementsAre("logits"));
  EXPECT_THAT(graph_of("cnn:batch_norm=false,channels=4/5,head=cosine", "image")
                  .arrays.at("stages.1.conv.weight"),
              ElementsAre(5, 4, 3, 3));
  EXPECT_TRUE(graph_of("resnet:depth=8,shortcut=project,head=no-bias", "image")
                  .arrays.contains("layer2.0.shortcut.conv.weight"));
  EXPECT_FALSE(
      graph_of("resnet:depth=8", "image").arrays.contains("layer2.0.shortcut.conv.weight"));
}

TEST(Onnx, WeightsKeepTheirNamesLayoutAndBytes) {
  const SavedModel saved = untrained("bag:width=4", "text");
  const std::string bytes = onnx::export_model(saved).bytes;
  bool found = false;
  for (const std::string& tensor : texts_of(text_of(bytes, 7), 5)) {
    if (text_of(tensor, 8) != "out.weight") continue;
    found = true;
    EXPECT_THAT(integers_of(tensor, 1), ElementsAre(3, 4));
    const std::span<const Real> weight = saved.model->output().weight.values();
    EXPECT_EQ(std::memcmp(text_of(tensor, 9).data(), weight.data(), weight.size_bytes()), 0);
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(onnx::export_model(saved).bytes, bytes) << "the same bytes every time";
}

TEST(Onnx, AGraphThatForgetsAWeightIsOurFault) {
  const SavedModel saved = untrained("bag", "text");
  onnx::Graph graph(*saved.model);
  graph.weight("embed.table.weight");
  graph.weight("out.weight");
  EXPECT_THAT(
      [&] { graph.encode({}); },
      ThrowsMessage<InternalError>(HasSubstr("no place in the graph for the weight out.bias")));
  EXPECT_THAT([&] { graph.weight("out.weights"); },
              ThrowsMessage<InternalError>(HasSubstr("the model has no weight out.weights")));
}

TEST(OnnxInputs, ArePaddedWithMinusOne) {
  Examples examples;
  examples.texts = {
      .ids = {5, 6, 7, 8}, .id_offsets = {}, .offsets = {0, 3, 4}, .kinds = {0, 1, 2, 3}};
  const std::vector<OnnxInput> arrays = onnx_inputs(examples, {"ids", "kinds"});
  ASSERT_EQ(arrays.size(), 2U);
  EXPECT_THAT(arrays[0].shape, ElementsAre(2U, 3U));
  EXPECT_THAT(std::get<0>(arrays[0].values), ElementsAre(5, 6, 7, 8, -1, -1));
  EXPECT_THAT(std::get<0>(arrays[1].values), ElementsAre(0, 1, 2, 3, -1, -1));
  EXPECT_EQ(onnx_inputs(examples, {"ids"}).size(), 1U) << "only what the graph reads";

  examples.texts = {.ids = {5, 6, 7, 8, 9}, .id_offsets = {0, 1, 3, 5}, .offsets = {0, 2, 3}};
  const OnnxInput parts = onnx_inputs(examples, {"ids"}).at(0);
  EXPECT_THAT(parts.shape, ElementsAre(2U, 2U, 2U));
  EXPECT_THAT(std::get<0>(parts.values), ElementsAre(5, -1, 6, 7, 8, 9, -1, -1));
}

TEST(OnnxInputs, OfSentencesImagesAndTables) {
  const SavedModel tagger = untrained("bilstm", "tags");
  const Examples tokens = std::get<SentenceEncoding>(tagger.about.encoding).encode(sentences(), 3);
  const std::vector<std::string> names = onnx::export_model(tagger).inputs;
  std::map<std::string, std::vector<std::size_t>> shapes;
  for (const OnnxInput& array : onnx_inputs(tokens, names)) shapes[array.name] = array.shape;
  EXPECT_EQ(shapes.size(), names.size());
  EXPECT_THAT(shapes.at("tokens"), ElementsAre(2U, 4U));
  EXPECT_THAT(shapes.at("words"), ElementsAre(5U));
  EXPECT_THAT(shapes.at("affixes"), ElementsAre(5U, 8U));
  EXPECT_THAT(shapes.at("characters"), ElementsAre(5U, 6U)) << "York between two marks";

  const Examples images = std::get<ImageEncoding>(encoding_for("image"))
                              .encode({.path = "x",
                                       .height = 8,
                                       .width = 8,
                                       .channels = 2,
                                       .pixels = std::vector<std::uint8_t>(128, 7)},
                                      3);
  const OnnxInput pixels = onnx_inputs(images, {"pixels"}).at(0);
  EXPECT_THAT(pixels.shape, ElementsAre(1U, 8U, 8U, 2U));
  EXPECT_EQ(std::get<std::vector<std::uint8_t>>(pixels.values).at(0), 7);

  const OnnxInput rows =
      onnx_inputs(
          {.path = "x", .columns = {"x", "y"}, .values = {1, 2, 3, 4.5}, .labels = {}, .lines = {}})
          .at(0);
  EXPECT_THAT(rows.shape, ElementsAre(2U, 2U));
  EXPECT_THAT(std::get<std::vector<double>>(rows.values), ElementsAre(1, 2, 3, 4.5));
}

}  // namespace
}  // namespace tailgrad
