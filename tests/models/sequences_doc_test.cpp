// The worked example of docs/sequences.md: every number of its tables is computed here and looked
// for there.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include <tailgrad/core/ops/crf.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

const char kNames[] = {'O', 'P'};

class SequencesPage : public testing::Test {
 protected:
  SequencesPage() {
    std::ifstream file(TAILGRAD_SOURCE_DIR "/docs/sequences.md");
    page_.assign(std::istreambuf_iterator<char>(file), {});
    // Rows and columns O, P, begin, end.
    transitions_ = Tensor::parameter({4, 4});
    const Real values[] = {0.5, -0.5, 0, 0, 0, 1.5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
    std::copy_n(values, 16, transitions_.mutable_data());
    emissions_ = Tensor::parameter({3, 2});
    const Real scores[] = {1, 2, 1.5, 1, 2, 0};
    std::copy_n(scores, 6, emissions_.mutable_data());
  }
  void expect(const std::string& text) const {
    EXPECT_NE(page_.find(text), std::string::npos) << "docs/sequences.md lacks: " << text;
  }
  std::string page_;
  Tensor emissions_;
  Tensor transitions_;
  const std::vector<Index> offsets_ = {0, 3};
};

TEST_F(SequencesPage, EverySentenceHasItsProbability) {
  const NoGrad no_grad;
  double sum = 0;
  for (Index path = 0; path < 8; ++path) {
    const std::vector<Index> tags = {path / 4, path / 2 % 2, path % 2};
    const double probability = std::exp(-crf_nll(emissions_, transitions_, offsets_, tags).item());
    const auto paths = n_best_paths(emissions_, transitions_, offsets_, 8)[0];
    for (const ScoredPath& scored : paths) {
      if (scored.tags != tags) continue;
      const bool best = tags == std::vector<Index>{1, 1, 0};
      const char* const bold = best ? "**" : "";
      expect(fmt::format("| {0}{1} {2} {3}{0} | {0}{4:.1f}{0} | {5:.4f} | {0}{6:.4f}{0} |", bold,
                         kNames[tags[0]], kNames[tags[1]], kNames[tags[2]], scored.score,
                         std::exp(scored.score), probability));
    }
    sum += probability;
  }
  EXPECT_NEAR(sum, 1, 1e-12);
  EXPECT_EQ(viterbi(emissions_, transitions_, offsets_), (std::vector<Index>{1, 1, 0}));
}

TEST_F(SequencesPage, TheGradientIsMarginalsMinusCounts) {
  const std::vector<Index> right = {1, 1, 0};
  const Tensor loss = crf_nll(emissions_, transitions_, offsets_, right);
  expect(fmt::format("7.4967 - 6.5 = {:.4f}", loss.item()));
  const double log_sum = loss.item() + 6.5;
  expect(fmt::format("where {:.4f} is the logarithm", log_sum));
  backward(loss);
  const NoGrad no_grad;
  const Tensor marginals = crf_marginals(emissions_, transitions_, offsets_);
  const char* const words[] = {"Anna ", "Berg ", "slept"};
  for (std::size_t t = 0; t < 3; ++t)
    expect(fmt::format("| {} | {:.4f} | {:.4f} | {} | {:.4f} | {:.4f} |", words[t],
                       marginals.data()[2 * t], marginals.data()[2 * t + 1], kNames[right[t]],
                       emissions_.grad()[2 * t], emissions_.grad()[2 * t + 1]));
  const auto g = transitions_.grad();
  expect(fmt::format("{:.4f} - 1, for P → O {:.4f} - 1, for O → O {:.4f}, for O → P {:.4f}",
                     g[5] + 1, g[4] + 1, g[0], g[1]));
}

}  // namespace
}  // namespace tailgrad
