#include <tailgrad/core/ops/matmul.h>

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::numbers;
using test::wanted;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Real at(const Tensor& t, bool transposed, Index row, Index col) {
  const Index r = transposed ? col : row;
  const Index c = transposed ? row : col;
  return t.data()[static_cast<std::size_t>(r) * static_cast<std::size_t>(t.cols()) +
                  static_cast<std::size_t>(c)];
}

TEST(Matmul, AllFlagsAllSizes) {
  struct Size {
    Index m, k, n;
  };
  for (const Size& s : {Size{1, 1, 1}, Size{2, 3, 4}, Size{5, 1, 3}, Size{1, 7, 1}, Size{7, 5, 9},
                        Size{0, 3, 4}, Size{2, 0, 4}, Size{2, 3, 0}, Size{0, 0, 0}}) {
    for (const bool ta : {false, true}) {
      for (const bool tb : {false, true}) {
        SCOPED_TRACE(Shape({s.m, s.k, s.n}).text() + (ta ? " a transposed" : "") +
                     (tb ? " b transposed" : ""));
        const Tensor a = wanted(ta ? Shape{s.k, s.m} : Shape{s.m, s.k}, -2, 2, 1);
        const Tensor b = wanted(tb ? Shape{s.n, s.k} : Shape{s.k, s.n}, -2, 2, 2);
        const Transpose flags{.a = ta, .b = tb};
        const Tensor out = matmul(a, b, flags);
        ASSERT_EQ(out.shape(), (Shape{s.m, s.n}));
        for (Index i = 0; i < s.m; ++i) {
          for (Index j = 0; j < s.n; ++j) {
            double expected = 0;
            for (Index l = 0; l < s.k; ++l) expected += at(a, ta, i, l) * at(b, tb, l, j);
            EXPECT_NEAR(at(out, false, i, j), expected, 1e-13);
          }
        }
        EXPECT_GRADIENTS([flags](const Tensor& x, const Tensor& y) { return matmul(x, y, flags); },
                         a, b);
      }
    }
  }
}

TEST(Matmul, OneTensorTwice) {
  EXPECT_GRADIENTS([](const Tensor& x) { return matmul(x, x, {.b = true}); }, wanted({3, 5}));
  EXPECT_GRADIENTS([](const Tensor& x) { return matmul(x, x); }, wanted({4, 4}));
}

TEST(Matmul, ParameterAndItsViews) {
  const Tensor w = test::parameter({6, 4});
  EXPECT_GRADIENTS([](const Tensor& x, const Tensor& y) { return matmul(x, y, {.b = true}); },
                   wanted({3, 4}), w);
  EXPECT_GRADIENTS([](const Tensor& x, const Tensor& y) { return matmul(x, y.row_range(1, 5)); },
                   wanted({3, 4}), w);
}

TEST(Matmul, LargeProductsDoNotDependOnThreads) {
  const Tensor a = wanted({601, 211}, -1, 1, 1);
  const Tensor b = wanted({211, 907}, -1, 1, 2);
  const Tensor g = numbers({601, 907}, -1, 1, 3);
  std::vector<std::vector<Real>> results;
  for (const int count : {1, 2, 3, 4}) {
    set_threads(count);
    Tensor x = Tensor::from(a.shape(), a.values());
    x.require_grad();
    const Tensor out = matmul(x, b);
    Tape::current().backward(out, g);
    std::vector<Real> result(out.values().begin(), out.values().end());
    result.insert(result.end(), x.grad().begin(), x.grad().end());
    results.push_back(result);
  }
  set_threads(2);
  for (const auto& result : results) EXPECT_EQ(result, results[0]);
}

TEST(Matmul, BadShapesAreNamed) {
  EXPECT_THAT(message_of([] {
                matmul(Tensor::zeros({2, 5}), Tensor::zeros({3, 4}));
              }),
              AllOf(HasSubstr("matmul: needs a [m, k] and b [k, n]; got a [2, 5], b [3, 4] (called "
                              "from matmul_test.cpp:")));
  EXPECT_THAT(message_of([] {
                matmul(Tensor::zeros({2, 5}), Tensor::zeros({5, 4}), {.b = true});
              }),
              HasSubstr("needs a [m, k] and b [n, k] (transposed); got a [2, 5], b [5, 4]"));
  EXPECT_THAT(message_of([] {
                matmul(Tensor::zeros({2, 5}), Tensor::zeros({5, 4}), {.a = true});
              }),
              HasSubstr("needs a [k, m] (transposed) and b [k, n]; got a [2, 5], b [5, 4]"));
  EXPECT_THAT(message_of([] {
                matmul(Tensor::zeros({5}), Tensor::zeros({5, 4}));
              }),
              HasSubstr("got a [5], b [5, 4]"));
  EXPECT_THAT(message_of([] {
                matmul(Tensor(), Tensor::zeros({5, 4}));
              }),
              HasSubstr("there is no tensor behind this handle"));
}

}  // namespace
}  // namespace tailgrad
