#include <tailgrad/core/ops/attention.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>

#include <tailgrad/core/kernels/dropout_mask.h>
#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/kernels/lanes.h>
#include <tailgrad/core/kernels/packed_product.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/kernels/softmax_exp.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using kernels::Scratch;

constexpr std::size_t kKeptLength = 512;                      // longer sequences are recomputed
constexpr std::size_t kKeptTotal = std::size_t{1} << 27;      // and so is all beyond these elements
constexpr std::size_t kBlockElements = std::size_t{1} << 18;  // weights at hand at once
constexpr std::size_t kOwnProduct = std::size_t{1} << 18;     // multiplications
constexpr std::size_t kTaskElements = std::size_t{1} << 15;   // weights that pay for a thread

Index index(std::size_t n) {
  return static_cast<Index>(n);
}

// Which weights are dropped: a pure function of the place, see core/random.h.
struct Dropping {
  DropoutKey key;
  std::uint32_t threshold = 0;  ///< of 65536ths; 0: nothing is dropped

  bool on() const { return threshold > 0; }
  Real scale() const { return static_cast<Real>(65536.0 / (65536 - threshold)); }
};

Dropping dropping(double rate) {
  TrainingPass* const pass = TrainingPass::current();
  if (pass == nullptr) return {};
  // Counted even when nothing is dropped: the other dropouts keep their numbers.
  const DropoutKey key{pass->seed(), pass->step(), pass->shard(), pass->next_use()};
  return {key, std::min(dropout_threshold(rate), 65535U)};
}

// Everything about one call but the numbers.
struct Plan {
  std::span<const Index> offsets;
  std::size_t heads;
  std::size_t width;
  bool keep;  ///< whether weights are saved at all
  Dropping dropout;

  std::size_t head_width() const { return width / heads; }
  std::size_t stride() const { return 3 * width; }
  Real scale() const { return 1 / std::sqrt(static_cast<Real>(head_width())); }
  std::size_t sequences() const { return offsets.size() - 1; }
  std::size_t begin(std::size_t sequence) const {
    return static_cast<std::size_t>(offsets[sequence]);
  }
  std::size_t length(std::size_t sequence) const {
    return static_cast<std::size_t>(offsets[sequence + 1] - offsets[sequence]);
  }
  bool kept(std::size_t sequence) const { return keep && length(sequence) <= kKeptLength; }
  /// From one query's weights to the next in the forward pass: those that nobody keeps or drops are
  /// whole vectors of numbers.
  std::size_t row_stride(std::size_t sequence) const {
    const std::size_t n = length(sequence);
    if (kept(sequence) || dropout.on()) return n;
    return (n + kernels::kLanes - 1) / kernels::kLanes * kernels::kLanes;
  }
};

// Weights of all sequences that are kept, and of all.
std::pair<std::size_t, std::size_t> weights_of(const Plan& plan) {
  std::size_t kept = 0;
  std::size_t all = 0;
  for (std::size_t s = 0; s < plan.sequences(); ++s) {
    const std::size_t weights = plan.heads * plan.length(s) * plan.length(s);
    all += weights;
    if (plan.length(s) <= kKeptLength) kept += weights;
  }
  return {kept, all};
}

// One head of one sequence.
struct Task {
  std::size_t sequence, head, length, first_token;
  std::size_t kept_at;  ///< of its first saved weight
  std::size_t block;    ///< queries at once
};

// A product of one head: many are too small for the BLAS.
void head_product(std::size_t m, std::size_t n, std::size_t k, Real alpha, const kernels::Matrix& a,
                  const kernels::Matrix& b, Real beta, Real* c, std::size_t c_stride) {
  if (m * n * k <= kOwnProduct)
    return kernels::small_product(m, n, k, alpha, a, b, beta, c, c_stride);
  kernels::gemm(index(m), index(n), index(k), alpha, a, b, beta, c, index(c_stride));
}

// Calls body(task) for all heads of all sequences, side by side; the pieces depend on the lengths
// alone.
template <class Body>
void for_tasks(const Plan& plan, Body body) {
  const std::size_t tasks = plan.sequences() * plan.heads;
  if (tasks == 0) return;
  const std::size_t average = std::max<std::size_t>(1, weights_of(plan).second / tasks);
  const std::size_t grain = std::max<std::size_t>(1, kTaskElements / average);
  parallel_for(tasks, grain, [&](std::size_t begin, std::size_t end) {
    std::size_t kept_at = 0;
    for (std::size_t s = 0; s < begin / plan.heads; ++s)
      if (plan.kept(s)) kept_at += plan.heads * plan.length(s) * plan.length(s);
    for (std::size_t t = begin; t < end; ++t) {
      const std::size_t s = t / plan.heads;
      const std::size_t head = t % plan.heads;
      const std::size_t length = plan.length(s);
      if (length > 0) {
        const std::size_t fitting = std::max<std::size_t>(16, kBlockElements / length);
        body(Task{s, head, length, plan.begin(s), kept_at + head * length * length,
                  std::min(length, fitting)});
      }
      if (head + 1 == plan.heads && plan.kept(s)) kept_at += plan.heads * length * length;
    }
  });
}

// weights[r, :] = softmax(weights[r, :]). Some rows at once: the steps of one row wait for each
// other.
void softmax_rows(Real* weights, std::size_t rows, std::size_t cols) {
  constexpr std::size_t kRows = 8;
  for (std::size_t first = 0; first < rows; first += kRows) {
    const std::size_t count = std::min(kRows, rows - first);
    Real* __restrict const block = weights + first * cols;
    Real scale[kRows];
    for (std::size_t r = 0; r < count; ++r) scale[r] = kernels::row_max(block + r * cols, cols);
    for (std::size_t r = 0; r < count; ++r)
      for (std::size_t c = 0; c < cols; ++c)
        block[r * cols + c] = kernels::softmax_exp(block[r * cols + c] - scale[r]);
    for (std::size_t r = 0; r < count; ++r) scale[r] = 1 / kernels::row_sum(block + r * cols, cols);
    for (std::size_t r = 0; r < count; ++r)
      for (std::size_t c = 0; c < cols; ++c) block[r * cols + c] *= scale[r];
  }
}

constexpr std::size_t kWordsAtOnce = 256;  // philox_words is fastest in whole runs of these

std::size_t words_for(std::size_t weights) {
  return (weights / 2 + kWordsAtOnce) / kWordsAtOnce * kWordsAtOnce;
}

// Marks the dropped weights of the queries from `row` on by their sign bit. 16 random bits decide
// on a weight: the halves of the words, first all low ones, then all high ones. Every head of every
// sequence has its own range of words.
void mark_dropped(Real* __restrict weights, const Plan& plan, const Task& task, std::size_t row,
                  std::size_t rows, std::uint32_t* __restrict words) {
  const std::size_t count = rows * task.length;
  const std::size_t word_count = words_for(count);
  const DropoutKey& key = plan.dropout.key;
  const std::uint64_t place = task.first_token * plan.heads + task.head;
  philox_words(key.seed, random_stream("attention") + (std::uint64_t{key.shard} << 32) + key.use,
               key.step, (place << 36) + row * task.length, {words, word_count});
  const std::uint32_t threshold = plan.dropout.threshold;
  const std::size_t low = std::min(count, word_count);
  for (std::size_t i = 0; i < low; ++i)
    weights[i] = (words[i] & 0xffffU) < threshold ? -weights[i] : weights[i];
  Real* __restrict rest = weights + low;
  for (std::size_t i = 0; i < count - low; ++i)
    rest[i] = (words[i] >> 16) < threshold ? -rest[i] : rest[i];
}

// The weights after dropout, from the marked ones.
void drop(Real* __restrict to, const Real* __restrict marked, std::size_t count, Real scale) {
  for (std::size_t i = 0; i < count; ++i) to[i] = marked[i] > 0 ? marked[i] * scale : Real{0};
}

// Working memory of a task; sized for its block.
struct Work {
  Work(const Plan& plan, const Task& task, bool backward)
      : weights(task.block * (backward ? task.length : plan.row_stride(task.sequence))),
        dropped(plan.dropout.on() ? task.block * task.length : 0),
        words(plan.dropout.on() ? words_for(task.block * task.length) : 0),
        gradient(backward ? task.block * task.length : 0) {}
  Scratch<Real> weights, dropped;
  Scratch<std::uint32_t> words;
  Scratch<Real> gradient;
};

// Marked weights of the queries [row, row + rows) of a task, one row after `row_stride` numbers;
// what lies between them gets zeros.
void compute_weights(Real* weights, std::size_t row_stride, const Real* qkv, const Plan& plan,
                     const Task& task, std::size_t row, std::size_t rows, std::uint32_t* words) {
  const Index stride = index(plan.stride());
  const Real* const q = qkv + task.first_token * plan.stride() + task.head * plan.head_width();
  head_product(rows, task.length, plan.head_width(), plan.scale(),
               {q + row * plan.stride(), stride}, {q + plan.width, stride, true}, 0, weights,
               row_stride);
  if (row_stride > task.length)
    for (std::size_t r = 0; r < rows; ++r)
      std::fill(weights + r * row_stride + task.length, weights + (r + 1) * row_stride,
                -std::numeric_limits<Real>::infinity());
  softmax_rows(weights, rows, row_stride);
  if (plan.dropout.on()) mark_dropped(weights, plan, task, row, rows, words);
}

void forward_task(Real* out, Real* kept, const Real* qkv, const Plan& plan, const Task& task) {
  const Work work(plan, task, false);
  const std::size_t offset = task.head * plan.head_width();
  const std::size_t row_stride = plan.row_stride(task.sequence);
  const Real* const v = qkv + task.first_token * plan.stride() + 2 * plan.width + offset;
  for (std::size_t row = 0; row < task.length; row += task.block) {
    const std::size_t rows = std::min(task.block, task.length - row);
    Real* const weights =
        plan.kept(task.sequence) ? kept + task.kept_at + row * task.length : work.weights.data();
    compute_weights(weights, row_stride, qkv, plan, task, row, rows, work.words.data());
    const Real* used = weights;
    if (plan.dropout.on()) {
      drop(work.dropped.data(), weights, rows * task.length, plan.dropout.scale());
      used = work.dropped.data();
    }
    head_product(rows, plan.head_width(), task.length, 1, {used, index(row_stride)},
                 {v, index(plan.stride())}, 0, out + (task.first_token + row) * plan.width + offset,
                 plan.width);
  }
}

// From d(loss)/d(weights after dropout) to d(loss)/d(scores), in place. `marked` are the weights
// with the dropped ones negative, `used` those after dropout.
void scores_gradient(Real* gradient, const Real* marked, const Real* used, std::size_t rows,
                     std::size_t cols) {
  for (std::size_t r = 0; r < rows; ++r) {
    Real* __restrict g = gradient + r * cols;
    const Real* __restrict p = marked + r * cols;
    const Real* __restrict u = used + r * cols;
    const Real dot = kernels::row_dot(u, g, cols);
    for (std::size_t c = 0; c < cols; ++c) g[c] = u[c] * g[c] - std::fabs(p[c]) * dot;
  }
}

void backward_task(GradientTarget to, const Real* upstream, const Real* kept, const Real* qkv,
                   const Plan& plan, const Task& task) {
  const Work work(plan, task, true);
  const std::size_t offset = task.head * plan.head_width();
  const std::size_t at = task.first_token * plan.stride() + offset;
  const Index stride = index(plan.stride());
  const Index width = index(plan.width);
  const Index length = index(task.length);
  const Real* const q = qkv + at;
  const Real* const k = q + plan.width;
  const Real* const v = k + plan.width;
  Real* const dq = to.data + at;
  Real* const dk = dq + plan.width;
  Real* const dv = dk + plan.width;
  const Real old = to.fresh ? Real{0} : Real{1};
  Real* const g = work.gradient.data();
  for (std::size_t row = 0; row < task.length; row += task.block) {
    const std::size_t rows = std::min(task.block, task.length - row);
    const Real* weights = nullptr;
    if (plan.kept(task.sequence)) {
      weights = kept + task.kept_at + row * task.length;
    } else {
      compute_weights(work.weights.data(), task.length, qkv, plan, task, row, rows,
                      work.words.data());
      weights = work.weights.data();
    }
    const Real* used = weights;
    if (plan.dropout.on()) {
      drop(work.dropped.data(), weights, rows * task.length, plan.dropout.scale());
      used = work.dropped.data();
    }
    const Real* const d_out = upstream + (task.first_token + row) * plan.width + offset;
    const Real sum_so_far = row == 0 ? old : Real{1};  // keys and values get a share of every block
    head_product(rows, task.length, plan.head_width(), 1, {d_out, width}, {v, stride, true}, 0, g,
                 task.length);
    head_product(task.length, plan.head_width(), rows, 1, {used, length, true}, {d_out, width},
                 sum_so_far, dv, plan.stride());
    scores_gradient(g, weights, used, rows, task.length);
    head_product(rows, plan.head_width(), task.length, plan.scale(), {g, length}, {k, stride}, old,
                 dq + row * plan.stride(), plan.stride());
    head_product(task.length, plan.head_width(), rows, plan.scale(), {g, length, true},
                 {q + row * plan.stride(), stride}, sum_so_far, dk, plan.stride());
  }
}

void check(const Tensor& qkv, std::span<const Index> offsets, Index heads, double dropout,
           Where where) {
  const Shape& shape = qkv.shape();
  if (shape.rank() != 2 || shape[1] % 3 != 0)
    fail("attention", "needs qkv [tokens, 3 width]", {{"qkv", shape}}, where);
  if (heads < 1 || (shape[1] / 3) % heads != 0)
    fail("attention",
         "the heads must divide the width " + std::to_string(shape[1] / 3) + "; got " +
             std::to_string(heads) + " heads",
         {{"qkv", shape}}, where);
  const bool rising = !offsets.empty() && offsets.front() == 0 && offsets.back() == shape[0] &&
                      std::ranges::is_sorted(offsets);
  if (!rising)
    fail("attention",
         "the offsets must rise from 0 to the number of tokens" +
             (offsets.empty()
                  ? std::string("; there are none")
                  : "; got " + std::to_string(offsets.size()) + " from " +
                        std::to_string(offsets.front()) + " to " + std::to_string(offsets.back())),
         {{"qkv", shape}}, where);
  if (!(dropout >= 0 && dropout < 1))
    fail("attention", "needs a dropout rate in [0, 1), not " + std::to_string(dropout), {}, where);
}

}  // namespace

Tensor attention(const Tensor& qkv, std::span<const Index> offsets, Index heads, double dropout,
                 Where where) {
  check(qkv, offsets, heads, dropout, where);
  const auto width = static_cast<std::size_t>(qkv.cols() / 3);
  const Tensor out = Tensor::empty({qkv.rows(), qkv.cols() / 3});
  const bool recorded = Tape::current().enabled() && qkv.requires_grad();
  Plan plan{offsets, static_cast<std::size_t>(heads), width, recorded, dropping(dropout)};
  const std::size_t weights = weights_of(plan).first;
  plan.keep = recorded && weights <= kKeptTotal;
  const Tensor kept = plan.keep ? Tensor::empty({index(weights)}) : Tensor{};
  if (width > 0)
    for_tasks(plan, [&, to = out.mutable_data(), from = qkv.data(),
                     saved = plan.keep ? kept.mutable_data() : nullptr](const Task& task) {
      forward_task(to, saved, from, plan, task);
    });
  if (!recorded) {
    Tape::current().record("attention", out, {&qkv}, [] {});  // nothing but the NaN finder
    return out;
  }
  Tape::current().record("attention", out, {&qkv},
                         [qkv, out, kept, plan, own = Scratch<Index>(offsets)]() {
                           Plan here = plan;
                           here.offsets = {own.data(), plan.offsets.size()};
                           const GradientTarget to = qkv.gradient_target();
                           const Real* const saved = here.keep ? kept.data() : nullptr;
                           if (here.width == 0) return;
                           for_tasks(here, [&](const Task& task) {
                             backward_task(to, out.grad().data(), saved, qkv.data(), here, task);
                           });
                         });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
