// Chapter 4 of the guide: a loss and what imbalance does to it.
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <tailgrad/core/operators.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/study/report/svg.h>

#include "figure.h"
#include "gaussian.h"

using namespace tailgrad;

namespace {

// One number an item: class 0 lies around -1, class 1 around +1, both one wide.
struct Items {
  Tensor x;
  std::vector<Index> labels;
};

// Not drawn but laid out: item i of n stands where a share (i + 1/2) / n of its class lies below.
Items make_items(Index large, Index small) {
  std::vector<Real> x;
  std::vector<Index> labels;
  for (const Index label : {0, 1}) {
    const Index n = label == 0 ? large : small;
    for (Index i = 0; i < n; ++i) {
      x.push_back((label == 0 ? -1 : 1) + normal_quantile((i + 0.5) / n));
      labels.push_back(label);
    }
  }
  return {Tensor::from({large + small, 1}, x), labels};
}

// Trains logits = x weight^T + bias and returns the x where both logits are equal.
double trained_border(const Items& items, const std::string& form) {
  const auto loss = make_loss(form, ClassCounts::of_labels(items.labels, 2));
  Tensor weight = Tensor::zeros({2, 1});
  Tensor bias = Tensor::zeros({2});
  weight.require_grad();
  bias.require_grad();
  for (int step = 0; step < 1500; ++step) {
    const Tensor logits = linear(items.x, weight, bias);
    backward((*loss)(logits, {.classes = items.labels}).mean());
    for (Tensor* part : {&weight, &bias}) {
      for (std::size_t i = 0; i < part->size(); ++i)
        part->mutable_values()[i] -= 1.0 * part->grad()[i];
      part->clear_grad();
    }
  }
  return -(bias.values()[1] - bias.values()[0]) / (weight.values()[1] - weight.values()[0]);
}

// Of each class the share on its own side of the border.
double large_recall(double border) {
  return normal_share_below(border + 1);
}
double small_recall(double border) {
  return 1 - normal_share_below(border - 1);
}

}  // namespace

int main(int argc, char** argv) {
  // One item by hand: three logits, the true class is number 1.
  Tensor logits = Tensor::from({1, 3}, std::vector<Real>{2, 1, -1});
  logits.require_grad();
  const std::vector<Index> truth = {1};
  const Tensor p = softmax(logits);
  const auto ce = make_loss("ce");
  const Tensor value = (*ce)(logits, {.classes = truth}).mean();
  backward(value);
  std::printf("softmax:  %.3f %.3f %.3f\n", p.values()[0], p.values()[1], p.values()[2]);
  std::printf("loss:     %.3f\n", value.item());
  std::printf("gradient: %.3f %.3f %.3f\n\n", logits.grad()[0], logits.grad()[1], logits.grad()[2]);

  // Nineteen of the large class to one of the small: who pulls how hard?
  const Items items = make_items(1900, 100);
  Tensor nothing_known = Tensor::zeros({2000, 2});
  nothing_known.require_grad();
  backward((*ce)(nothing_known, {.classes = items.labels}).sum);
  double pull[2] = {};
  for (std::size_t i = 0; i < 2000; ++i)
    pull[items.labels[i]] += std::abs(nothing_known.grad()[2 * i + 1]);
  std::printf("pull on the second logit: %.0f down by the large class, %.0f up by the small\n\n",
              pull[0], pull[1]);

  // Where each loss puts the border.
  std::printf("%-22s %6s  %12s  %12s  %14s\n", "loss", "border", "recall large", "recall small",
              "balanced error");
  const auto report = [](const char* name, double border) {
    std::printf("%-22s %6.3f  %12.3f  %12.3f  %14.3f\n", name, border, large_recall(border),
                small_recall(border), 1 - (large_recall(border) + small_recall(border)) / 2);
  };
  const double plain = trained_border(items, "ce");
  const double adjusted = trained_border(items, "la:tau=1");
  report("ce", plain);
  report("theory: log(19) / 2", std::log(19) / 2);
  report("wce:weights=inverse", trained_border(items, "wce:weights=inverse"));
  report("la:tau=1", adjusted);

  // The same for other ratios.
  Series by_plain{.name = "ce"}, by_adjusted{.name = "la:tau=1"};
  for (const Index ratio : {1, 3, 10, 30, 100}) {
    const Items some = make_items(20 * ratio, 20);
    by_plain.x.push_back(ratio);
    by_plain.y.push_back(small_recall(trained_border(some, "ce")));
    by_adjusted.x.push_back(ratio);
    by_adjusted.y.push_back(small_recall(trained_border(some, "la:tau=1")));
  }
  std::printf("\nrecall of the small class with ce: 1 to 1 %.3f, 10 to 1 %.3f, 100 to 1 %.3f\n",
              by_plain.y[0], by_plain.y[2], by_plain.y[4]);
  write_figure(
      argc, argv, "4_loss",
      line_chart({.title = "Recall of the small class by the ratio of the class sizes",
                  .x = {.label = "items of the large class to one of the small", .log = true},
                  .y = {.label = "recall of the small class", .low = 0, .high = 1},
                  .series = {by_plain, by_adjusted}}));
  return std::abs(plain - std::log(19) / 2) < 0.02 && std::abs(adjusted) < 0.02 ? 0 : 1;
}
