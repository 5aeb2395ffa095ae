#include <tailgrad/core/ops/reduce.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
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
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::vector<Shape> kReducedShapes = {{1, 1},   {3, 5},    {1, 7}, {7, 1},
                                           {17, 33}, {2, 3, 5}, {4}};
const std::vector<Index> kOffsets = {0, 2, 2, 5, 6};  // one segment is empty

// Up to 601 numbers in [-15, 15], apart by more than two steps of the gradient check: maxima have
// no ties.
Tensor spread(const Shape& shape) {
  Tensor x = Tensor::empty(shape);
  for (std::size_t i = 0; i < x.size(); ++i)
    x.mutable_data()[i] = static_cast<Real>((i * 7919) % 601) * 0.05 - 15;
  x.require_grad();
  return x;
}

TEST(Reduce, SumsOfAll) {
  EXPECT_EQ(sum(Tensor::zeros({0, 3})).item(), 0);
  EXPECT_EQ(sum(Tensor::scalar(7)).item(), 7);
  for (const Shape& shape : kReducedShapes) {
    const Tensor x = wanted(shape);
    const double total = std::accumulate(x.values().begin(), x.values().end(), 0.0);
    EXPECT_EQ(sum(x).shape(), Shape{});
    EXPECT_NEAR(sum(x).item(), total, 1e-12);
    EXPECT_NEAR(mean(x).item(), total / static_cast<double>(x.size()), 1e-12);
    EXPECT_EQ(max(x).item(), *std::ranges::max_element(x.values()));
    EXPECT_GRADIENTS([](const Tensor& t) { return sum(t); }, x);
    EXPECT_GRADIENTS([](const Tensor& t) { return mean(t); }, x);
    EXPECT_GRADIENTS([](const Tensor& t) { return max(t); }, spread(shape));
  }
  EXPECT_GRADIENTS([](const Tensor& t) { return sum(t); }, wanted({0, 3}));
}

TEST(Reduce, OfEachRowAndColumn) {
  for (const Shape& shape : kReducedShapes) {
    SCOPED_TRACE(shape.text());
    const Tensor x = spread(shape);
    const auto rows = static_cast<std::size_t>(x.rows());
    const auto cols = static_cast<std::size_t>(x.cols());
    const Tensor by_row[] = {row_sums(x), row_means(x), row_maxima(x)};
    const Tensor by_col[] = {column_sums(x), column_means(x), column_maxima(x)};
    for (const Tensor& t : by_row) {
      EXPECT_EQ(t.shape().rank(), shape.rank());
      EXPECT_EQ(t.cols(), 1);
      EXPECT_EQ(t.size(), rows);
    }
    for (const Tensor& t : by_col) EXPECT_EQ(t.shape(), Shape{x.cols()});
    for (std::size_t r = 0; r < rows; ++r) {
      const auto row = x.values().subspan(r * cols, cols);
      const double total = std::accumulate(row.begin(), row.end(), 0.0);
      EXPECT_NEAR(by_row[0].data()[r], total, 1e-11);
      EXPECT_NEAR(by_row[1].data()[r], total / static_cast<double>(cols), 1e-11);
      EXPECT_EQ(by_row[2].data()[r], *std::ranges::max_element(row));
    }
    for (std::size_t c = 0; c < cols; ++c) {
      double total = 0, top = -1e9;
      for (std::size_t r = 0; r < rows; ++r) {
        total += x.data()[r * cols + c];
        top = std::max<double>(top, x.data()[r * cols + c]);
      }
      EXPECT_NEAR(by_col[0].data()[c], total, 1e-11);
      EXPECT_NEAR(by_col[1].data()[c], total / static_cast<double>(rows), 1e-11);
      EXPECT_EQ(by_col[2].data()[c], top);
    }
    EXPECT_GRADIENTS([](const Tensor& t) { return row_sums(t); }, x);
    EXPECT_GRADIENTS([](const Tensor& t) { return row_means(t); }, x);
    EXPECT_GRADIENTS([](const Tensor& t) { return row_maxima(t); }, x);
    EXPECT_GRADIENTS([](const Tensor& t) { return column_sums(t); }, x);
    EXPECT_GRADIENTS([](const Tensor& t) { return column_means(t); }, x);
    EXPECT_GRADIENTS([](const Tensor& t) { return column_maxima(t); }, x);
  }
}

TEST(Reduce, NoRowsOrNoColumns) {
  EXPECT_EQ(row_sums(Tensor::zeros({0, 3})).shape(), (Shape{0, 1}));
  EXPECT_EQ(row_means(Tensor::zeros({0, 3})).shape(), (Shape{0, 1}));
  EXPECT_EQ(row_maxima(Tensor::zeros({0, 3})).shape(), (Shape{0, 1}));
  EXPECT_THAT(column_sums(Tensor::zeros({0, 3})).values(), ElementsAre(0, 0, 0));
  EXPECT_THAT(row_sums(Tensor::zeros({2, 0})).values(), ElementsAre(0, 0));
  EXPECT_GRADIENTS([](const Tensor& t) { return column_sums(t); }, wanted({0, 3}));
  EXPECT_GRADIENTS([](const Tensor& t) { return row_sums(t); }, wanted({3, 0}));
  const Tensor none = Tensor::zeros({0, 3});
  const Tensor thin = Tensor::zeros({3, 0});
  EXPECT_THAT(message_of([&] { mean(none); }),
              AllOf(HasSubstr("mean: there is no mean of no elements; got x [0, 3]"),
                    HasSubstr("called from reduce_test.cpp:")));
  EXPECT_THAT(message_of([&] { max(none); }), HasSubstr("max: there is no maximum of no elements"));
  EXPECT_THAT(message_of([&] { column_means(none); }), HasSubstr("column_means: there is no mean"));
  EXPECT_THAT(message_of([&] { column_maxima(none); }),
              HasSubstr("column_maxima: there is no max"));
  EXPECT_THAT(message_of([&] { row_means(thin); }), HasSubstr("row_means: there is no mean"));
  EXPECT_THAT(message_of([&] { row_maxima(thin); }), HasSubstr("row_maxima: there is no maximum"));
}

TEST(Reduce, Segments) {
  const Tensor x = spread({6, 3});
  const Tensor sums = segment_sums(x, kOffsets);
  const Tensor means = segment_means(x, kOffsets);
  const Tensor maxima = segment_maxima(x, kOffsets);
  for (const Tensor& t : {sums, means, maxima}) EXPECT_EQ(t.shape(), (Shape{4, 3}));
  for (std::size_t s = 0; s < 4; ++s) {
    for (std::size_t c = 0; c < 3; ++c) {
      double total = 0, top = -1e9;
      for (Index r = kOffsets[s]; r < kOffsets[s + 1]; ++r) {
        total += x.data()[static_cast<std::size_t>(r) * 3 + c];
        top = std::max<double>(top, x.data()[static_cast<std::size_t>(r) * 3 + c]);
      }
      const Index rows = kOffsets[s + 1] - kOffsets[s];
      EXPECT_NEAR(sums.data()[s * 3 + c], total, 1e-12);
      EXPECT_NEAR(means.data()[s * 3 + c], rows == 0 ? 0 : total / rows, 1e-12);
      EXPECT_EQ(maxima.data()[s * 3 + c], rows == 0 ? 0 : top);
    }
  }
  EXPECT_GRADIENTS([](const Tensor& t) { return segment_sums(t, kOffsets); }, x);
  EXPECT_GRADIENTS([](const Tensor& t) { return segment_means(t, kOffsets); }, x);
  EXPECT_GRADIENTS([](const Tensor& t) { return segment_maxima(t, kOffsets); }, x);
}

TEST(Reduce, SegmentsWithoutRows) {
  const std::vector<Index> none = {0};
  const std::vector<Index> two_empty = {0, 0, 0};
  EXPECT_EQ(segment_sums(Tensor::zeros({0, 3}), none).shape(), (Shape{0, 3}));
  for (auto* op : {segment_sums, segment_means, segment_maxima}) {
    const Tensor out = op(Tensor::zeros({0, 2}), two_empty, {});
    EXPECT_EQ(out.shape(), (Shape{2, 2}));
    EXPECT_THAT(out.values(), Each(0));
    EXPECT_GRADIENTS(
        [op](const Tensor& t) {
          return op(t, std::vector<Index>{0, 0, 0}, {});
        },
        wanted({0, 2}));
  }
}

TEST(Reduce, TheOffsetsMayGoAfterTheForwardPass) {
  Tensor x = wanted({3, 1});
  Tensor out;
  {
    std::vector<Index> offsets = {0, 1, 3};
    out = segment_sums(x, offsets);
    std::ranges::fill(offsets, 99);
  }
  Tape::current().backward(out, Tensor::full({2, 1}, 1));
  EXPECT_THAT(x.grad(), Each(1));
}

TEST(Reduce, BadOffsetsAreNamed) {
  const Tensor x = Tensor::zeros({5, 2});
  const auto message = [&](std::vector<Index> offsets) {
    return message_of([&] { segment_means(x, offsets); });
  };
  EXPECT_THAT(message({}), HasSubstr("segment_means: needs offsets, one more than there are"));
  EXPECT_THAT(message({1, 5}), HasSubstr("the offsets must start with 0, not 1"));
  EXPECT_THAT(message({0, 3, 2, 5}), HasSubstr("must not fall: offset 2 is 2 after 3"));
  EXPECT_THAT(message({0, 3}), AllOf(HasSubstr("must be the number of rows 5, not 3"),
                                     HasSubstr("got x [5, 2] (called from reduce_test.cpp:")));
  EXPECT_THAT(message({0, 7}), HasSubstr("the number of rows 5, not 7"));
  EXPECT_THAT(message_of([] {
                segment_sums(Tensor::zeros({5}), std::vector<Index>{0, 5});
              }),
              HasSubstr("segment_sums: needs x [rows, n]; got x [5]"));
}

TEST(Reduce, MaximumOfTiesAndNans) {
  constexpr Real nan = std::numeric_limits<Real>::quiet_NaN();
  Tensor tie = Tensor::full({2, 3}, 4);
  tie.require_grad();
  backward(max(tie));
  EXPECT_THAT(tie.grad(), ElementsAre(1, 0, 0, 0, 0, 0));
  tie.clear_grad();
  Tape::current().backward(row_maxima(tie), Tensor::full({2, 1}, 1));
  EXPECT_THAT(tie.grad(), ElementsAre(1, 0, 0, 1, 0, 0));
  tie.clear_grad();
  Tape::current().backward(column_maxima(tie), Tensor::full({3}, 1));
  EXPECT_THAT(tie.grad(), ElementsAre(1, 1, 1, 0, 0, 0));
  for (std::size_t position = 0; position < 40; ++position) {
    Tensor x = numbers({40, 1}, -1, 1);
    x.mutable_data()[position] = nan;
    EXPECT_TRUE(std::isnan(max(x).item()));
    EXPECT_TRUE(std::isnan(column_maxima(x).item()));
    EXPECT_TRUE(std::isnan(row_maxima(x.reshape({1, 40})).item()));
  }
  constexpr Real infinite = std::numeric_limits<Real>::infinity();
  EXPECT_EQ(max(Tensor::full({3}, -infinite)).item(), -infinite);
}

TEST(Reduce, LargeSumsAreExactAndDoNotDependOnThreads) {
  const Shape shape = {3001, 129};
  const Tensor x = numbers(shape, -1, 1);
  const double expected = [&] {
    long double total = 0;
    for (Real value : x.values()) total += value;
    return static_cast<double>(total);
  }();
  std::vector<std::vector<Real>> results;
  for (const int count : {1, 2, 3, 4}) {
    set_threads(count);
    std::vector<Real> result = {sum(x).item(), max(x).item()};
    for (const Tensor& t : {row_sums(x), column_sums(x), column_maxima(x),
                            segment_sums(x, std::vector<Index>{0, 5, 2900, 3001})})
      result.insert(result.end(), t.values().begin(), t.values().end());
    results.push_back(result);
  }
  set_threads(2);
  EXPECT_NEAR(results[0][0], expected, 1e-10);
  EXPECT_EQ(results[0][1], *std::ranges::max_element(x.values()));
  for (const auto& result : results) EXPECT_EQ(result, results[0]);
}

TEST(Reduce, WideRowsAndColumns) {
  for (const Shape& shape : {Shape{3, 50001}, Shape{50001, 3}, Shape{70, 3001}}) {
    SCOPED_TRACE(shape.text());
    const Tensor ones = Tensor::full(shape, 1);
    EXPECT_THAT(row_sums(ones).values(), Each(shape[1]));
    EXPECT_THAT(column_sums(ones).values(), Each(shape[0]));
    EXPECT_EQ(sum(ones).item(), static_cast<double>(shape.size()));
    EXPECT_EQ(mean(ones).item(), 1);
  }
}

}  // namespace
}  // namespace tailgrad
