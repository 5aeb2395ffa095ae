// The sequence losses on sequences; on single tokens the contract test has them.
#include <losses/check.h>

#include <gmock/gmock.h>

#include <support/messages.h>
#include <tailgrad/core/gradient_check.h>
#include <tailgrad/core/ops/crf.h>
#include <tailgrad/core/random.h>
#include <tailgrad/losses/crf.h>

namespace tailgrad::test {
namespace {

constexpr Index kTags = 4;
const std::vector<Index> kOffsets = {0, 3, 4, 4, 9};

Tensor wanted(const Shape& shape, double low, double high, std::uint64_t seed) {
  Tensor tensor = Tensor::empty(shape);
  Random random(seed, "test");
  for (Real& number : tensor.mutable_values()) number = random.uniform(low, high);
  return tensor.require_grad();
}

struct Batch {
  Tensor logits = wanted({9, kTags}, -3, 3, 1);
  Tensor transitions = wanted({kTags + 2, kTags + 2}, -2, 2, 2);
  std::vector<Index> tags = {0, 1, 0, 3, 0, 2, kIgnoredLabel, 0, 1};

  Targets targets() const {
    return {.classes = tags, .offsets = kOffsets, .transitions = transitions};
  }
};

LossSetup mostly_outside() {
  return {.counts = ClassCounts(std::vector<double>{900, 60, 30, 10})};
}

const std::vector<std::string> kForms = {
    "crf",
    "crf:tau=1",
    "crf:weights=inverse,strategy=token",
    "crf:weights=inverse,strategy=sequence",
    "crf:weights=sqrt-inverse,strategy=token,tau=0.5,normalise=tokens",
    "crf-marginals",
    "crf-marginals:base=dice:scope=class",
    "crf-marginals:base=dsc:alpha=0.6/scope=batch,nll=0.5",
    "crf-marginals:base=wce:weights=inverse",
    "crf-marginals:base=la",
};

// Everything at once: logits, transitions, any upstream gradient.
TEST(CrfLoss, Gradients) {
  const Batch b;
  for (const std::string& form : kForms) {
    SCOPED_TRACE(form);
    const auto loss = make_loss(form, mostly_outside());
    const GradientReport report = check_gradients(
        [&](std::span<const Tensor> in) {
          Targets targets = b.targets();
          targets.transitions = in[1];
          return (*loss)(in[0], targets).mean();
        },
        std::vector<Tensor>{b.logits, b.transitions});
    EXPECT_TRUE(report.passed) << report.text;
  }
}

double value(const std::string& form, const Batch& b) {
  const auto loss = make_loss(form, mostly_outside());
  const NoGrad no_grad;
  return (*loss)(b.logits, b.targets()).mean().item();
}

TEST(CrfLoss, TheNormaliserIsSequencesOrTokens) {
  const Batch b;
  const auto loss = make_loss("crf");
  EXPECT_EQ(loss->normaliser(b.targets(), kTags), 3);  // the empty one does not count
  EXPECT_EQ(make_loss("crf:normalise=tokens")->normaliser(b.targets(), kTags), 8);
  EXPECT_NEAR(value("crf", b) * 3, value("crf:normalise=tokens", b) * 8, 1e-12);
}

TEST(CrfLoss, AdjustmentIsAShiftOfTheEmissions) {
  Batch b;
  const double adjusted = value("crf:tau=1.5", b);
  const std::vector<double> log_prior = mostly_outside().counts.log_prior();
  for (std::size_t i = 0; i < b.logits.size(); ++i)
    b.logits.mutable_data()[i] += 1.5 * log_prior[i % kTags];
  EXPECT_NEAR(adjusted, value("crf", b), 1e-12);
  const std::vector<Real> undone = crf_post_hoc_shift(mostly_outside().counts, 1.5);
  for (std::size_t k = 0; k < kTags; ++k) EXPECT_NEAR(undone[k], -1.5 * log_prior[k], 1e-12);
}

// Weights of one: both strategies are the likelihood, as is the cross-entropy of each factor.
TEST(CrfLoss, UniformWeightsChangeNothing) {
  const Batch b;
  const LossSetup uniform{.counts = ClassCounts(std::vector<double>(kTags, 50))};
  const NoGrad no_grad;
  const double plain = (*make_loss("crf"))(b.logits, b.targets()).mean().item();
  for (const char* form :
       {"crf:weights=inverse,strategy=token", "crf:weights=inverse,strategy=sequence"})
    EXPECT_NEAR((*make_loss(form, uniform))(b.logits, b.targets()).mean().item(), plain, 1e-12);
}

// A sequence's weight is the mean of its tags' weights.
TEST(CrfLoss, SequenceWeights) {
  const Batch b;
  const std::vector<double> w = class_weights(mostly_outside().counts, {.kind = "inverse"}).values;
  const NoGrad no_grad;
  double expected = 0;
  const double mean[] = {(2 * w[0] + w[1]) / 3, w[3], 0, (2 * w[0] + w[2] + w[1]) / 4};
  for (std::size_t s = 0; s < 4; ++s) {
    const Index begin = kOffsets[s];
    const Index length = kOffsets[s + 1] - begin;
    const std::vector<Index> offsets{0, length};
    const Tensor nll = crf_nll(b.logits.row_range(begin, begin + length), b.transitions, offsets,
                               std::span(b.tags).subspan(static_cast<std::size_t>(begin),
                                                         static_cast<std::size_t>(length)));
    expected += mean[s] * nll.item();
  }
  EXPECT_NEAR(value("crf:weights=inverse,strategy=sequence", b) * 3, expected, 1e-12);
}

TEST(CrfLoss, AnySplitByLinesGivesTheSame) {
  for (const std::string& form : kForms) {
    SCOPED_TRACE(form);
    const Batch b;
    const auto loss = make_loss(form, mostly_outside());
    const LossOutput whole = (*loss)(b.logits, b.targets());
    std::vector<double> statistics;
    std::vector<Targets> parts;
    std::vector<Tensor> logits;
    const std::vector<Index> first{0, 3, 4};
    const std::vector<Index> second{0, 0, 5};
    for (const bool later : {false, true}) {
      Targets part = b.targets();
      part.classes = std::span<const Index>(b.tags).subspan(later ? 4 : 0, later ? 5 : 4);
      part.offsets = later ? second : first;
      parts.push_back(part);
      logits.push_back(b.logits.row_range(later ? 4 : 0, later ? 9 : 4));
      const std::vector<double> more = loss->statistics(logits.back(), part);
      statistics.resize(more.size());
      for (std::size_t i = 0; i < more.size(); ++i) statistics[i] += more[i];
    }
    double sum = 0;
    double normaliser = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      const LossOutput part =
          (*loss)(logits[i], parts[i], {.first_item = 4 * i, .statistics = statistics});
      sum += part.sum.item();
      normaliser += loss->normaliser(parts[i], kTags);
    }
    EXPECT_NEAR(normaliser, whole.normaliser, 1e-12);
    EXPECT_NEAR(sum, whole.sum.item(), 1e-11);
    Tape::current().clear();
  }
}

TEST(CrfLoss, IgnoredTokensAreTakenOut) {
  const Batch b;
  Batch fewer;
  fewer.logits = Tensor::empty({8, kTags});
  std::copy_n(b.logits.data(), 6 * kTags, fewer.logits.mutable_data());
  std::copy_n(b.logits.data() + 7 * kTags, 2 * kTags, fewer.logits.mutable_data() + 6 * kTags);
  fewer.tags.erase(fewer.tags.begin() + 6);
  const std::vector<Index> offsets{0, 3, 4, 4, 8};
  for (const std::string& form : kForms) {
    const auto loss = make_loss(form, mostly_outside());
    Targets targets = fewer.targets();
    targets.offsets = offsets;
    const NoGrad no_grad;
    EXPECT_NEAR((*loss)(fewer.logits, targets).mean().item(), value(form, b), 1e-12) << form;
  }
}

TEST(CrfLoss, RefusesWhatDoesNotFit) {
  const Batch b;
  const auto loss = make_loss("crf");
  Targets targets = b.targets();
  targets.offsets = {};
  EXPECT_THAT(message_of([&] { (*loss)(b.logits, targets); }),
              testing::HasSubstr("needs the offsets of the sequences"));
  targets = b.targets();
  targets.transitions = {};
  EXPECT_THAT(message_of([&] { (*loss)(b.logits, targets); }),
              testing::HasSubstr("needs transitions [classes + 2, classes + 2]"));
  EXPECT_THAT(message_of([] { make_loss("crf:weights=inverse"); }),
              testing::HasSubstr("needs the class counts"));
  EXPECT_THAT(message_of([] { make_loss("crf:tau=1"); }),
              testing::HasSubstr("needs the class counts"));
  EXPECT_THAT(message_of([] { make_loss("crf:weights=file"); }),
              testing::HasSubstr("weights=file needs the class weights"));
  EXPECT_THAT(message_of([] { make_loss("crf-marginals:base=crf"); }),
              testing::HasSubstr("is itself a loss of sequences"));
  EXPECT_THAT(message_of([] { make_loss("crf-marginals:base=nonsense"); }),
              testing::HasSubstr("base=nonsense"));
}

}  // namespace
}  // namespace tailgrad::test
