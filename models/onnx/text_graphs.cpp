// Texts and pairs of texts: bag and transformer.
#include <tailgrad/models/onnx/graphs.h>
#include <tailgrad/models/onnx/layers.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace onnx {
namespace {

// Tokens of texts: a vector each, and whether there is one.
struct Tokens {
  Value vectors;  // [texts, tokens, width]
  Value present;  // [texts, tokens]
};

Value sum(Graph& graph, const Value& x, std::int64_t axis) {
  return graph.op("ReduceSum", {x, graph.constant(Integers{axis})}, {{"keepdims", 0}});
}

// The mean along an axis of those of x whose mask [.., 1] is 1; there may be none.
Value masked_mean(Graph& graph, const Value& x, const Value& mask, std::int64_t axis) {
  const Value count = graph.op("Max", {sum(graph, mask, axis), graph.constant(1.0F)});
  return graph.op("Div", {sum(graph, graph.op("Mul", {x, mask}), axis), count});
}

Tokens embedded_tokens(Graph& graph, const TextEncoding& encoding) {
  Tokens tokens;
  if (encoding.vocabulary().has_ngrams()) {
    const Value ids = graph.input("ids", Type::int64, {"texts", "tokens", "parts"},
                                  "numbers of each token's word and n-grams; -1: none");
    const Value parts = present(graph, ids);
    tokens.vectors =
        masked_mean(graph, embedding(graph, "embed.table", ids), as_mask(graph, parts), 2);
    tokens.present = graph.op("Gather", {parts, graph.constant(std::int64_t{0})}, {{"axis", 2}});
  } else {
    const Value ids = graph.input("ids", Type::int64, {"texts", "tokens"},
                                  "number of each token's word; -1: no token");
    tokens.vectors = embedding(graph, "embed.table", ids);
    tokens.present = present(graph, ids);
  }
  if (encoding.of_pairs()) {
    const Value kinds = graph.input("kinds", Type::int64, {"texts", "tokens"},
                                    "0, 1: of the first text, 1 if the second has the word too; "
                                    "2, 3: of the second text, likewise; -1: no token");
    tokens.vectors = graph.op("Add", {tokens.vectors, embedding(graph, "embed.kinds", kinds)});
  }
  return tokens;
}

Value masked_max(Graph& graph, const Tokens& tokens) {
  const Value there = graph.op("Unsqueeze", {tokens.present, graph.constant(Integers{-1})});
  const Value x = graph.op("Where", {there, tokens.vectors, graph.constant(kNever)});
  return graph.op("ReduceMax", {x}, {{"axes", Integers{1}}, {"keepdims", 0}});
}

// A mean with the weights softmax(x q).
Value attention_pool(Graph& graph, const Tokens& tokens) {
  const Value there = graph.op("Unsqueeze", {tokens.present, graph.constant(Integers{-1})});
  const Value scores = graph.op(
      "Where", {there, linear(graph, "pool.query", tokens.vectors), graph.constant(kNever)});
  const Value weights = graph.op("Softmax", {scores}, {{"axis", 1}});
  return sum(graph, graph.op("Mul", {tokens.vectors, weights}), 1);
}

Value pool(Graph& graph, const Tokens& tokens, const std::string& kind) {
  const auto mean = [&] {
    return masked_mean(graph, tokens.vectors, as_mask(graph, tokens.present), 1);
  };
  if (kind == "mean") return mean();
  if (kind == "max") return masked_max(graph, tokens);
  if (kind == "attention") return attention_pool(graph, tokens);
  if (kind == "first")
    return graph.op("Gather", {tokens.vectors, graph.constant(std::int64_t{0})}, {{"axis", 1}});
  return graph.op("Concat", {mean(), masked_max(graph, tokens)}, {{"axis", 1}});
}

void text_logits(Graph& graph, const SavedModel& saved, const Value& pooled) {
  graph.output("logits", linear(graph, "out", pooled), {"texts", saved.about.labels.size()},
               "a column a class");
}

Value position_table(Graph& graph, const SavedModel& saved, std::int64_t width) {
  if (graph.has_weight("positions.weight")) return graph.weight("positions.weight");
  const auto& encoding = std::get<TextEncoding>(saved.about.encoding);
  const Index longest = encoding.options().max_tokens * (encoding.of_pairs() ? 2 : 1);
  return sinusoidal_positions(graph, longest, static_cast<Index>(width));
}

}  // namespace

void bag_graph(Graph& graph, const SavedModel& saved, const Settings&) {
  const Tokens tokens = embedded_tokens(graph, std::get<TextEncoding>(saved.about.encoding));
  text_logits(graph, saved, pool(graph, tokens, "mean"));
}

void transformer_graph(Graph& graph, const SavedModel& saved, const Settings& settings) {
  Tokens tokens = embedded_tokens(graph, std::get<TextEncoding>(saved.about.encoding));
  const Value table = position_table(graph, saved, settings.integer("width"));
  tokens.vectors = transformer_encoder(
      graph, "encoder", add_positions(graph, tokens.vectors, table), tokens.present,
      {.heads = settings.integer("heads"), .norm_first = settings.is("norm", "pre")});
  text_logits(graph, saved, pool(graph, tokens, settings.word("pooling")));
}

}  // namespace onnx
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
