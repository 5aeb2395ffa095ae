// What must hold for any numbers and shapes: sums over shards, order of the batch, repetition along
// an axis, inverses and transposes.
#include "property.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <tailgrad/core/ops.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>

namespace tailgrad::property {
namespace {

// The numbers come from one drawn seed: RapidCheck makes shapes smaller, which is what helps.
Tensor random_tensor(const Shape& shape, double low = -2, double high = 2) {
  Random random(static_cast<std::uint64_t>(index(0, 1 << 30)), "property");
  Tensor tensor = Tensor::empty(shape);
  for (Real& value : tensor.mutable_values()) value = random.uniform(low, high);
  return tensor;
}

std::vector<Real> copied(std::span<const Real> values) {
  return {values.begin(), values.end()};
}

bool near(std::span<const Real> a, std::span<const Real> b, double tolerance = 1e-12) {
  double scale = 1e-300;
  for (const Real value : a) scale = std::max(scale, std::abs(value));
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) <= tolerance * scale)) return false;
  return true;
}

double dot(std::span<const Real> a, std::span<const Real> b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

// --- losses

struct Batch {
  Tensor logits;
  std::vector<Index> classes;
  std::vector<std::uint8_t> marks;
  Index items() const { return logits.rows(); }
};

struct LossResult {
  double sum = 0;
  double normaliser = 0;
  std::vector<Real> gradient;
};

constexpr Index kClasses = 4;

struct Chosen {
  LossEntry entry;
  std::unique_ptr<Loss> loss;
};

// A loss of items by themselves that draws no random numbers by their place.
Chosen choose_loss() {
  const auto& table = loss_table();
  const LossEntry entry = table[static_cast<std::size_t>(index(0, static_cast<int>(table.size())))];
  std::unique_ptr<Loss> loss =
      make_loss(entry.spec.name, ClassCounts(std::vector<double>{900, 70, 30, 5}));
  RC_PRE(loss->decomposes() && !loss->reads_sequences());
  return {entry, std::move(loss)};
}

Batch random_batch(const Chosen& chosen) {
  Batch batch;
  const Index items = index(2, 40);
  batch.logits = random_tensor({items, kClasses}, -4, 4);
  for (Index i = 0; i < items; ++i) {
    batch.classes.push_back(index(0, 8) == 0 ? kIgnoredLabel : index(0, kClasses));
    for (Index k = 0; k < kClasses; ++k)
      batch.marks.push_back(static_cast<std::uint8_t>(index(0, 2)));
  }
  if (chosen.entry.task == LossTask::multi_label) {
    batch.classes.clear();
  } else {
    batch.marks.clear();
  }
  return batch;
}

LossResult evaluate(const Loss& loss, const Batch& batch, Index first = 0) {
  Tensor wanted = Tensor::from(batch.logits.shape(), batch.logits.values());
  wanted.require_grad();
  const LossOutput output = loss(wanted, {.classes = batch.classes, .marks = batch.marks},
                                 {.first_item = static_cast<std::uint64_t>(first)});
  LossResult result{output.sum.item(), output.normaliser, std::vector<Real>(wanted.size())};
  Tape::current().backward(output.sum);
  if (wanted.has_grad()) result.gradient = copied(wanted.grad());
  return result;
}

Batch rows_of(const Batch& batch, const std::vector<Index>& rows) {
  Batch part;
  part.logits = gather_rows(batch.logits, rows);
  for (const Index row : rows) {
    const auto at = static_cast<std::size_t>(row);
    if (!batch.classes.empty()) part.classes.push_back(batch.classes[at]);
    if (!batch.marks.empty())
      part.marks.insert(part.marks.end(), batch.marks.begin() + row * kClasses,
                        batch.marks.begin() + (row + 1) * kClasses);
  }
  return part;
}

std::vector<Index> numbered(Index begin, Index end) {
  std::vector<Index> rows(static_cast<std::size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

PROPERTY(Properties, ALossOfTwoShardsIsThatOfTheBatch) {
  const Chosen chosen = choose_loss();
  RC_LOG() << chosen.entry.spec.name << "\n";
  const Batch batch = random_batch(chosen);
  const Index cut = index(0, static_cast<int>(batch.items()) + 1);
  const LossResult whole = evaluate(*chosen.loss, batch);
  const LossResult one = evaluate(*chosen.loss, rows_of(batch, numbered(0, cut)));
  const LossResult two = evaluate(*chosen.loss, rows_of(batch, numbered(cut, batch.items())), cut);
  RC_ASSERT(std::abs(one.sum + two.sum - whole.sum) <= 1e-11 * (1 + std::abs(whole.sum)));
  RC_ASSERT(std::abs(one.normaliser + two.normaliser - whole.normaliser) <=
            1e-11 * (1 + whole.normaliser));
  std::vector<Real> together = one.gradient;
  together.insert(together.end(), two.gradient.begin(), two.gradient.end());
  RC_ASSERT(near(whole.gradient, together, 1e-11));
}

PROPERTY(Properties, ALossDoesNotDependOnTheOrderOfTheBatch) {
  Chosen chosen = choose_loss();
  RC_LOG() << chosen.entry.spec.name << "\n";
  if (chosen.entry.spec.name == "eql")  // without its draws, which depend on the place
    chosen.loss =
        make_loss("eql:gamma=1,lambda=0.05", ClassCounts(std::vector<double>{900, 70, 30, 5}));
  const Batch batch = random_batch(chosen);
  std::vector<Index> order = numbered(0, batch.items());
  Random random(static_cast<std::uint64_t>(index(0, 1 << 30)), "order");
  for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  const LossResult plain = evaluate(*chosen.loss, batch);
  const LossResult mixed = evaluate(*chosen.loss, rows_of(batch, order));
  RC_ASSERT(std::abs(plain.sum - mixed.sum) <= 1e-11 * (1 + std::abs(plain.sum)));
  std::vector<Real> back(plain.gradient.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    std::copy_n(mixed.gradient.begin() + static_cast<std::ptrdiff_t>(i) * kClasses, kClasses,
                back.begin() + static_cast<std::ptrdiff_t>(order[i]) * kClasses);
  RC_ASSERT(near(plain.gradient, back, 1e-11));
}

// --- softmax

PROPERTY(Properties, SoftmaxDoesNotFeelAShift) {
  const Tensor x = random_tensor({index(1, 5), index(1, 70)}, -20, 20);
  const Real shift = static_cast<Real>(index(-1000, 1000));
  const Tensor moved = add(x, shift);
  RC_ASSERT(near(softmax(x).values(), softmax(moved).values(), 1e-11));
  RC_ASSERT(near(log_softmax(x).values(), log_softmax(moved).values(), 1e-11));
  RC_ASSERT(near(add(logsumexp(x), shift).values(), logsumexp(moved).values(), 1e-11));
  double total = 0;
  for (const Real p : softmax(x).values()) total += p;
  RC_ASSERT(std::abs(total - x.rows()) <= 1e-12 * x.rows());
}

// --- repetition

PROPERTY(Properties, RepetitionIsTheSameAsACopyOfFullSize) {
  const Index rows = index(1, 8), cols = index(1, 40);
  const int axes = index(0, 3);
  const Shape small_shape = axes == 0 ? Shape{} : axes == 1 ? Shape{cols} : Shape{rows, 1};
  // Which element of `small` stands at (r, c).
  const auto source = [axes](Index r, Index c) {
    return static_cast<std::size_t>(axes == 0 ? 0 : axes == 1 ? c : r);
  };
  Tensor small = random_tensor(small_shape, 0.5, 2);
  small.require_grad();
  Tensor full = Tensor::empty({rows, cols});
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c) full.mutable_data()[r * cols + c] = small.data()[source(r, c)];
  full.require_grad();
  const Tensor x = random_tensor({rows, cols}, 0.5, 2);
  const Tensor upstream = random_tensor({rows, cols});
  const int which = index(0, 12);
  const auto op = [&](const Tensor& other) {
    const Tensor& a = which % 2 == 0 ? x : other;
    const Tensor& b = which % 2 == 0 ? other : x;
    switch (which / 2) {
      case 0:
        return add(a, b);
      case 1:
        return subtract(a, b);
      case 2:
        return multiply(a, b);
      case 3:
        return divide(a, b);
      case 4:
        return maximum(a, b);
      default:
        return minimum(a, b);
    }
  };
  const Tensor repeated = op(small), copy = op(full);
  RC_ASSERT(copied(repeated.values()) == copied(copy.values()));
  Tape::current().backward(repeated, upstream);
  Tape::current().clear();
  Tape::current().backward(op(full), upstream);
  std::vector<Real> summed(small.size());
  for (Index r = 0; r < rows; ++r)
    for (Index c = 0; c < cols; ++c)
      summed[source(r, c)] += full.grad()[static_cast<std::size_t>(r * cols + c)];
  RC_ASSERT(near(small.grad(), summed, 1e-11));
}

// --- inverses

PROPERTY(Properties, SlicesOfJoinedColumnsAreTheParts) {
  const Index rows = index(0, 6);
  std::vector<Tensor> parts;
  for (int i = index(1, 5); i > 0; --i) parts.push_back(random_tensor({rows, index(0, 20)}));
  const Tensor joined = concat_columns(parts);
  Index start = 0;
  for (const Tensor& part : parts) {
    const Tensor slice = slice_columns(joined, start, start + part.cols());
    RC_ASSERT(copied(slice.values()) == copied(part.values()));
    start += part.cols();
  }
  RC_ASSERT(start == joined.cols());
}

PROPERTY(Properties, GatheredRowsOfJoinedRowsAreTheParts) {
  const Index cols = index(0, 20);
  std::vector<Tensor> parts;
  for (int i = index(1, 5); i > 0; --i) parts.push_back(random_tensor({index(0, 6), cols}));
  const Tensor joined = concat_rows(parts);
  Index start = 0;
  for (const Tensor& part : parts) {
    const Tensor rows = gather_rows(joined, numbered(start, start + part.rows()));
    RC_ASSERT(copied(rows.values()) == copied(part.values()));
    start += part.rows();
  }
}

// --- transposes: <f(x), u> = <x, f'(u)> for every linear f, whose gradient is its transpose

template <class Op>
void gradient_is_the_transpose(const Shape& shape, Op op) {
  Tensor x = random_tensor(shape);
  x.require_grad();
  const Tensor y = op(x);
  const Tensor upstream = random_tensor(y.shape());
  const double forward = dot(y.values(), upstream.values());
  Tape::current().backward(y, upstream);
  const double backward = dot(x.values(), x.grad());
  double scale = 1;
  for (std::size_t i = 0; i < y.size(); ++i) scale += std::abs(y.data()[i] * upstream.data()[i]);
  RC_ASSERT(std::abs(forward - backward) <= 1e-12 * scale);
}

PROPERTY(Properties, GatherAndScatterAreTransposes) {
  const Index rows = index(1, 9);
  std::vector<Index> indices;
  for (int i = index(1, 20); i > 0; --i) indices.push_back(index(0, rows));
  gradient_is_the_transpose({rows, index(1, 40)},
                            [&](const Tensor& x) { return gather_rows(x, indices); });
}

PROPERTY(Properties, SumsAndTheirGradientsAreTransposes) {
  const Shape shape = {index(1, 12), index(1, 70)};
  const Index cut = index(0, shape[0] + 1);
  const std::vector<Index> offsets = {0, cut, cut, shape[0]};
  gradient_is_the_transpose(shape, [](const Tensor& x) { return row_sums(x); });
  gradient_is_the_transpose(shape, [](const Tensor& x) { return column_means(x); });
  gradient_is_the_transpose(shape, [&](const Tensor& x) { return segment_sums(x, offsets); });
  gradient_is_the_transpose(shape, [&](const Tensor& x) { return segment_means(x, offsets); });
}

PROPERTY(Properties, ProductsAndTheirGradientsAreTransposes) {
  const Index m = index(1, 20), k = index(1, 40), n = index(1, 40);
  const Transpose flags{*rc::gen::arbitrary<bool>(), *rc::gen::arbitrary<bool>()};
  const Shape a = flags.a ? Shape{k, m} : Shape{m, k}, b = flags.b ? Shape{n, k} : Shape{k, n};
  const Tensor right = random_tensor(b), left = random_tensor(a);
  gradient_is_the_transpose(a, [&](const Tensor& x) { return matmul(x, right, flags); });
  gradient_is_the_transpose(b, [&](const Tensor& x) { return matmul(left, x, flags); });
}

PROPERTY(Properties, ConvolutionsAndTheirGradientsAreTransposes) {
  const Index channels = index(1, 7), filters = index(1, 9), taps = index(1, 4);
  const Conv2dOptions options{.stride = index(1, 4), .padding = index(0, 3)};
  const Shape image = {index(1, 3), taps + index(0, 6), taps + index(0, 6), channels};
  const Shape filter = {filters, channels, taps, taps};
  const Tensor weight = random_tensor(filter), x = random_tensor(image);
  gradient_is_the_transpose(image, [&](const Tensor& v) { return conv2d(v, weight, {}, options); });
  gradient_is_the_transpose(filter, [&](const Tensor& v) { return conv2d(x, v, {}, options); });
}

PROPERTY(Properties, PoolingAndItsGradientAreTransposes) {
  const Index size = index(1, 4);
  const Pool2dOptions options{
      .size = size, .stride = index(0, 4), .padding = index(0, size / 2 + 1)};
  const Shape image = {index(1, 3), size + index(0, 6), size + index(0, 6), index(1, 20)};
  gradient_is_the_transpose(image, [&](const Tensor& x) { return average_pool2d(x, options); });
  gradient_is_the_transpose(image, [](const Tensor& x) { return global_average_pool(x); });
  gradient_is_the_transpose(
      image, [&](const Tensor& x) { return subsample_pad(x, options.size, image[3] + 3); });
}

}  // namespace
}  // namespace tailgrad::property
