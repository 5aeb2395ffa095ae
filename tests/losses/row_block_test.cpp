// A softmax of many classes takes its powers relative to the largest of the first logits of a row,
// before it has seen the others: where the largest of all stands must not matter.
#include <tailgrad/losses/table.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/losses/transpose.h>

namespace tailgrad::test {
namespace {

constexpr Index kRowItems = 40;
constexpr Index kRowClasses = 200;
constexpr Index kTurn = 100;   // classes change places with those so much further
constexpr Index kLarge = 150;  // after the turn among the first

struct Evaluation {
  double sum;
  std::vector<Real> gradient;
};

// The loss with class k at place (k + turn) % kRowClasses, and its gradient by class.
Evaluation evaluate_turned(const std::string& form, Index turn, Real above) {
  const auto place = [turn](Index k) { return static_cast<std::size_t>((k + turn) % kRowClasses); };
  Random random(7, "row block");
  Tensor logits = Tensor::empty({kRowItems, kRowClasses});
  std::vector<Index> labels;
  std::vector<double> counts(kRowClasses);
  for (Index k = 0; k < kRowClasses; ++k) counts[place(k)] = 1000 - 4 * k;
  const auto at = [&](Index i, Index k) {
    return static_cast<std::size_t>(i) * kRowClasses + place(k);
  };
  for (Index i = 0; i < kRowItems; ++i) {
    for (Index k = 0; k < kRowClasses; ++k)
      logits.mutable_data()[at(i, k)] = static_cast<Real>(random.normal());
    if (i % 2 == 0) logits.mutable_data()[at(i, kLarge)] += above;
    labels.push_back(static_cast<Index>(place(i % 3 == 0 ? kLarge : 5 * i)));
  }
  logits.require_grad();
  const LossOutput output =
      (*make_loss(form, ClassCounts(counts)))(logits, Targets{.classes = labels});
  backward(output.mean());
  Evaluation result{.sum = static_cast<double>(output.sum.item()), .gradient = {}};
  for (Index i = 0; i < kRowItems; ++i)
    for (Index k = 0; k < kRowClasses; ++k) result.gradient.push_back(logits.grad()[at(i, k)]);
  return result;
}

class ManyClasses : public testing::TestWithParam<std::string> {};

TEST_P(ManyClasses, WhereTheLargestLogitStandsDoesNotMatter) {
  const double tolerance = sizeof(Real) == 8 ? 1e-11 : 1e-5;
  for (const int above : {0, 35, 50, 300, 5000}) {
    SCOPED_TRACE(above);
    const Evaluation there = evaluate_turned(GetParam(), 0, static_cast<Real>(above));
    const Evaluation here = evaluate_turned(GetParam(), kTurn, static_cast<Real>(above));
    EXPECT_TRUE(std::isfinite(there.sum));
    EXPECT_NEAR(there.sum, here.sum, tolerance * std::max(1.0, std::abs(here.sum)));
    double largest = 0;
    for (const Real g : here.gradient)
      largest = std::max(largest, std::abs(static_cast<double>(g)));
    EXPECT_GT(largest, 0);
    for (std::size_t i = 0; i < here.gradient.size(); ++i)
      ASSERT_NEAR(there.gradient[i], here.gradient[i], tolerance * largest)
          << "item " << i / kRowClasses << ", class " << i % kRowClasses;
  }
}

TEST(Transpose, MovesEveryNumberToItsPlace) {
  for (const std::size_t height : {1, 3, 4, 15, 16, 17, 33, 64}) {
    for (const std::size_t width : {1, 2, 3, 4, 5, 15, 16, 17, 31, 64}) {
      SCOPED_TRACE(std::to_string(height) + " rows of " + std::to_string(width));
      std::vector<Real> from(height * width);
      for (std::size_t i = 0; i < from.size(); ++i) from[i] = static_cast<Real>(i + 1);
      std::vector<Real> to(from.size(), 0);
      rows::transpose(from.data(), width, height, width, to.data(), height);
      for (std::size_t i = 0; i < height; ++i)
        for (std::size_t j = 0; j < width; ++j)
          ASSERT_EQ(to[j * height + i], from[i * width + j]) << "row " << i << ", column " << j;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Losses, ManyClasses,
                         testing::Values("ce", "ce:label_smoothing=0.1", "focal", "gce", "la",
                                         "pairwise:tau_other=1", "ldam", "vs", "seesaw",
                                         "logit-norm", "lade", "dice", "tversky", "dsc",
                                         "dsc:alpha=0.5", "dice:scope=class", "dice:scope=batch",
                                         "tversky:alpha=0.3,beta=0.7,scope=class",
                                         "dsc:alpha=0.5,scope=batch"),
                         [](const auto& loss) {
                           std::string name = loss.param;
                           for (char& c : name)
                             if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
                           return name;
                         });

}  // namespace
}  // namespace tailgrad::test
