// Taggers: features of each form of a word, an encoder of the sentence, a tag's logit a column.
//
// A form is one way to write a word. Its features are computed once, however often it occurs:
// `tokens` says which form stands where.
#include <limits>

#include <tailgrad/models/onnx/graphs.h>
#include <tailgrad/models/onnx/layers.h>
#include <tailgrad/models/tagger.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {
namespace {

// Characters from `begin` on, and all but the last `cut` of them.
Value characters_but(Graph& graph, const Value& x, std::int64_t begin, std::int64_t cut) {
  const std::int64_t end = cut == 0 ? std::numeric_limits<std::int64_t>::max() : -cut;
  return graph.op("Slice", {x, graph.constant(Integers{begin}), graph.constant(Integers{end}),
                            graph.constant(Integers{1})});
}

// The largest of each filter over windows of three characters. The windows of a word of n
// characters, two marks included, are the first n - 2. After relu nothing is below the 0 that
// stands where there is no window.
Value character_cnn(Graph& graph, const Value& ids, const Value& characters) {
  const Value windows =
      graph.op("Concat",
               {characters_but(graph, characters, 0, 2), characters_but(graph, characters, 1, 1),
                characters_but(graph, characters, 2, 0)},
               {{"axis", 2}});
  const Value filtered = linear(graph, "features.characters.filters", windows, Activation::relu);
  const Value there = as_mask(graph, present(graph, characters_but(graph, ids, 2, 0)));
  return graph.op("ReduceMax", {graph.op("Mul", {filtered, there})},
                  {{"axes", Integers{1}}, {"keepdims", 0}});
}

Value character_features(Graph& graph, const Settings& settings) {
  const Value ids = graph.input("characters", Type::int64, {"forms", "characters"},
                                "numbers of each form's characters between two marks; -1: none");
  const Value characters = embedding(graph, "features.characters.table", ids);
  if (settings.is("char", "cnn")) return character_cnn(graph, ids, characters);
  return bidirectional_lstm(graph, "features.characters.lstm", characters, present(graph, ids))
      .last;
}

Value affix_features(Graph& graph) {
  const Value ids = graph.input("affixes", Type::int64, {"forms", "affixes"},
                                "buckets of each form's first and last characters; -1: none");
  const Value rows = graph.op(
      "Mul", {embedding(graph, "features.affixes", ids), as_mask(graph, present(graph, ids))});
  return graph.op("ReduceSum", {rows, graph.constant(Integers{1})}, {{"keepdims", 0}});
}

// [forms, width]
Value form_features(Graph& graph, const Settings& settings) {
  std::vector<Value> parts;
  if (settings.integer("words") > 0)
    parts.push_back(embedding(graph, "features.words",
                              graph.input("words", Type::int64, {"forms"}, "number of its word")));
  if (!settings.is("char", "none")) parts.push_back(character_features(graph, settings));
  if (settings.integer("affixes") > 0) parts.push_back(affix_features(graph));
  if (settings.integer("shapes") > 0)
    parts.push_back(
        embedding(graph, "features.shapes",
                  graph.input("shapes", Type::int64, {"forms"}, "number of its shape")));
  return graph.op("Concat", parts, {{"axis", 1}});
}

// [classes + 2, classes + 2] what Viterbi adds from tag to tag: of a CRF its weights, else 0;
// -infinity where the scheme forbids.
void add_transitions(Graph& graph, const Tagger& tagger, std::int64_t classes) {
  const bool crf = graph.has_weight("transitions");
  const std::span<const std::uint8_t> allowed = tagger.allowed_transitions();
  if (!crf && allowed.empty()) return;
  const std::int64_t size = classes + 2;
  std::vector<float> scores(static_cast<std::size_t>(size * size));
  if (crf) {
    const std::span<const Real> trained = graph.numbers_of("transitions").values();
    scores.assign(trained.begin(), trained.end());
  }
  for (std::size_t i = 0; i < allowed.size(); ++i)
    if (allowed[i] == 0) scores[i] = -std::numeric_limits<float>::infinity();
  graph.output("transitions", graph.constant("transitions.allowed", {size, size}, scores),
               {size, size},
               crf ? "scores from tag (row) to tag (column); the last two are begin and end"
                   : "0, or -inf where a tag may not follow: add log_softmax(logits)");
}

}  // namespace

void tagger_graph(Graph& graph, const SavedModel& saved, const Settings& settings) {
  const Value tokens = graph.input("tokens", Type::int64, {"sentences", "tokens"},
                                   "which form each token is; -1: no token");
  const Value there = present(graph, tokens);
  const Value x = graph.op("Gather", {form_features(graph, settings), tokens});
  Value encoded;
  if (graph.has_weight("project.weight")) {
    const auto& encoding = std::get<SentenceEncoding>(saved.about.encoding);
    const Value table = sinusoidal_positions(graph, encoding.options().max_tokens,
                                             static_cast<Index>(settings.integer("width")));
    encoded = transformer_encoder(graph, "encoder",
                                  add_positions(graph, linear(graph, "project", x), table), there,
                                  {.heads = settings.integer("heads"), .norm_first = true});
  } else {
    encoded = bidirectional_lstm(graph, "lstm", x, there).all;
  }
  const std::int64_t classes = saved.about.labels.size();
  graph.output("logits", linear(graph, "out", encoded), {"sentences", "tokens", classes},
               "a column a tag; rows of padding mean nothing");
  add_transitions(graph, dynamic_cast<const Tagger&>(*saved.model), classes);
}

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
