#include <tailgrad/core/tensor.h>

#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/gradients.h>
#include <support/messages.h>
#include <tailgrad/core/gradient.h>
#include <tailgrad/core/ops.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
namespace {

using test::message_of;
using test::parameter;
using test::wanted;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Tensor, HandlesShareOneBlock) {
  const Tensor a = Tensor::from({2, 2}, std::vector<Real>{1, 2, 3, 4});
  const Tensor b = a;
  EXPECT_EQ(sizeof(Tensor), sizeof(void*));
  EXPECT_TRUE(a.same_as(b));
  b.mutable_data()[0] = 9;
  EXPECT_EQ(a.data()[0], 9);
  EXPECT_FALSE(Tensor().defined());
}

TEST(Tensor, ViewsShareValuesAndOutliveTheirBase) {
  Tensor view;
  {
    const Tensor base = Tensor::from({3, 2}, std::vector<Real>{1, 2, 3, 4, 5, 6});
    view = base.row_range(1, 3).reshape({4}).row_range(1, 3);
    base.mutable_data()[4] = 50;
  }
  EXPECT_THAT(view.values(), ElementsAre(4, 50));
}

TEST(Tensor, DetachCutsTheGradientAndSharesTheValues) {
  const Tensor x = wanted({2});
  const Tensor cut = x.detach();
  EXPECT_FALSE(cut.requires_grad());
  EXPECT_EQ(cut.data(), x.data());
  EXPECT_EQ(Tape::current().size(), 0u);
  const Tensor y = multiply(x, cut);
  Tape::current().backward(y, Tensor::full({2}, 1));
  EXPECT_THAT(x.grad(), ElementsAre(x.data()[0], x.data()[1]));
}

TEST(Tensor, MistakesAreNamed) {
  EXPECT_THAT(message_of([] {
                Tensor::from({2, 3}, std::vector<Real>{1, 2});
              }),
              AllOf(HasSubstr("Tensor::from: the shape needs 6 values, not 2; got shape [2, 3]"),
                    HasSubstr("called from tensor_test.cpp:")));
  EXPECT_THAT(message_of([] {
                Tensor::zeros({2, 3}).reshape({7});
              }),
              HasSubstr("reshape: both shapes must have the same number of elements; got from [2, "
                        "3], to [7] (called from tensor_test.cpp:"));
  EXPECT_THAT(message_of([] {
                Tensor::zeros({2, 3}).row_range(1, 3);
              }),
              HasSubstr("asked for [1, 3); got tensor [2, 3]"));
  EXPECT_THAT(message_of([] { Tensor::zeros({2}).item(); }),
              HasSubstr("item: needs a tensor of one element; got tensor [2]"));
  EXPECT_THAT(message_of([] { Tensor::zeros({2}).grad(); }),
              HasSubstr("grad: no backward pass has reached this tensor"));
  EXPECT_THAT(message_of([] { (void)Tensor().size(); }), HasSubstr("no tensor behind this handle"));
}

// One pass over both forms of a parameter gradient: rows looked up, then a product.
void lookup(const Tensor& table, std::vector<Index> rows) {
  const Tensor out = gather_rows(table, rows);
  Tape::current().backward(out, Tensor::full(out.shape(), 1));
}
void use_all(const Tensor& table) {
  Tape::current().backward(multiply(table, 2), Tensor::full(table.shape(), 1));
}

TEST(ParameterGradient, RowsBecomeDenseAndClear) {
  Tensor table = parameter({4, 2});
  using State = ParameterGradient::State;
  const auto state = [&] { return table.parameter_gradient()->state(); };
  EXPECT_EQ(state(), State::none);
  lookup(table, {1, 3, 1});
  EXPECT_EQ(state(), State::rows);
  lookup(table, {3});
  EXPECT_THAT(table.parameter_gradient()->rows(), ElementsAre(1, 3));
  EXPECT_THAT(table.grad(), ElementsAre(0, 0, 2, 2, 0, 0, 2, 2));
  use_all(table);
  EXPECT_EQ(state(), State::dense);
  EXPECT_THAT(table.grad(), ElementsAre(2, 2, 4, 4, 2, 2, 4, 4));
  lookup(table, {0});
  EXPECT_EQ(state(), State::dense);
  EXPECT_THAT(table.grad(), ElementsAre(3, 3, 4, 4, 2, 2, 4, 4));
  table.clear_grad();
  EXPECT_FALSE(table.has_grad());
  lookup(table, {2});
  EXPECT_THAT(table.grad(), ElementsAre(0, 0, 0, 0, 1, 1, 0, 0));
  table.clear_grad();
  EXPECT_EQ(state(), State::zero);
  use_all(table);
  EXPECT_THAT(table.grad(), Each(2));
  table.parameter_gradient()->scale(3);
  EXPECT_THAT(table.grad(), Each(6));
}

void add_to(const std::vector<Tensor>& parameters, GradientSet& set) {
  for (std::size_t slot = 0; slot < parameters.size(); ++slot) {
    parameters[slot].parameter_gradient()->add(set[slot]);
    set[slot].clear();
  }
}

TEST(GradientSet, KeepsTasksApartAndAddsThem) {
  Tensor table = parameter({3, 2});
  Tensor weight = parameter({2});
  const std::vector<Tensor> parameters = {table, weight};
  GradientSet first(parameters);
  GradientSet second(parameters);
  {
    const GradientScope scope(first);
    lookup(table, {2});
    EXPECT_TRUE(table.has_grad());
    use_all(weight);
  }
  {
    const GradientScope scope(second);
    EXPECT_FALSE(table.has_grad());
    lookup(table, {0, 2});
  }
  EXPECT_FALSE(table.has_grad());
  add_to(parameters, first);
  add_to(parameters, second);
  EXPECT_EQ(table.parameter_gradient()->state(), ParameterGradient::State::rows);
  EXPECT_THAT(table.parameter_gradient()->rows(), ElementsAre(2, 0));
  EXPECT_THAT(table.grad(), ElementsAre(1, 1, 0, 0, 2, 2));
  EXPECT_THAT(weight.grad(), Each(2));
  EXPECT_FALSE(first[0].written());
  // A dense part and a sparse part meet.
  {
    const GradientScope scope(first);
    use_all(table);
  }
  add_to(parameters, first);
  EXPECT_THAT(table.grad(), ElementsAre(3, 3, 2, 2, 4, 4));
}

TEST(GradientSet, NeedsParameters) {
  const Tensor plain = wanted({2});
  EXPECT_THAT(message_of([&] {
                GradientSet set({&plain, 1});
              }),
              HasSubstr("GradientSet: needs parameters, made by Tensor::parameter"));
}

}  // namespace
}  // namespace tailgrad
