// Two moons of points, one with 20 times as many as the other: what plain cross-entropy does with
// the small one, and what logit adjustment does.
#include <cmath>
#include <cstdio>
#include <numbers>
#include <string>
#include <vector>

#include <tailgrad/core/random.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/metrics/report.h>
#include <tailgrad/models/mlp.h>
#include <tailgrad/models/predict.h>
#include <tailgrad/models/trainer.h>

using namespace tailgrad;

namespace {

// Class 0: an upper half circle. Class 1: a lower one, shifted into it.
Examples moons(int upper, int lower, const char* name) {
  Random random(1, name);
  Examples points{.feature_count = 2, .class_count = 2};
  for (int i = 0; i < upper + lower; ++i) {
    const int moon = i < upper ? 0 : 1;
    const double angle = random.uniform(0, std::numbers::pi);
    const double x = moon == 0 ? std::cos(angle) : 1 - std::cos(angle);
    const double y = moon == 0 ? std::sin(angle) : 0.5 - std::sin(angle);
    points.features.push_back(static_cast<float>(x + 0.25 * random.normal()));
    points.features.push_back(static_cast<float>(y + 0.25 * random.normal()));
    points.classes.push_back(moon);
  }
  return points;
}

// What the model says everywhere: '.' for the large class, '#' for the small one.
std::string map_of(const Model& model) {
  constexpr int kColumns = 60;
  constexpr int kRows = 16;
  Examples grid{.feature_count = 2, .class_count = 2};
  for (int row = 0; row < kRows; ++row)
    for (int column = 0; column < kColumns; ++column) {
      grid.features.push_back(-1.5F + 4.0F * static_cast<float>(column) / kColumns);
      grid.features.push_back(1.5F - 2.5F * static_cast<float>(row) / kRows);
    }
  const std::vector<Real> logits = predict_logits(model, grid);
  std::string map;
  for (std::size_t i = 0; i < logits.size() / 2; ++i) {
    map += logits[2 * i] >= logits[2 * i + 1] ? '.' : '#';
    if ((i + 1) % kColumns == 0) map += '\n';
  }
  return map;
}

}  // namespace

int main() {
  const Examples train = moons(1000, 50, "train");
  const Examples dev = moons(200, 10, "dev");
  const Examples test = moons(1000, 1000, "test");  // both moons count the same
  double recalls[2] = {};
  int run = 0;
  for (const char* form : {"ce", "la:tau=1"}) {
    Mlp model(2, 2, 1, {.hidden = {32, 32}});
    const auto loss = make_loss(form, ClassCounts::of_labels(train.classes, 2));
    Trainer trainer(model, *loss, train, dev, {},
                    {.optimizer = "adam:lr=1e-2", .epochs = 30, .batch_tokens = 64});
    trainer.run();
    const std::vector<Real> logits = predict_logits(model, test);
    const Metrics metrics =
        compute_metrics(predictions_from_logits(std::span<const Real>(logits), test.classes, 2));
    recalls[run++] = metrics.per_class[1].recall.value_or(0);
    std::printf(
        "%s: recall of the large moon %.3f, of the small one %.3f, balanced error %.3f\n%s\n", form,
        metrics.per_class[0].recall.value_or(0), metrics.per_class[1].recall.value_or(0),
        metrics.balanced_error.value_or(1), map_of(model).c_str());
  }
  return recalls[1] > recalls[0] ? 0 : 1;  // the small moon gains
}
