// NaN, infinities, denormal and huge numbers through every op: what comes out is what the
// definition gives in a wider type, wherever in a row the number stands. A NaN in the upstream
// gradient reaches every gradient that depends on it. Every op of core/ops.h has an entry in
// special_cases(), or a test here fails.
#include "special_values.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <iterator>
#include <limits>
#include <numeric>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>

namespace tailgrad::special {
namespace {

using test::numbers;
using Limits = std::numeric_limits<Real>;

const Wide kTiny = static_cast<Wide>(Limits::denorm_min());

/// From 1 to beyond the longest vectors: all, or those around the widths of vectors.
std::vector<Index> sizes(const SpecialCase& op) {
  std::vector<Index> all(67);
  std::iota(all.begin(), all.end(), 1);
  if (!op.element_wise) all = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 20, 31, 33, 40, 63, 64, 65, 67};
  std::erase_if(all, [&](Index n) { return n > op.largest; });
  return all;
}

std::vector<Tensor> make_inputs(const SpecialCase& op, Index n) {
  std::vector<Tensor> inputs;
  for (const Shape& shape : op.shapes(n))
    inputs.push_back(numbers(shape, op.low, op.high, 7 + inputs.size()));
  return inputs;
}

std::vector<Wides> widened(const std::vector<Tensor>& inputs) {
  std::vector<Wides> wide;
  for (const Tensor& input : inputs) wide.emplace_back(input);
  return wide;
}

/// Positions of a planted number: the ends, the middle, and some that differ from size to size.
std::vector<std::size_t> positions(std::size_t size, Index n) {
  const auto turn = static_cast<std::size_t>(n);
  const std::set<std::size_t> at = {0, size - 1, size / 2, turn * 7 % size, turn * 13 % size};
  return {at.begin(), at.end()};
}

/// Nothing when `got` is `want` rounded to Real, but for `slack`.
bool agrees(Real got, Wide want, Wide slack) {
  const Real nearest = static_cast<Real>(want);
  if (std::isnan(nearest)) return std::isnan(got);
  if (std::isinf(nearest) || std::isinf(got))
    return got == nearest ||  // the number before the last rounding may fall on the other side
           (std::abs(std::abs(want) / static_cast<Wide>(Limits::max()) - 1) < 1e-5L &&
            (got > 0) == (want > 0));
  return std::abs(static_cast<Wide>(got) - want) <= slack;
}

Wide largest(const Wides& values) {
  Wide most = 0;
  for (const Wide value : values.v)
    if (std::isfinite(static_cast<Real>(value))) most = std::max(most, std::abs(value));
  return most;
}

/// Runs the op on these inputs and compares; `what` says what is special about them.
testing::AssertionResult compare(const SpecialCase& op, Index n, const std::vector<Tensor>& inputs,
                                 const std::string& what) {
  const Tensor got = op.run(inputs, n);
  const std::vector<Wides> wide = widened(inputs);
  const Wides want = op.expected(wide, n);
  if (want.v.size() != got.size())
    return testing::AssertionFailure() << op.name << ": sizes differ, the test is wrong";
  const Wide eps = static_cast<Wide>(Limits::epsilon());
  const Wide shared = op.element_wise ? 0 : op.tolerance * eps * largest(want);
  for (std::size_t i = 0; i < got.size(); ++i) {
    Wide slack = shared + 4 * kTiny * static_cast<Wide>(op.element_wise ? 1 : n);
    if (op.element_wise) {
      slack += op.tolerance * eps * std::abs(want.v[i]);
      if (op.absolute > 0) slack += op.absolute * std::min(Wide{1}, std::abs(wide[0].v[i]));
    }
    if (!agrees(got.data()[i], want.v[i], slack))
      return testing::AssertionFailure()
             << op.name << " (" << op.what << "), n = " << n << ", " << what << ": element " << i
             << " is " << got.data()[i] << ", the definition gives " << want.v[i];
  }
  return testing::AssertionSuccess();
}

struct Special {
  const char* name;
  Real value;
  bool huge = false;
};

const std::vector<Special> kSpecials = {
    {"NaN", Limits::quiet_NaN()},
    {"infinity", Limits::infinity()},
    {"-infinity", -Limits::infinity()},
    {"the least denormal", Limits::denorm_min()},
    {"the least denormal below zero", -Limits::denorm_min()},
    {"the largest denormal", Limits::min() - Limits::denorm_min()},
    {"the least normal number", Limits::min()},
    {"-0", -Real{0}},
    {"the largest number", Limits::max(), true},
    {"the lowest number", Limits::lowest(), true},
};

TEST(SpecialValues, EveryOpHasAnEntry) {
  std::set<std::string> tested;
  for (const SpecialCase& op : special_cases()) tested.insert(op.name);
  const std::string folder = std::string(TAILGRAD_SOURCE_DIR) + "/core/";
  const auto read = [](const std::string& path) {
    std::ifstream in(path);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  const std::string list = read(folder + "ops.h");
  const std::regex include("#include <tailgrad/core/(ops/[a-z0-9_]+\\.h)>");
  const std::regex op("\n(?:Tensor|std::vector<[^\n]*>) ([a-z0-9_]+)\\(");
  std::set<std::string> declared;
  for (std::sregex_iterator file(list.begin(), list.end(), include), end; file != end; ++file) {
    const std::string header = read(folder + (*file)[1].str());
    for (std::sregex_iterator found(header.begin(), header.end(), op); found != end; ++found)
      declared.insert((*found)[1]);
  }
  // Chains of the CRF refuse what is not finite and return tags: tests of their own below.
  for (const char* decoder : {"viterbi", "n_best_paths"}) tested.insert(decoder);
  EXPECT_GT(declared.size(), 50u);
  EXPECT_EQ(tested, declared);
}

class SpecialValuesOf : public testing::TestWithParam<std::size_t> {
 protected:
  const SpecialCase& op() const { return special_cases()[GetParam()]; }
};

TEST_P(SpecialValuesOf, AreThoseOfTheDefinition) {
  for (const Index n : sizes(op())) {
    std::vector<Tensor> inputs = make_inputs(op(), n);
    ASSERT_TRUE(compare(op(), n, inputs, "ordinary numbers"));
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!op().plants(k)) continue;
      for (const Special& special : kSpecials) {
        if (special.huge && !op().takes_huge) continue;
        if (op().finite_only && !std::isfinite(special.value)) continue;
        if (std::isinf(special.value) && !op().takes_infinity(k)) continue;
        for (const std::size_t at : positions(inputs[k].size(), n)) {
          const Real before = std::exchange(inputs[k].mutable_data()[at], special.value);
          ASSERT_TRUE(compare(op(), n, inputs,
                              std::string(special.name) + " at " + std::to_string(at) +
                                  " of input " + std::to_string(k)));
          inputs[k].mutable_data()[at] = before;
        }
      }
    }
  }
}

// All of the first input: under flushing to zero these would be lost.
TEST_P(SpecialValuesOf, OfNothingButDenormalNumbers) {
  const Real scale = Limits::min() / 64;
  for (const Index n : sizes(op())) {
    std::vector<Tensor> inputs = make_inputs(op(), n);
    for (Real& value : inputs[0].mutable_values()) value *= scale;
    ASSERT_TRUE(compare(op(), n, inputs, "denormal numbers"));
  }
}

// Of ops that work element by element: every special number at every place has the bits that it
// has alone, so the vector body and the rest of a loop agree.
TEST_P(SpecialValuesOf, HaveTheSameBitsAtEveryPlace) {
  if (!op().element_wise || op().by_place || op().shapes(2).size() != 1) return;
  for (Index n = 1; n <= 67; ++n)
    for (std::size_t shift = 0; shift < kSpecials.size(); ++shift) {
      Tensor x = Tensor::empty({n});
      for (std::size_t i = 0; i < x.size(); ++i)
        x.mutable_data()[i] = (i + shift) % 3 == 0
                                  ? static_cast<Real>(0.3) * static_cast<Real>(i) - 5
                                  : kSpecials[(i + shift) % kSpecials.size()].value;
      const Tensor y = op().run({x}, n);
      for (std::size_t i = 0; i < x.size(); ++i) {
        const Tensor alone = Tensor::scalar(x.data()[i]);
        const Real expected = op().run({alone.reshape({1})}, 1).item();
        if (std::isnan(expected)) {
          ASSERT_TRUE(std::isnan(y.data()[i])) << op().name << ", " << i << " of " << n;
        } else {
          ASSERT_TRUE(y.data()[i] == expected &&
                      std::signbit(y.data()[i]) == std::signbit(expected))
              << op().name << " of " << x.data()[i] << ", " << i << " of " << n << ": "
              << y.data()[i] << ", alone " << expected;
        }
      }
    }
}

/// Gradients of all inputs, one after the other.
std::vector<Real> gradients(const SpecialCase& op, Index n, const Tensor& upstream) {
  std::vector<Tensor> inputs = make_inputs(op, n);
  for (Tensor& input : inputs) input.require_grad();
  const Tensor out = op.run(inputs, n);
  Tape::current().backward(out, upstream);
  std::vector<Real> all;
  for (const Tensor& input : inputs) {
    if (!input.has_grad()) {
      all.insert(all.end(), input.size(), Real{0});
      continue;
    }
    all.insert(all.end(), input.grad().begin(), input.grad().end());
  }
  return all;
}

Shape out_shape(const SpecialCase& op, Index n) {
  return op.run(make_inputs(op, n), n).shape();
}

const std::vector<Index> kGradientSizes = {1, 5, 17, 40};

TEST_P(SpecialValuesOf, UpstreamGradientsThatAreNotFiniteAreNeverSwallowed) {
  if (!op().has_gradient) return;
  for (const Index n : kGradientSizes) {
    if (n > op().largest) break;
    const Shape shape = out_shape(op(), n);
    for (const std::size_t at : positions(shape.size(), n)) {
      Tensor one = Tensor::zeros(shape);
      one.mutable_data()[at] = 1;
      const std::vector<Real> depends = gradients(op(), n, one);
      for (const Real bad : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()}) {
        Tensor upstream = numbers(shape, -1, 1, 3);
        upstream.mutable_data()[at] = bad;
        const std::vector<Real> got = gradients(op(), n, upstream);
        for (std::size_t i = 0; i < got.size(); ++i)
          ASSERT_TRUE(depends[i] == 0 ||
                      (std::isnan(bad) ? std::isnan(got[i]) : !std::isfinite(got[i])))
              << op().name << " (" << op().what << "), n = " << n << ": upstream " << bad << " at "
              << at << ", gradient " << i << " is " << got[i] << " and depends on it with "
              << depends[i];
      }
    }
  }
}

TEST_P(SpecialValuesOf, DenormalUpstreamGradientsAreNotLost) {
  if (!op().has_gradient) return;
  const Real scale = std::ldexp(Limits::min(), -6);
  for (const Index n : kGradientSizes) {
    if (n > op().largest) break;
    const Shape shape = out_shape(op(), n);
    const Tensor upstream = numbers(shape, -1, 1, 3);
    Tensor small = numbers(shape, -1, 1, 3);
    for (Real& value : small.mutable_values()) value *= scale;
    const std::vector<Real> full = gradients(op(), n, upstream);
    const std::vector<Real> got = gradients(op(), n, small);
    Wide most = 1;
    for (const Real g : full) most = std::max(most, std::abs(static_cast<Wide>(g)));
    // Every product and every term of a sum is rounded to a multiple of the least denormal.
    const Wide slack = (8 + 16 * static_cast<Wide>(shape.size())) * most * kTiny;
    for (std::size_t i = 0; i < got.size(); ++i)
      ASSERT_LE(std::abs(static_cast<Wide>(got[i]) -
                         static_cast<Wide>(full[i]) * static_cast<Wide>(scale)),
                slack)
          << op().name << " (" << op().what << "), n = " << n << ": gradient " << i << " is "
          << got[i] << ", of normal numbers " << full[i];
  }
}

std::string name_of_case(const testing::TestParamInfo<std::size_t>& parameter) {
  const SpecialCase& op = special_cases()[parameter.param];
  std::string name = op.name + "_" + op.what + "_" + std::to_string(parameter.param);
  for (char& c : name)
    if (std::isalnum(static_cast<unsigned char>(c)) == 0) c = '_';
  return name;
}

INSTANTIATE_TEST_SUITE_P(Op, SpecialValuesOf,
                         testing::Range(std::size_t{0}, special_cases().size()), name_of_case);

// Pairs of special numbers, each with each.
TEST(SpecialValues, OfTwoOperandsEachWithEach) {
  const auto count = static_cast<Index>(kSpecials.size());
  std::vector<Real> first, second;
  for (Index i = 0; i < (count + 1) * (count + 1); ++i) {
    const auto pick = [count](Index k) {
      return k < count ? kSpecials[static_cast<std::size_t>(k)].value : Real(1.5);
    };
    first.push_back(pick(i % (count + 1)));
    second.push_back(pick(i / (count + 1)));
  }
  const Shape shape = {static_cast<Index>(first.size())};
  for (const SpecialCase& op : special_cases()) {
    if (!op.element_wise || op.shapes(2) != std::vector<Shape>{{2}, {2}}) continue;
    ASSERT_TRUE(compare(op, shape[0], {Tensor::from(shape, first), Tensor::from(shape, second)},
                        "pairs of special numbers"));
  }
}

TEST(SpecialValues, ChainsRefuseScoresThatAreNotFinite) {
  const std::vector<Index> offsets = {0, 2, 5}, tags = {0, 1, 1, 2, 0};
  for (const Real bad : {Limits::quiet_NaN(), Limits::infinity(), -Limits::infinity()})
    for (std::size_t at = 0; at < 15; ++at) {
      Tensor e = numbers({5, 3}, -1, 1), t = numbers({5, 5}, -1, 1, 2);
      e.mutable_data()[at] = bad;
      SCOPED_TRACE(at);
      EXPECT_THROW(crf_nll(e, t, offsets, tags), Error);
      EXPECT_THROW(crf_log_marginals(e, t, offsets), Error);
      EXPECT_THROW(crf_marginals(e, t, offsets), Error);
      EXPECT_THROW(viterbi(e, t, offsets), Error);
      EXPECT_THROW(n_best_paths(e, t, offsets, 3), Error);
    }
  for (const Real bad : {Limits::quiet_NaN(), Limits::infinity()})
    for (std::size_t from = 0; from <= 3; ++from)
      for (std::size_t to : {0, 1, 2, 4}) {
        if (from == 3 && to == 4) continue;  // an empty sequence: means nothing
        const Tensor e = numbers({5, 3}, -1, 1);
        Tensor t = numbers({5, 5}, -1, 1, 2);
        t.mutable_data()[from * 5 + to] = bad;
        SCOPED_TRACE(std::to_string(from) + " to " + std::to_string(to));
        EXPECT_THROW(crf_nll(e, t, offsets, tags), Error);
        EXPECT_THROW(crf_log_marginals(e, t, offsets), Error);
        EXPECT_THROW(crf_marginals(e, t, offsets), Error);
        EXPECT_THROW(viterbi(e, t, offsets), Error);
        EXPECT_THROW(n_best_paths(e, t, offsets, 3), Error);
      }
}

}  // namespace
}  // namespace tailgrad::special
