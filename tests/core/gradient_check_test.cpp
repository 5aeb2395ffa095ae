// The checker must find faults: every kind of fault is planted here once.
#include <tailgrad/core/gradient_check.h>

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/elementwise.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::numbers;
using test::wanted;
using ::testing::HasSubstr;

// a b, with the backward pass under test.
template <class Backward>
Tensor faulty_multiply(const Tensor& a, const Tensor& b, Backward backward) {
  Tensor out = Tensor::empty(a.shape());
  kernels::fill(out.mutable_data(), a.size(),
                [x = a.data(), y = b.data()](std::size_t i) { return x[i] * y[i]; });
  Tape::current().record("faulty", out, {&a, &b}, [a, b, out, backward] { backward(a, b, out); });
  return out;
}

// The right gradient of `to`, with a factor.
void add_product(const Tensor& to, const Tensor& other, const Tensor& out, Real factor = 1) {
  kernels::accumulate(to.gradient_target(), to.size(),
                      [y = other.data(), g = out.grad().data(), factor](std::size_t i) {
                        return factor * y[i] * g[i];
                      });
}

template <class Backward>
GradientReport check(Backward backward) {
  const std::vector<Tensor> inputs = {wanted({3, 4}, 0.5, 2, 1), wanted({3, 4}, 0.5, 2, 2)};
  return check_gradients(
      [&](std::span<const Tensor> in) { return faulty_multiply(in[0], in[1], backward); }, inputs);
}

TEST(GradientCheck, PassesRightGradients) {
  const GradientReport report = check([](const Tensor& a, const Tensor& b, const Tensor& out) {
    if (a.requires_grad()) add_product(a, b, out);
    if (b.requires_grad()) add_product(b, a, out);
  });
  EXPECT_TRUE(report.passed) << report.text;
  EXPECT_EQ(report.elements, 24u);
  EXPECT_LT(report.worst_error, 1e-10);
}

TEST(GradientCheck, NamesTheWorstElement) {
  const GradientReport report = check([](const Tensor& a, const Tensor& b, const Tensor& out) {
    if (a.requires_grad()) add_product(a, b, out);
    if (!b.requires_grad()) return;
    const GradientTarget to = b.gradient_target();
    for (std::size_t i = 0; i < b.size(); ++i)
      to.data[i] = (to.fresh ? 0 : to.data[i]) + a.data()[i] * out.grad()[i] * (i == 6 ? 1.001 : 1);
  });
  EXPECT_FALSE(report.passed);
  EXPECT_EQ(report.input, 1u);
  EXPECT_EQ(report.element, 6u);
  EXPECT_NEAR(report.worst_error, 0.001 / 1.001, 1e-6);
  EXPECT_NEAR(report.analytic / report.numeric, 1.001, 1e-6);
  EXPECT_THAT(report.text, HasSubstr("at input 1 [3, 4] element 6 (row 1, column 2): backward "));
}

TEST(GradientCheck, FindsAWrongFactor) {
  EXPECT_FALSE(check([](const Tensor& a, const Tensor& b, const Tensor& out) {
                 if (a.requires_grad()) add_product(a, b, out, 1 + 1e-5);
                 if (b.requires_grad()) add_product(b, a, out);
               }).passed);
}

TEST(GradientCheck, FindsANan) {
  const GradientReport report = check([](const Tensor& a, const Tensor& b, const Tensor& out) {
    if (a.requires_grad()) add_product(a, b, out, std::numeric_limits<Real>::quiet_NaN());
    if (b.requires_grad()) add_product(b, a, out);
  });
  EXPECT_FALSE(report.passed);
  EXPECT_EQ(report.input, 0u);
}

TEST(GradientCheck, FindsOverwriting) {
  const GradientReport report = check([](const Tensor& a, const Tensor& b, const Tensor& out) {
    if (a.requires_grad()) add_product(a, b, out);
    if (!b.requires_grad()) return;
    const GradientTarget to = b.gradient_target();
    for (std::size_t i = 0; i < b.size(); ++i) to.data[i] = a.data()[i] * out.grad()[i];
  });
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("not added to: input 1"));
}

TEST(GradientCheck, FindsAGradientThatNobodyWants) {
  const GradientReport report = check([](const Tensor& a, const Tensor& b, const Tensor& out) {
    add_product(a, b, out);
    add_product(b, a, out);
  });
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("wants no gradient and got one"));
}

TEST(GradientCheck, FindsAForgottenGradient) {
  const GradientReport report = check([](const Tensor& a, const Tensor& b, const Tensor& out) {
    if (a.requires_grad()) add_product(a, b, out);
  });
  EXPECT_FALSE(report.passed);
  EXPECT_EQ(report.input, 1u);
  EXPECT_EQ(report.analytic, 0);
}

TEST(GradientCheck, FindsGradientsThatDependOnWhoWantsOne) {
  const GradientReport report = check([](const Tensor& a, const Tensor& b, const Tensor& out) {
    if (a.requires_grad()) add_product(a, b, out, b.requires_grad() ? 1 : 2);
    if (b.requires_grad()) add_product(b, a, out);
  });
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("change when another input wants none"));
}

TEST(GradientCheck, FindsRecordingUnderNoGrad) {
  const std::vector<Tensor> inputs = {wanted({2}, 0.5, 2)};
  const GradientReport report = check_gradients(
      [](std::span<const Tensor> in) {
        Tensor copy = Tensor::from(in[0].shape(), in[0].values());
        copy.require_grad();
        return copy;
      },
      inputs);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("computed under NoGrad"));
}

TEST(GradientCheck, FindsChangedValues) {
  const std::vector<Tensor> inputs = {wanted({2}, 0.5, 2)};
  const GradientReport report = check_gradients(
      [](std::span<const Tensor> in) {
        Tensor out = square(in[0]);
        in[0].mutable_data()[1] += 1;
        return out;
      },
      inputs);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("the values of input 0 changed"));
}

TEST(GradientCheck, FindsACutTape) {
  const std::vector<Tensor> inputs = {wanted({2}, 0.5, 2)};
  const GradientReport report =
      check_gradients([](std::span<const Tensor> in) { return square(in[0].detach()); }, inputs);
  EXPECT_FALSE(report.passed);
  EXPECT_THAT(report.text, HasSubstr("depends on no input that wants a gradient"));
}

TEST(GradientCheck, LeavesInputsAndTheCallersTapeAlone) {
  const Tensor x = wanted({3}, 0.5, 2);
  const std::vector<Real> before(x.values().begin(), x.values().end());
  const Tensor kept = square(x);
  EXPECT_EQ(Tape::current().size(), 1u);
  EXPECT_GRADIENTS([](const Tensor& a) { return exp(a); }, x);
  EXPECT_EQ(Tape::current().size(), 1u);
  EXPECT_THAT(x.values(), testing::ElementsAreArray(before));
  EXPECT_FALSE(x.has_grad());
  Tape::current().clear();
}

TEST(GradientCheck, FunctionMayUseTheTensorsItself) {
  const Tensor weight = test::parameter({3, 2});
  const Tensor x = numbers({3, 2}, -1, 1);
  const GradientReport report =
      check_gradients([&](std::span<const Tensor>) { return multiply(weight, x); }, {&weight, 1});
  EXPECT_TRUE(report.passed) << report.text;
}

TEST(GradientCheck, NeedsAnInputThatWantsAGradient) {
  const Tensor x = numbers({2}, 0, 1);
  EXPECT_THAT(test::message_of([&] {
                check_gradients([](std::span<const Tensor> in) { return square(in[0]); }, {&x, 1});
              }),
              HasSubstr("check_gradients: needs an input that wants a gradient"));
}

}  // namespace
}  // namespace tailgrad
