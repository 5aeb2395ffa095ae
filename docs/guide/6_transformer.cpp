// Chapter 6 of the guide: a transformer from the library's ops, trained to count.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/nn/module.h>
#include <tailgrad/optim/optimizer.h>
#include <tailgrad/optim/schedule.h>
#include <tailgrad/study/report/svg.h>

#include "figure.h"

using namespace tailgrad;

namespace {

constexpr Index kLetters = 12;
constexpr Index kClasses = 3;

// Words of letters, one below the other; word s is the tokens offsets[s] … offsets[s + 1] - 1.
// The label of a letter says how often its word has it: 0 once, 1 twice, 2 more often.
struct Words {
  std::vector<Index> letters, labels;
  std::vector<Index> offsets = {0};
};

Words make_words(int count, std::uint64_t step, const char* purpose) {
  Random random(1, purpose, step);
  Words words;
  for (int s = 0; s < count; ++s) {
    const std::size_t length = 4 + random.below(7);
    const std::size_t begin = words.letters.size();
    for (std::size_t t = 0; t < length; ++t)
      words.letters.push_back(static_cast<Index>(random.below(kLetters)));
    const auto first = words.letters.begin() + static_cast<std::ptrdiff_t>(begin);
    for (std::size_t t = begin; t < begin + length; ++t) {
      const auto times = std::count(first, words.letters.end(), words.letters[t]);
      words.labels.push_back(static_cast<Index>(std::min<std::ptrdiff_t>(times, 3) - 1));
    }
    words.offsets.push_back(static_cast<Index>(words.letters.size()));
  }
  return words;
}

// softmax(Q K^T / sqrt(width)) V, one word after the other; each head has its own columns.
Tensor attend(const Tensor& q, const Tensor& k, const Tensor& v, const std::vector<Index>& offsets,
              Index heads) {
  const Index width = q.cols() / heads;
  std::vector<Tensor> sides;
  for (Index head = 0; head < heads; ++head) {
    const Tensor qh = slice_columns(q, head * width, (head + 1) * width);
    const Tensor kh = slice_columns(k, head * width, (head + 1) * width);
    const Tensor vh = slice_columns(v, head * width, (head + 1) * width);
    std::vector<Tensor> words;
    for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
      const Index begin = offsets[s], end = offsets[s + 1];
      const Tensor scores = matmul(qh.row_range(begin, end), kh.row_range(begin, end), {.b = true});
      const Tensor weights = softmax(scores / std::sqrt(static_cast<Real>(width)));
      words.push_back(matmul(weights, vh.row_range(begin, end)));
    }
    sides.push_back(concat_rows(words));
  }
  return concat_columns(sides);
}

// One layer: look around, then think; each adds to what is there (norm first).
struct Layer : Module {
  Layer(Module& parent, std::string_view name, Index width)
      : Module(parent, name),
        gain1(parameter("gain1", {width}, Init::ones())),
        shift1(parameter("shift1", {width}, Init::zeros())),
        qkv(parameter("qkv", {3 * width, width}, Init::normal(0, 0.2))),
        out(parameter("out", {width, width}, Init::normal(0, 0.2))),
        gain2(parameter("gain2", {width}, Init::ones())),
        shift2(parameter("shift2", {width}, Init::zeros())),
        wide(parameter("wide", {2 * width, width}, Init::normal(0, 0.2))),
        narrow(parameter("narrow", {width, 2 * width}, Init::normal(0, 0.2))) {}

  Tensor operator()(const Tensor& x, const std::vector<Index>& offsets, bool looks) const {
    const Index width = x.cols();
    Tensor seen = x;
    if (looks) {
      const Tensor all = linear(layer_norm(x, gain1, shift1), qkv);
      const Tensor mixed =
          attend(slice_columns(all, 0, width), slice_columns(all, width, 2 * width),
                 slice_columns(all, 2 * width, 3 * width), offsets, 2);
      seen = x + linear(mixed, out);
    }
    return seen + linear(relu(linear(layer_norm(seen, gain2, shift2), wide)), narrow);
  }

  Tensor gain1, shift1, qkv, out, gain2, shift2, wide, narrow;
};

// Letters to vectors, layers, vectors to logits.
struct Transformer : Module {
  explicit Transformer(std::uint64_t seed) : Module(seed) {
    for (int k = 0; k < 2; ++k) layers.add(kWidth);
  }
  Tensor operator()(const Words& words, bool looks = true) const {
    Tensor x = gather_rows(letters, words.letters);
    for (const Layer& layer : layers) x = layer(x, words.offsets, looks);
    return linear(layer_norm(x, gain, shift), head, bias);
  }

  static constexpr Index kWidth = 16;
  Tensor letters = parameter("letters", {kLetters, kWidth}, Init::normal());
  ModuleList<Layer> layers{*this, "layers"};
  Tensor gain = parameter("gain", {kWidth}, Init::ones());
  Tensor shift = parameter("shift", {kWidth}, Init::zeros());
  Tensor head = parameter("head", {kClasses, kWidth}, Init::normal(0, 0.2));
  Tensor bias = parameter("bias", {kClasses}, Init::zeros());
};

// Trains with or without attention; returns the mean loss of every hundred steps.
std::vector<double> train(const Transformer& model, bool looks) {
  const auto loss = make_loss("ce");
  Optimizer optimizer(model.named_parameters(), read_optimizer("adam:lr=3e-3,eps=1e-5"));
  const Schedule schedule("linear:warmup=0.1");
  const std::uint64_t steps = 1500;
  std::vector<double> means;
  double total = 0;
  for (std::uint64_t step = 0; step < steps; ++step) {
    const Words words = make_words(16, step, "train");
    const Tensor value = (*loss)(model(words, looks), {.classes = words.labels}).mean();
    total += value.item();
    backward(value);
    optimizer.step({.lr = schedule.factor(step, steps)});
    optimizer.clear_gradients();
    if ((step + 1) % 100 == 0) {
      means.push_back(total / 100);
      total = 0;
    }
  }
  return means;
}

// Of each class the share that the model gets right, on words it has not seen.
std::array<double, kClasses> recalls(const Transformer& model, bool looks) {
  const NoGrad nothing_to_record;
  const Words words = make_words(400, 0, "test");
  const Tensor logits = model(words, looks);
  std::array<double, kClasses> right{}, all{};
  for (std::size_t t = 0; t < words.labels.size(); ++t) {
    const Real* row = logits.data() + t * kClasses;
    const auto best = static_cast<Index>(std::max_element(row, row + kClasses) - row);
    const auto label = static_cast<std::size_t>(words.labels[t]);
    all[label] += 1;
    if (best == words.labels[t]) right[label] += 1;
  }
  for (std::size_t c = 0; c < kClasses; ++c) right[c] /= all[c];
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  // The attention above against the library's, which does the same in one op.
  const Words few = make_words(3, 0, "check");
  Random random(1, "numbers");
  Tensor qkv = Tensor::empty({few.offsets.back(), 24});
  for (Real& number : qkv.mutable_values()) number = random.normal();
  const Tensor ours = attend(slice_columns(qkv, 0, 8), slice_columns(qkv, 8, 16),
                             slice_columns(qkv, 16, 24), few.offsets, 2);
  const double difference = max(abs(ours - attention(qkv, few.offsets, 2))).item();
  std::printf("our attention and the library's: %s\n\n",
              difference < 1e-12 ? "equal to 1e-12" : "different");

  const Transformer with(1), without(1);
  std::printf("%zu numbers to train\n", with.parameter_count());
  const std::vector<double> loss_with = train(with, true);
  const std::vector<double> loss_without = train(without, false);
  std::printf("loss at the end: with attention %.2f, without %.2f\n\n", loss_with.back(),
              loss_without.back());
  std::printf("recall of letters that are there   once  twice  more often\n");
  const auto print = [](const char* name, const std::array<double, kClasses>& recall) {
    std::printf("%-32s %6.2f %6.2f %11.2f\n", name, recall[0], recall[1], recall[2]);
  };
  const auto sighted = recalls(with, true);
  print("with attention", sighted);
  print("without", recalls(without, false));

  std::vector<double> steps;
  for (std::size_t i = 1; i <= loss_with.size(); ++i)
    steps.push_back(100.0 * static_cast<double>(i));
  write_figure(argc, argv, "6_transformer",
               line_chart({.title = "Loss in training, with and without attention",
                           .x = {.label = "step"},
                           .y = {.label = "loss", .low = 0},
                           .series = {{.name = "with attention", .x = steps, .y = loss_with},
                                      {.name = "without", .x = steps, .y = loss_without}}}));
  return difference < 1e-12 && sighted[1] > 0.8 ? 0 : 1;
}
