// Chapter 8 of the guide: the long tail.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/nn/linear.h>
#include <tailgrad/optim/optimizer.h>
#include <tailgrad/study/report/svg.h>

#include "figure.h"

using namespace tailgrad;

namespace {

constexpr std::size_t kClasses = 10;

// Ten clouds of points in ten dimensions, each around a corner of its own.
struct Points {
  Tensor x;
  std::vector<Index> labels;
};

Points make_points(const std::vector<int>& counts, const char* purpose) {
  Random random(1, purpose);
  std::vector<Real> x;
  std::vector<Index> labels;
  for (std::size_t k = 0; k < kClasses; ++k)
    for (int i = 0; i < counts[k]; ++i) {
      for (std::size_t j = 0; j < kClasses; ++j) x.push_back((j == k ? 3 : 0) + random.normal());
      labels.push_back(static_cast<Index>(k));
    }
  const auto items = static_cast<Index>(labels.size());
  return {Tensor::from({items, static_cast<Index>(kClasses)}, x), labels};
}

struct Net : Module {
  Linear hidden{*this, "hidden", kClasses, 32, {.activation = Activation::relu}};
  Linear head{*this, "head", 32, kClasses, {.bias = false}};
  explicit Net(std::uint64_t seed) : Module(seed) {}
  Tensor operator()(const Tensor& x) const { return head(hidden(x)); }
};

void train(const Net& net, const Points& points, const std::string& form, const std::string& rule) {
  const auto loss = make_loss(form, ClassCounts::of_labels(points.labels, kClasses));
  Optimizer optimizer(net.named_parameters(), read_optimizer(rule));
  for (int step = 0; step < 300; ++step) {
    backward((*loss)(net(points.x), {.classes = points.labels}).mean());
    optimizer.step();
    optimizer.clear_gradients();
  }
}

// Recall of each class, from logits [items, classes].
std::vector<double> recalls(std::span<const Real> logits, const std::vector<Index>& labels) {
  std::vector<double> right(kClasses), all(kClasses);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto row = logits.subspan(i * kClasses, kClasses);
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    const auto label = static_cast<std::size_t>(labels[i]);
    all[label] += 1;
    if (best == labels[i]) right[label] += 1;
  }
  for (std::size_t k = 0; k < kClasses; ++k) right[k] /= all[k];
  return right;
}

double mean_of(std::span<const double> values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

// Length of the row of the last layer that makes the logit of each class.
std::vector<double> norms(const Tensor& weight) {
  std::vector<double> lengths;
  for (Index k = 0; k < weight.rows(); ++k)
    lengths.push_back(std::sqrt(sum(square(weight.row_range(k, k + 1))).item()));
  return lengths;
}

}  // namespace

int main(int argc, char** argv) {
  // n_k = 400 * 100^(-k / 9): from 400 items down to 4.
  std::vector<int> counts;
  for (std::size_t k = 0; k < kClasses; ++k)
    counts.push_back(static_cast<int>(400 * std::pow(100.0, -static_cast<double>(k) / 9) + 1e-9));
  std::printf("items:");
  for (const int count : counts) std::printf(" %d", count);
  std::printf("\n\n");
  const Points training = make_points(counts, "train");
  const Points test = make_points(std::vector<int>(kClasses, 100), "test");
  const ClassCounts known = ClassCounts::of_labels(training.labels, kClasses);

  const Net plain(1), adjusted(1), adaptive(1);
  train(plain, training, "ce", "sgd:lr=0.1,momentum=0.9");
  train(adjusted, training, "la:tau=1", "sgd:lr=0.1,momentum=0.9");
  train(adaptive, training, "ce", "adam:lr=1e-2");

  const NoGrad nothing_to_record;
  const Tensor logits = plain(test.x);
  std::vector<Real> moved(logits.values().begin(), logits.values().end());
  for (std::size_t i = 0; i < moved.size(); ++i) moved[i] -= known.log_prior()[i % kClasses];

  const std::vector<double> lengths = norms(plain.head.weight);
  std::vector<Real> levelled(logits.values().begin(), logits.values().end());
  for (std::size_t i = 0; i < levelled.size(); ++i) levelled[i] /= lengths[i % kClasses];

  std::printf("%-26s %9s %9s  %14s\n", "recall of", "5 largest", "5 smallest", "balanced error");
  const auto print = [](const char* name, const std::vector<double>& recall) {
    const std::span all(recall);
    std::printf("%-26s %9.2f %9.2f  %14.2f\n", name, mean_of(all.first(5)), mean_of(all.last(5)),
                1 - mean_of(all));
  };
  const std::vector<double> by_plain = recalls(logits.values(), test.labels);
  const std::vector<double> by_moved = recalls(moved, test.labels);
  const std::vector<double> by_adjusted = recalls(adjusted(test.x).values(), test.labels);
  print("ce", by_plain);
  print("ce, then minus log prior", by_moved);
  print("ce, then over the length", recalls(levelled, test.labels));
  print("la:tau=1", by_adjusted);

  const std::vector<double> adaptive_lengths = norms(adaptive.head.weight);
  const auto ratio = [](const std::vector<double>& of) {
    return mean_of(std::span(of).first(5)) / mean_of(std::span(of).last(5));
  };
  std::printf("\nlength of weights, 5 largest classes over 5 smallest: sgd %.2f, adam %.2f\n",
              ratio(lengths), ratio(adaptive_lengths));

  const std::vector<double> sizes(counts.begin(), counts.end());
  const Axis size_axis{.label = "training items of the class", .log = true};
  write_figure(argc, argv, "8_recall",
               line_chart({.title = "Recall of each class by its training items",
                           .x = size_axis,
                           .y = {.label = "recall", .low = 0, .high = 1},
                           .series = {{.name = "ce", .x = sizes, .y = by_plain},
                                      {.name = "ce - log prior", .x = sizes, .y = by_moved},
                                      {.name = "la:tau=1", .x = sizes, .y = by_adjusted}}}));
  write_figure(argc, argv, "8_norms",
               line_chart({.title = "Length of each class's weights by its training items",
                           .x = size_axis,
                           .y = {.label = "length of the weights", .low = 0},
                           .series = {{.name = "sgd, momentum", .x = sizes, .y = lengths},
                                      {.name = "adam", .x = sizes, .y = adaptive_lengths}}}));
  return mean_of(by_moved) > mean_of(by_plain) && mean_of(by_adjusted) > mean_of(by_plain) ? 0 : 1;
}
