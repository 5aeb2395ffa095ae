#include <tailgrad/core/ops/rows.h>

#include <algorithm>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/gradient.h>
#include <tailgrad/core/ops/arithmetic.h>
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

const std::vector<Index> kSome = {4, 0, 4, 2, 4};  // repeats 4, leaves out 1 and 3

Tensor counted(const Shape& shape) {
  Tensor x = Tensor::empty(shape);
  for (std::size_t i = 0; i < x.size(); ++i) x.mutable_data()[i] = static_cast<Real>(i);
  return x;
}

TEST(GatherRows, ValuesAndGradients) {
  EXPECT_THAT(gather_rows(counted({3, 2}), std::vector<Index>{2, 0, 2}).values(),
              ElementsAre(4, 5, 0, 1, 4, 5));
  EXPECT_GRADIENTS([](const Tensor& t) { return gather_rows(t, kSome); }, wanted({5, 3}));
  EXPECT_GRADIENTS([](const Tensor& t) { return gather_rows(t, kSome); }, test::parameter({5, 3}));
  EXPECT_GRADIENTS([](const Tensor& t) { return gather_rows(t, {}); }, wanted({5, 3}));
  EXPECT_GRADIENTS([](const Tensor& t) { return gather_rows(t, kSome); }, wanted({5, 1}));
  EXPECT_GRADIENTS([](const Tensor& t) { return gather_rows(t, kSome); }, wanted({5, 0}));
}

TEST(GatherRows, AParameterKeepsTheTouchedRowsOnly) {
  const Tensor table = test::parameter({5, 3});
  Tape::current().backward(gather_rows(table, kSome), Tensor::full({5, 3}, 1));
  const ParameterGradient& gradient = *table.parameter_gradient();
  EXPECT_EQ(gradient.state(), ParameterGradient::State::rows);
  EXPECT_THAT(gradient.rows(), ElementsAre(4, 0, 2));
  EXPECT_THAT(table.grad(), ElementsAre(1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 3, 3, 3));
}

TEST(GatherRows, ViewsOfAParameterHaveADenseGradient) {
  // Rows of the view are not rows of the parameter.
  const Tensor table = test::parameter({6, 2});
  EXPECT_GRADIENTS(
      [](const Tensor& t) {
        return gather_rows(t.row_range(1, 4), std::vector<Index>{2, 0, 2});
      },
      table);
  EXPECT_GRADIENTS(
      [](const Tensor& t) {
        return gather_rows(t.reshape({3, 4}), std::vector<Index>{2, 2});
      },
      table);
  EXPECT_GRADIENTS([](const Tensor& t) { return add(gather_rows(t, kSome), t.row_range(0, 5)); },
                   table);
}

TEST(GatherRows, TheIndicesMayGoAfterTheForwardPass) {
  const Tensor table = wanted({3, 1});
  Tensor out;
  {
    std::vector<Index> indices = {2, 2};
    out = gather_rows(table, indices);
    std::ranges::fill(indices, 77);
  }
  Tape::current().backward(out, Tensor::full({2, 1}, 1));
  EXPECT_THAT(table.grad(), ElementsAre(0, 0, 2));
}

TEST(GatherRows, LargeLookupsDoNotDependOnThreads) {
  std::vector<Index> indices(5000);
  for (std::size_t i = 0; i < indices.size(); ++i) indices[i] = static_cast<Index>((i * 7919) % 97);
  const Tensor g = numbers({5000, 96}, -1, 1);
  std::vector<std::vector<Real>> results;
  for (const int count : {1, 2, 3}) {
    set_threads(count);
    const Tensor table = test::parameter({97, 96});
    Tape::current().backward(gather_rows(table, indices), g);
    results.emplace_back(table.grad().begin(), table.grad().end());
  }
  set_threads(2);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST(GatherRows, BadIndicesAreNamed) {
  const Tensor table = Tensor::zeros({5, 3});
  EXPECT_THAT(message_of([&] {
                gather_rows(table, std::vector<Index>{0, 5});
              }),
              AllOf(HasSubstr("gather_rows: index 5 at position 1 is not in [0, 5); got table "
                              "[5, 3] (called from rows_test.cpp:")));
  EXPECT_THAT(message_of([&] { gather_rows(table, std::vector<Index>{-1}); }),
              HasSubstr("index -1 at position 0 is not in [0, 5)"));
  EXPECT_THAT(message_of([&] { gather_rows(Tensor::zeros({5}), std::vector<Index>{0}); }),
              HasSubstr("needs a table [rows, n]; got table [5]"));
}

TEST(Concat, Columns) {
  const Tensor a = counted({2, 1});
  const Tensor b = counted({2, 3});
  EXPECT_THAT(concat_columns({a, b}).values(), ElementsAre(0, 0, 1, 2, 1, 3, 4, 5));
  const auto join = [](const Tensor& x, const Tensor& y, const Tensor& z) {
    return concat_columns({x, y, z});
  };
  EXPECT_GRADIENTS(join, wanted({3, 2}), wanted({3, 1}), wanted({3, 4}));
  EXPECT_GRADIENTS(join, wanted({0, 2}), wanted({0, 1}), wanted({0, 4}));
  EXPECT_GRADIENTS(join, wanted({3, 2}), wanted({3, 0}), numbers({3, 4}, 0, 1));
  EXPECT_GRADIENTS([](const Tensor& x) { return concat_columns({x, x}); }, wanted({3, 2}));
  EXPECT_GRADIENTS([](const Tensor& x) { return concat_columns({x}); }, wanted({3, 2}));
}

TEST(Concat, Rows) {
  EXPECT_THAT(concat_rows({counted({1, 2}), counted({2, 2})}).values(),
              ElementsAre(0, 1, 0, 1, 2, 3));
  const auto join = [](const Tensor& x, const Tensor& y, const Tensor& z) {
    return concat_rows({x, y, z});
  };
  EXPECT_GRADIENTS(join, wanted({2, 3}), wanted({1, 3}), wanted({4, 3}));
  EXPECT_GRADIENTS(join, wanted({2, 3}), wanted({0, 3}), numbers({4, 3}, 0, 1));
  EXPECT_GRADIENTS(join, test::parameter({2, 3}), wanted({1, 3}), wanted({4, 3}));
  EXPECT_GRADIENTS([](const Tensor& x) { return concat_rows({x, x}); }, wanted({3, 2}));
}

TEST(Concat, ManyParts) {
  std::vector<Tensor> parts(100, wanted({2, 1}));
  const Tensor out = concat_columns(parts);
  EXPECT_EQ(out.shape(), (Shape{2, 100}));
  Tape::current().backward(out, Tensor::full({2, 100}, 1));
  EXPECT_THAT(parts[0].grad(), ElementsAre(100, 100));
}

TEST(Concat, BadPartsAreNamed) {
  EXPECT_THAT(message_of([] {
                concat_columns({Tensor::zeros({2, 1}), Tensor::zeros({3, 4})});
              }),
              HasSubstr("concat_columns: needs parts [m, n1], [m, n2], ... of equal m; got part 0 "
                        "[2, 1], part 1 [3, 4] (called from rows_test.cpp:"));
  EXPECT_THAT(message_of([] {
                concat_rows({Tensor::zeros({2, 1}), Tensor::zeros({3, 4})});
              }),
              HasSubstr("concat_rows: needs parts [m1, n], [m2, n], ... of equal n; got part 0 "
                        "[2, 1], part 1 [3, 4]"));
  EXPECT_THAT(message_of([] { concat_rows({Tensor::zeros({2})}); }), HasSubstr("got part 0 [2]"));
  EXPECT_THAT(message_of([] { concat_columns(std::vector<Tensor>{}); }), HasSubstr("got none"));
}

TEST(SliceColumns, ValuesAndGradients) {
  EXPECT_THAT(slice_columns(counted({2, 4}), 1, 3).values(), ElementsAre(1, 2, 5, 6));
  EXPECT_GRADIENTS([](const Tensor& x) { return slice_columns(x, 1, 3); }, wanted({3, 4}));
  EXPECT_GRADIENTS([](const Tensor& x) { return slice_columns(x, 0, 4); }, wanted({3, 4}));
  EXPECT_GRADIENTS([](const Tensor& x) { return slice_columns(x, 2, 2); }, wanted({3, 4}));
  EXPECT_GRADIENTS([](const Tensor& x) { return slice_columns(x, 1, 3); }, wanted({0, 4}));
  EXPECT_GRADIENTS(
      [](const Tensor& x) { return multiply(slice_columns(x, 0, 2), slice_columns(x, 2, 4)); },
      wanted({3, 4}));
}

TEST(SliceColumns, BadRangesAreNamed) {
  const Tensor x = Tensor::zeros({2, 4});
  EXPECT_THAT(message_of([&] { slice_columns(x, 1, 5); }),
              HasSubstr("slice_columns: needs x [m, n] and 0 <= begin <= end <= n; asked for [1, "
                        "5); got x [2, 4] (called from rows_test.cpp:"));
  EXPECT_THAT(message_of([&] { slice_columns(x, -1, 2); }), HasSubstr("asked for [-1, 2)"));
  EXPECT_THAT(message_of([&] { slice_columns(x, 3, 2); }), HasSubstr("asked for [3, 2)"));
  EXPECT_THAT(message_of([&] { slice_columns(Tensor::zeros({4}), 0, 2); }), HasSubstr("got x [4]"));
}

TEST(Views, ReshapeAndRowRangePassGradientsOn) {
  EXPECT_GRADIENTS(
      [](const Tensor& x) {
        return multiply(x.reshape({2, 6}), x.reshape({2, 6}));
      },
      wanted({3, 4}));
  EXPECT_GRADIENTS([](const Tensor& x) { return multiply(x.row_range(0, 2), x.row_range(1, 3)); },
                   wanted({3, 4}));
  EXPECT_GRADIENTS([](const Tensor& x) { return multiply(x.row_range(1, 2), 3); }, wanted({3, 4}));
  EXPECT_GRADIENTS([](const Tensor& x) { return multiply(x.row_range(1, 1), 3); }, wanted({3, 4}));
  EXPECT_GRADIENTS(
      [](const Tensor& x) {
        return multiply(x.reshape({2, 2, 3}).row_range(1, 2).reshape({6}), 3);
      },
      wanted({3, 4}));
  EXPECT_GRADIENTS([](const Tensor& x) { return add(x.row_range(0, 1), 1); },
                   test::parameter({3, 4}));
  // Of a result: the views' gradients meet in the result's.
  EXPECT_GRADIENTS(
      [](const Tensor& x) {
        const Tensor y = multiply(x, x);
        return multiply(y.row_range(0, 2), y.row_range(1, 3));
      },
      wanted({3, 4}));
}

}  // namespace
}  // namespace tailgrad
