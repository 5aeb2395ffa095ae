#include <tailgrad/core/ops/crf.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/safetensors.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::numbers;
using test::wanted;
using ::testing::HasSubstr;

struct Problem {
  Tensor emissions, transitions;
  std::vector<Index> offsets;
  std::vector<Index> tags;

  Index classes() const { return emissions.cols(); }
  double transition(Index from, Index to) const {
    return transitions.data()[from * (classes() + 2) + to];
  }
};

Problem problem(const std::vector<Index>& lengths, Index classes, double scale = 2,
                std::uint64_t seed = 1) {
  const std::vector<Index> offsets = test::offsets_of(lengths);
  Problem p{wanted({offsets.back(), classes}, -scale, scale, seed),
            wanted({classes + 2, classes + 2}, -scale, scale, seed + 1),
            offsets,
            {}};
  Random random(seed, "tags");
  for (Index i = 0; i < offsets.back(); ++i)
    p.tags.push_back(static_cast<Index>(random.below(static_cast<std::uint64_t>(classes))));
  return p;
}

bool may(const std::vector<std::uint8_t>& allowed, Index classes, Index from, Index to) {
  return allowed.empty() || allowed[static_cast<std::size_t>(from * (classes + 2) + to)] != 0;
}

// Every path of the rows, with its score; forbidden ones are left out.
struct Path {
  std::vector<Index> tags;
  double score;
};
std::vector<Path> all_paths(const Problem& p, const std::vector<Index>& rows,
                            const std::vector<std::uint8_t>& allowed = {},
                            const std::vector<Real>& shift = {}) {
  std::vector<Path> paths;
  std::vector<Index> tags;
  const Index classes = p.classes();
  const std::function<void(double)> extend = [&](double score) {
    const std::size_t at = tags.size();
    if (at == rows.size()) {
      if (at == 0 || may(allowed, classes, tags.back(), classes + 1))
        paths.push_back({tags, score + (at == 0 ? 0 : p.transition(tags.back(), classes + 1))});
      return;
    }
    for (Index k = 0; k < classes; ++k) {
      const Index from = at == 0 ? classes : tags.back();
      if (!may(allowed, classes, from, k)) continue;
      tags.push_back(k);
      extend(score + p.transition(from, k) + p.emissions.data()[rows[at] * classes + k] +
             (shift.empty() ? 0 : shift[static_cast<std::size_t>(k)]));
      tags.pop_back();
    }
  };
  extend(0);
  std::ranges::stable_sort(paths, std::greater<>(), &Path::score);
  return paths;
}

double log_total(const std::vector<Path>& paths) {
  double sum = 0;
  for (const Path& path : paths) sum += std::exp(path.score - paths.front().score);
  return paths.front().score + std::log(sum);
}

// Rows of sequence s without the ignored ones.
std::vector<Index> rows_of(const Problem& p, std::size_t s) {
  std::vector<Index> rows;
  for (Index i = p.offsets[s]; i < p.offsets[s + 1]; ++i)
    if (p.tags[static_cast<std::size_t>(i)] != -100) rows.push_back(i);
  return rows;
}

std::vector<Index> tags_of(const Problem& p, const std::vector<Index>& rows) {
  std::vector<Index> tags;
  for (const Index row : rows) tags.push_back(p.tags[static_cast<std::size_t>(row)]);
  return tags;
}

// -log of the share of all paths that begin with the first `count` given tags.
double prefix_loss(const std::vector<Path>& paths, const std::vector<Index>& tags,
                   std::size_t count) {
  std::vector<Path> kept;
  for (const Path& path : paths)
    if (std::equal(tags.begin(), tags.begin() + static_cast<std::ptrdiff_t>(count),
                   path.tags.begin()))
      kept.push_back(path);
  return log_total(paths) - log_total(kept);
}

double brute_force(const Problem& p, const std::vector<Real>& weights = {},
                   const std::vector<std::uint8_t>& allowed = {},
                   const std::vector<Real>& shift = {}) {
  double sum = 0;
  for (std::size_t s = 0; s + 1 < p.offsets.size(); ++s) {
    const std::vector<Index> rows = rows_of(p, s);
    if (rows.empty()) continue;
    const std::vector<Path> paths = all_paths(p, rows, allowed, shift);
    const std::vector<Index> tags = tags_of(p, rows);
    for (std::size_t t = 0; t < rows.size(); ++t)
      sum += (weights.empty() ? 1 : weights[static_cast<std::size_t>(rows[t])]) *
             (prefix_loss(paths, tags, t + 1) - prefix_loss(paths, tags, t));
  }
  return sum;
}

// IOB-like: tag k may follow k - 1 or itself; the last tag may not begin.
std::vector<std::uint8_t> some_rules(Index classes) {
  const Index side = classes + 2;
  std::vector<std::uint8_t> allowed(static_cast<std::size_t>(side * side), 1);
  allowed[static_cast<std::size_t>(classes * side + classes - 1)] = 0;
  for (Index i = 0; i + 2 < classes; ++i)
    allowed[static_cast<std::size_t>(i * side + classes - 1)] = 0;
  return allowed;
}

TEST(Crf, LikelihoodIsThatOfAllPaths) {
  for (const Index classes : {1, 2, 3, 4})
    for (const double scale : {0.1, 2.0, 30.0, 400.0}) {
      Problem p = problem({1, 3, 0, 5, 2}, classes, scale);
      const double expected = brute_force(p);
      EXPECT_NEAR(crf_nll(p.emissions, p.transitions, p.offsets, p.tags).item(), expected,
                  1e-12 * std::max(1.0, expected));
      p.tags[2] = p.tags[6] = p.tags[10] = -100;  // inside, at an end
      p.tags[0] = -100;                           // a whole sequence
      EXPECT_NEAR(crf_nll(p.emissions, p.transitions, p.offsets, p.tags).item(), brute_force(p),
                  1e-12 * std::max(1.0, expected));
    }
}

TEST(Crf, WeightsShiftsAndRulesAreThoseOfAllPaths) {
  Problem p = problem({1, 3, 0, 5, 2}, 3);
  const std::vector<Real> weights{0.5, 2, 0, 1, 3, 0.1, 1, 4, 1, 0.2, 2};
  const std::vector<Real> shift{0.5, -1, 2};
  const std::vector<std::uint8_t> allowed = some_rules(3);
  p.tags = {0, 0, 1, 2, 1, 1, 2, 2, 1, -100, 0};
  const auto value = [&](const std::vector<Real>& w, const CrfOptions& options) {
    return crf_nll(p.emissions, p.transitions, p.offsets, p.tags, w, options).item();
  };
  EXPECT_NEAR(value(weights, {}), brute_force(p, weights), 1e-12);
  EXPECT_NEAR(value({}, {.shift = shift}), brute_force(p, {}, {}, shift), 1e-12);
  EXPECT_NEAR(value({}, {.allowed = allowed}), brute_force(p, {}, allowed), 1e-12);
  EXPECT_NEAR(value(weights, {.shift = shift, .allowed = allowed}),
              brute_force(p, weights, allowed, shift), 1e-12);
}

TEST(Crf, Gradients) {
  const std::vector<std::uint8_t> allowed = some_rules(3);
  const std::vector<Real> shift{0.5, -1, 2};
  const std::vector<Real> weights{0.5, 2, 0, 1, 3, 0.1, 1, 4, 1, 0.2, 2};
  for (const double scale : {0.3, 4.0}) {
    Problem p = problem({1, 3, 0, 5, 2}, 3, scale);
    p.tags = {0, 0, 1, 2, 1, 1, 2, 2, 1, -100, 0};
    for (const bool weighted : {false, true})
      for (const CrfOptions& options :
           {CrfOptions{}, CrfOptions{.shift = shift}, CrfOptions{.allowed = allowed}})
        for (const double expected_scale : {1.0, 0.25}) {
          EXPECT_GRADIENTS(
              [&](const Tensor& e, const Tensor& t) {
                return crf_nll(e, t, p.offsets, p.tags,
                               weighted ? std::span<const Real>(weights) : std::span<const Real>(),
                               options, expected_scale);
              },
              p.emissions, p.transitions);
        }
  }
}

TEST(Crf, LogMarginalsAreThoseOfAllPaths) {
  for (const double scale : {0.5, 3.0, 100.0}) {
    Problem p = problem({1, 3, 0, 5, 2}, 3, scale);
    p.tags[2] = p.tags[6] = -100;
    const Tensor logs = crf_log_marginals(p.emissions, p.transitions, p.offsets, p.tags);
    for (std::size_t s = 0; s + 1 < p.offsets.size(); ++s) {
      const std::vector<Index> rows = rows_of(p, s);
      if (rows.empty()) continue;
      const std::vector<Path> paths = all_paths(p, rows);
      for (std::size_t t = 0; t < rows.size(); ++t)
        for (Index k = 0; k < 3; ++k) {
          std::vector<Path> kept;
          for (const Path& path : paths)
            if (path.tags[t] == k) kept.push_back(path);
          EXPECT_NEAR(logs.data()[rows[t] * 3 + k], log_total(kept) - log_total(paths),
                      1e-12 * std::max(1.0, scale));
        }
    }
    for (Index k = 0; k < 3; ++k) EXPECT_EQ(logs.data()[2 * 3 + k], 0);
  }
}

TEST(Crf, LogMarginalGradients) {
  const std::vector<std::uint8_t> allowed = some_rules(3);
  const std::vector<Real> shift{0.5, -1, 2};
  for (const double scale : {0.3, 3.0}) {
    Problem p = problem({1, 3, 0, 5, 2}, 3, scale);
    p.tags[2] = -100;
    for (const CrfOptions& options :
         {CrfOptions{}, CrfOptions{.shift = shift}, CrfOptions{.allowed = allowed}})
      EXPECT_GRADIENTS(
          [&](const Tensor& e, const Tensor& t) {
            return crf_log_marginals(e, t, p.offsets, p.tags, options);
          },
          p.emissions, p.transitions);
  }
}

TEST(Crf, MarginalsSumToOne) {
  const Problem p = problem({7, 40}, 5, 3);
  const Tensor m = crf_marginals(p.emissions, p.transitions, p.offsets);
  for (std::size_t i = 0; i < 47; ++i)
    EXPECT_NEAR(std::accumulate(m.data() + 5 * i, m.data() + 5 * i + 5, 0.0), 1, 1e-13);
}

TEST(Crf, DecodingFindsTheBestOfAllPaths) {
  for (const double scale : {0.5, 50.0}) {
    const Problem p = problem({1, 3, 0, 5, 2}, 3, scale);
    for (const std::vector<std::uint8_t>& allowed : {std::vector<std::uint8_t>{}, some_rules(3)})
      for (const std::vector<Real>& shift : {std::vector<Real>{}, std::vector<Real>{5, 0, -5}}) {
        const CrfOptions options{.shift = shift, .allowed = allowed};
        const std::vector<Index> best = viterbi(p.emissions, p.transitions, p.offsets, options);
        const auto listed = n_best_paths(p.emissions, p.transitions, p.offsets, 10, options);
        for (std::size_t s = 0; s + 1 < p.offsets.size(); ++s) {
          const std::vector<Index> rows = rows_of(p, s);
          if (rows.empty()) {
            EXPECT_TRUE(listed[s].empty());
            continue;
          }
          const std::vector<Path> paths = all_paths(p, rows, allowed, shift);
          EXPECT_EQ(
              std::vector<Index>(best.begin() + p.offsets[s], best.begin() + p.offsets[s + 1]),
              paths.front().tags);
          ASSERT_EQ(listed[s].size(), std::min<std::size_t>(10, paths.size()));
          for (std::size_t r = 0; r < listed[s].size(); ++r) {
            EXPECT_EQ(listed[s][r].tags, paths[r].tags);
            EXPECT_NEAR(listed[s][r].score, paths[r].score, 1e-12 * std::max(1.0, scale));
          }
        }
      }
  }
}

TEST(Crf, OfEqualPathsTheLowerTagWins) {
  const Problem p{Tensor::zeros({3, 2}), Tensor::zeros({4, 4}), {0, 3}, {}};
  EXPECT_THAT(viterbi(p.emissions, p.transitions, p.offsets), testing::ElementsAre(0, 0, 0));
}

TEST(Crf, EqualsTheGoldenFile) {
  const Safetensors file =
      Safetensors::read(TAILGRAD_SOURCE_DIR "/tests/golden/sequences.safetensors");
  for (const std::string topic : {"crf", "crf-large-scores"}) {
    const auto tensor = [&](const std::string& name) {
      const StoredTensor& found = file.at(topic + "/" + name);
      const Shape shape{static_cast<Index>(found.shape[0]), static_cast<Index>(found.shape[1])};
      return Tensor::from(shape, found.as_doubles()).require_grad();
    };
    const auto indices = [&](const std::string& name) {
      std::vector<Index> all;
      for (const std::int64_t value : file.at(topic + "/" + name).as_integers())
        all.push_back(static_cast<Index>(value));
      return all;
    };
    const Tensor emissions = tensor("input/emissions");
    const Tensor transitions = tensor("input/transitions");
    const std::vector<Index> offsets = indices("input/offsets");
    const std::vector<Index> tags = indices("input/labels");
    const std::vector<double> losses = file.at(topic + "/output").as_doubles();
    const Tensor sum = crf_nll(emissions, transitions, offsets, tags);
    EXPECT_NEAR(sum.item(), std::accumulate(losses.begin(), losses.end(), 0.0), 1e-11);
    backward(sum);
    const auto near = [&](std::span<const Real> values, const std::string& name) {
      const std::vector<double> expected = file.at(topic + "/" + name).as_doubles();
      ASSERT_EQ(values.size(), expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i)
        EXPECT_NEAR(values[i], expected[i], 1e-12) << topic << " " << name << " " << i;
    };
    near(emissions.grad(), "gradient/emissions");
    near(transitions.grad(), "gradient/transitions");
    near(crf_marginals(emissions, transitions, offsets).values(), "marginals");
    EXPECT_EQ(viterbi(emissions, transitions, offsets), indices("path"));
    const auto listed = n_best_paths(emissions, transitions, offsets, 2);
    const std::vector<double> first = file.at(topic + "/path_score").as_doubles();
    const std::vector<double> second = file.at(topic + "/second_score").as_doubles();
    for (std::size_t s = 0; s < listed.size(); ++s) {
      EXPECT_NEAR(listed[s][0].score, first[s], 1e-11);
      EXPECT_NEAR(listed[s][1].score, second[s], 1e-11);
    }
  }
}

// Scores of ±1e4 push every fast sum out of range.
TEST(Crf, HugeScores) {
  Problem p = problem({1, 4, 5}, 3, 1e4);
  EXPECT_NEAR(crf_nll(p.emissions, p.transitions, p.offsets, p.tags).item(), brute_force(p), 1e-7);
  for (Tensor* tensor : {&p.emissions, &p.transitions}) tensor->clear_grad();
  backward(crf_nll(p.emissions, p.transitions, p.offsets, p.tags));
  for (const Tensor& tensor : {p.emissions, p.transitions})
    for (const Real g : tensor.grad()) EXPECT_TRUE(std::isfinite(g));
}

// Ten thousand tokens of one tag and no preference: the loss is n log C, whatever n is.
TEST(Crf, LongSequences) {
  constexpr Index kTokens = 10000;
  const Tensor emissions = Tensor::zeros({kTokens, 4}).require_grad();
  const Tensor transitions = Tensor::zeros({6, 6}).require_grad();
  const std::vector<Index> offsets{0, kTokens};
  const std::vector<Index> tags(kTokens, 1);
  const Tensor sum = crf_nll(emissions, transitions, offsets, tags);
  EXPECT_NEAR(sum.item(), kTokens * std::log(4.0), 1e-7);
  backward(sum);
  for (std::size_t i = 0; i < emissions.size(); ++i)
    EXPECT_NEAR(emissions.grad()[i], i % 4 == 1 ? -0.75 : 0.25, 1e-10);
}

TEST(Crf, RefusesWhatDoesNotFit) {
  const Problem p = problem({2, 3}, 3);
  const auto call = [&](const CrfOptions& options, const std::vector<Index>& tags,
                        const Tensor& emissions) {
    return message_of([&] { crf_nll(emissions, p.transitions, p.offsets, tags, {}, options); });
  };
  EXPECT_THAT(call({}, {0, 1, 2, 3, 0}, p.emissions),
              HasSubstr("the tag of token 3 is 3; allowed are 0 .. 2 and -100 (ignored)"));
  EXPECT_THAT(call({}, {0, 1}, p.emissions), HasSubstr("needs one tag a token, not 2"));
  EXPECT_THAT(call({}, p.tags, numbers({5, 2}, 0, 1)),
              HasSubstr("transitions [classes + 2, classes + 2]"));
  const Tensor broken = numbers({5, 3}, 0, 1);
  broken.mutable_data()[7] = std::nan("");
  EXPECT_THAT(call({}, p.tags, broken), HasSubstr("the emission of token 2, class 1 is nan"));
  EXPECT_THAT(message_of([&] { viterbi(broken, p.transitions, p.offsets); }),
              HasSubstr("scores that are not finite"));
  const std::vector<std::uint8_t> none(25, 0);
  EXPECT_THAT(call({.allowed = none}, p.tags, p.emissions), HasSubstr("has no allowed path"));
  EXPECT_THAT(
      message_of([&] { viterbi(p.emissions, p.transitions, p.offsets, {.allowed = none}); }),
      HasSubstr("has no allowed path"));
  EXPECT_THAT(call({.allowed = some_rules(3)}, {0, 2, 0, 0, 0}, p.emissions),
              HasSubstr("the tag of token 1 is not allowed after those before it"));
  EXPECT_THAT(call({.shift = std::vector<Real>{1}}, p.tags, p.emissions),
              HasSubstr("needs one shift a class, not 1"));
}

}  // namespace
}  // namespace tailgrad
