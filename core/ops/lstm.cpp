#include <tailgrad/core/ops/lstm.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include <tailgrad/core/fixed_weights.h>
#include <tailgrad/core/kernels/gemm.h>
#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/packed_product.h>
#include <tailgrad/core/kernels/reduce.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/kernels/vec_math.h>
#include <tailgrad/core/ops/segments.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using kernels::Scratch;

constexpr std::size_t kGroup = 32;  // sequences that step together
constexpr std::size_t kGates = 4;

void check_weights(const Tensor& x, const LstmWeights& w, const LstmWeights& first, Where where) {
  const bool complete =
      w.weight_ih.defined() && w.weight_hh.defined() && w.bias_ih.defined() && w.bias_hh.defined();
  if (!complete) fail("lstm", "needs weight_ih, weight_hh, bias_ih and bias_hh", {}, where);
  const Shape& hh = w.weight_hh.shape();
  const bool fits = hh.rank() == 2 && hh[1] >= 1 && hh[0] == 4 * hh[1] &&
                    w.weight_ih.shape() == Shape{hh[0], x.cols()} &&
                    w.bias_ih.shape() == Shape{hh[0]} && w.bias_hh.shape() == Shape{hh[0]} &&
                    first.weight_hh.shape() == hh;
  if (!fits)
    fail("lstm",
         "needs x [tokens, in], weight_ih [4 hidden, in], weight_hh [4 hidden, hidden], bias_ih "
         "and bias_hh [4 hidden], both directions of one width",
         {{"x", x.shape()},
          {"weight_ih", w.weight_ih.shape()},
          {"weight_hh", hh},
          {"bias_ih", w.bias_ih.shape()},
          {"bias_hh", w.bias_hh.shape()}},
         where);
}

// A sequence that is not empty.
struct Sequence {
  std::size_t begin;
  std::size_t length;

  // The token that step t looks at.
  std::size_t token(std::size_t t, bool reversed) const {
    return reversed ? begin + length - 1 - t : begin + t;
  }
};

// All sequences in groups, each group ordered by falling length: its first `active` sequences are
// those that step t reaches. Groups take turns in the overall order, so they are of like size.
class Groups {
 public:
  explicit Groups(std::span<const Index> offsets) : all_(offsets.size() - 1) {
    std::size_t count = 0;
    for (std::size_t s = 0; s + 1 < offsets.size(); ++s)
      if (offsets[s + 1] > offsets[s])
        all_[count++] = {static_cast<std::size_t>(offsets[s]),
                         static_cast<std::size_t>(offsets[s + 1] - offsets[s])};
    sequences_ = count;
    std::sort(all_.data(), all_.data() + count, [](const Sequence& a, const Sequence& b) {
      return a.length != b.length ? a.length > b.length : a.begin < b.begin;
    });
    count_ = (count + kGroup - 1) / kGroup;
  }

  std::size_t count() const { return count_; }
  std::size_t sequences() const { return sequences_; }
  std::size_t size(std::size_t group) const {
    return sequences_ / count_ + (group < sequences_ % count_ ? 1 : 0);
  }
  /// How many sequences the groups before this one have.
  std::size_t start(std::size_t group) const {
    return group * (sequences_ / count_) + std::min(group, sequences_ % count_);
  }
  const Sequence& sequence(std::size_t group, std::size_t i) const {
    return all_[i * count_ + group];
  }

 private:
  Scratch<Sequence> all_;
  std::size_t sequences_ = 0;
  std::size_t count_ = 0;
};

// Where a direction finds its numbers; each is [tokens, ..].
struct Direction {
  bool reversed;
  Real* gates;  ///< [tokens, 4 hidden] sums, then gates, then their gradient
  Real* cells;  ///< [tokens, hidden] c
  Real* tanhs;  ///< [tokens, hidden] tanh(c)
  Real* out;    ///< first column of this direction
  const Real* packed;
  const Real** rows_in;  ///< one a sequence
  Real** rows_out;
};

struct Sizes {
  std::size_t in, hidden, directions, tokens;
  std::size_t gates() const { return kGates * hidden; }
  std::size_t out() const { return directions * hidden; }
};

// From the sums of the gates to the gates, c, tanh(c) and h of one token.
void cell_forward(Real* __restrict gates, const Real* __restrict before, Real* __restrict cell,
                  Real* __restrict tanhs, Real* __restrict out, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    const Real i = kernels::gate(gates[j]);
    const Real f = kernels::gate(gates[n + j]);
    const Real u = kernels::tanh(gates[2 * n + j]);
    const Real o = kernels::gate(gates[3 * n + j]);
    const Real c = f * before[j] + i * u;
    const Real squashed = kernels::tanh(c);
    gates[j] = i;
    gates[n + j] = f;
    gates[2 * n + j] = u;
    gates[3 * n + j] = o;
    cell[j] = c;
    tanhs[j] = squashed;
    out[j] = o * squashed;
  }
}

// From d loss / d h (upstream and from the next step) and d loss / d c (from the next step) to the
// gradient of the gates' sums, in place, and of the c before.
void cell_backward(Real* __restrict gates, const Real* __restrict before,
                   const Real* __restrict tanhs, const Real* __restrict upstream,
                   const Real* __restrict d_h, Real* __restrict d_c, std::size_t n) {
  for (std::size_t j = 0; j < n; ++j) {
    const Real i = gates[j];
    const Real f = gates[n + j];
    const Real u = gates[2 * n + j];
    const Real o = gates[3 * n + j];
    const Real h = upstream[j] + d_h[j];
    const Real c = d_c[j] + h * o * (1 - tanhs[j] * tanhs[j]);
    gates[j] = c * u * i * (1 - i);
    gates[n + j] = c * before[j] * f * (1 - f);
    gates[2 * n + j] = c * i * (1 - u * u);
    gates[3 * n + j] = h * tanhs[j] * o * (1 - o);
    d_c[j] = c * f;
  }
}

std::size_t reached(const Groups& groups, std::size_t group, std::size_t active, std::size_t step) {
  while (active > 0 && groups.sequence(group, active - 1).length <= step) --active;
  return active;
}

kernels::PanelOrder taking_turns(std::size_t step) {
  return step % 2 == 0 ? kernels::PanelOrder::rising : kernels::PanelOrder::falling;
}

void forward_steps(const Groups& groups, std::size_t group, const Direction& d, const Sizes& size,
                   const Real* zeros) {
  const std::size_t n = size.hidden;
  const std::size_t steps = groups.sequence(group, 0).length;
  const Real** const rows_in = d.rows_in + groups.start(group);
  Real** const rows_out = d.rows_out + groups.start(group);
  std::size_t active = groups.size(group);
  for (std::size_t t = 0; t < steps; ++t) {
    active = reached(groups, group, active, t);
    if (t > 0) {
      for (std::size_t r = 0; r < active; ++r) {
        const Sequence& s = groups.sequence(group, r);
        rows_in[r] = d.out + s.token(t - 1, d.reversed) * size.out();
        rows_out[r] = d.gates + s.token(t, d.reversed) * size.gates();
      }
      kernels::packed_product(active, n, size.gates(), rows_in, d.packed, rows_out, true,
                              taking_turns(t));
    }
    for (std::size_t r = 0; r < active; ++r) {
      const Sequence& s = groups.sequence(group, r);
      const std::size_t token = s.token(t, d.reversed);
      const Real* const before = t > 0 ? d.cells + s.token(t - 1, d.reversed) * n : zeros;
      cell_forward(d.gates + token * size.gates(), before, d.cells + token * n, d.tanhs + token * n,
                   d.out + token * size.out(), n);
    }
  }
}

// `d_h` and `d_c` [sequences of the group, hidden] start as zeros.
void backward_steps(const Groups& groups, std::size_t group, const Direction& d, const Sizes& size,
                    const Real* upstream, const Real* zeros, Real* d_h, Real* d_c) {
  const std::size_t n = size.hidden;
  const Real** const rows_in = d.rows_in + groups.start(group);
  Real** const rows_out = d.rows_out + groups.start(group);
  for (std::size_t t = groups.sequence(group, 0).length; t-- > 0;) {
    const std::size_t active = reached(groups, group, groups.size(group), t);
    for (std::size_t r = 0; r < active; ++r) {
      const Sequence& s = groups.sequence(group, r);
      const std::size_t token = s.token(t, d.reversed);
      const Real* const before = t > 0 ? d.cells + s.token(t - 1, d.reversed) * n : zeros;
      cell_backward(d.gates + token * size.gates(), before, d.tanhs + token * n,
                    upstream + token * size.out(), d_h + r * n, d_c + r * n, n);
      rows_in[r] = d.gates + token * size.gates();
      rows_out[r] = d_h + r * n;
    }
    if (t > 0)
      kernels::packed_product(active, size.gates(), n, rows_in, d.packed, rows_out, false,
                              taking_turns(t));
  }
}

// What the backward pass needs beside the tensors.
struct Saved {
  Groups groups;
  Scratch<Real> gates, cells, tanhs;  ///< of all directions, one after the other
  Sizes size;

  Direction direction(std::size_t which, Real* out, const Real* packed, const Real** rows_in,
                      Real** rows_out) const {
    return {which == 1,
            gates.data() + which * size.tokens * size.gates(),
            cells.data() + which * size.tokens * size.hidden,
            tanhs.data() + which * size.tokens * size.hidden,
            out + which * size.hidden,
            packed,
            rows_in + which * groups.sequences(),
            rows_out + which * groups.sequences()};
  }
};

Real old_share(const GradientTarget& target) {
  return target.fresh ? Real{0} : Real{1};
}

Index index(std::size_t n) {
  return static_cast<Index>(n);
}

using BothWeights = std::array<LstmWeights, 2>;

// Of weight_ih and the biases.
void input_gradients(const LstmWeights& w, const Tensor& x, const Direction& d, const Sizes& size) {
  if (w.weight_ih.requires_grad()) {
    const Index rows = index(size.gates());
    const GradientTarget to = w.weight_ih.gradient_target();
    kernels::gemm(rows, index(size.in), index(size.tokens), 1, {d.gates, rows, true},
                  {x.data(), index(size.in)}, old_share(to), to.data, index(size.in));
  }
  const bool bias_ih = w.bias_ih.requires_grad();
  const bool bias_hh = w.bias_hh.requires_grad();
  if (!bias_ih && !bias_hh) return;
  const Scratch<Real> sums(size.gates());
  kernels::sum_columns(
      size.tokens, size.gates(),
      [g = d.gates, n = size.gates()](std::size_t r, std::size_t c) { return g[r * n + c]; },
      [to = sums.data()](std::size_t c, double sum) { to[c] = static_cast<Real>(sum); });
  const auto add = [&](const Tensor& bias) {
    kernels::accumulate(bias.gradient_target(), size.gates(),
                        [from = sums.data()](std::size_t c) { return from[c]; });
  };
  if (bias_ih) add(w.bias_ih);
  if (bias_hh) add(w.bias_hh);
}

// Of weight_hh: a step started from the h of its neighbour, one row before or after its own, so one
// product of shifted rows has all of them. A sequence's first step started from zeros, its
// neighbour is another sequence's: the gradient of its gates makes way, so this comes last.
void recurrent_gradient(const LstmWeights& w, const Direction& d, const Groups& groups,
                        const Sizes& size) {
  if (!w.weight_hh.requires_grad()) return;
  for (std::size_t g = 0; g < groups.count(); ++g)
    for (std::size_t r = 0; r < groups.size(g); ++r) {
      const std::size_t first = groups.sequence(g, r).token(0, d.reversed);
      std::fill_n(d.gates + first * size.gates(), size.gates(), Real{0});
    }
  const Index rows = index(size.gates());
  const Index n = index(size.hidden);
  const Real* const steps = d.gates + (d.reversed ? 0 : size.gates());
  const Real* const neighbours = d.out + (d.reversed ? size.out() : 0);
  const GradientTarget to = w.weight_hh.gradient_target();
  kernels::gemm(rows, n, std::max(index(size.tokens) - 1, 0), 1, {steps, rows, true},
                {neighbours, index(size.out())}, old_share(to), to.data, n);
}

void backward_pass(const Tensor& x, const BothWeights& weights, const Tensor& out,
                   const Saved& saved) {
  const Sizes& size = saved.size;
  const Groups& groups = saved.groups;
  const std::size_t n = size.hidden;
  const std::size_t states = groups.sequences() * n;
  const std::size_t pack = kernels::packed_size(size.gates(), n);
  const Scratch<Real> packed(size.directions * pack);
  const Scratch<Real> carried(size.directions * 2 * states + n);
  const Scratch<const Real*> rows_in(size.directions * groups.sequences());
  const Scratch<Real*> rows_out(size.directions * groups.sequences());
  std::fill_n(carried.data(), size.directions * 2 * states + n, Real{0});
  const Real* const zeros = carried.data() + size.directions * 2 * states;
  const auto direction = [&](std::size_t which) {
    return saved.direction(which, out.mutable_data(), packed.data() + which * pack, rows_in.data(),
                           rows_out.data());
  };
  parallel_for(size.directions, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t which = begin; which < end; ++which)
      kernels::pack_matrix(packed.data() + which * pack,
                           {weights[which].weight_hh.data(), index(n)}, size.gates(), n);
  });
  const Real* const upstream = out.grad().data();
  parallel_for(size.directions * groups.count(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t task = begin; task < end; ++task) {
      const std::size_t which = task / groups.count();
      const std::size_t group = task % groups.count();
      Real* const d_h = carried.data() + which * 2 * states + groups.start(group) * n;
      backward_steps(groups, group, direction(which), size, upstream + which * n, zeros, d_h,
                     d_h + states);
    }
  });
  for (std::size_t which = 0; which < size.directions; ++which) {
    const Direction d = direction(which);
    const LstmWeights& w = weights[which];
    input_gradients(w, x, d, size);
    if (x.requires_grad()) {
      const GradientTarget to = x.gradient_target();
      kernels::gemm(index(size.tokens), index(size.in), index(size.gates()), 1,
                    {d.gates, index(size.gates())}, {w.weight_ih.data(), index(size.in)},
                    old_share(to), to.data, index(size.in));
    }
    recurrent_gradient(w, d, groups, size);
  }
}

// gates = x weight_ih^T + bias_ih + bias_hh, for all tokens at once.
void input_product(Real* gates, const Tensor& x, const LstmWeights& w, const Sizes& size) {
  const std::size_t n = size.gates();
  const Real* const a = w.bias_ih.data();
  const Real* const b = w.bias_hh.data();
  const auto add_biases = [=](Index row, Index rows, Index col, Index cols) {
    const auto first = static_cast<std::size_t>(col);
    const std::size_t last = first + static_cast<std::size_t>(cols);
    for (Index r = row; r < row + rows; ++r) {
      Real* __restrict to = gates + static_cast<std::size_t>(r) * n;
      for (std::size_t c = first; c < last; ++c) to[c] += a[c] + b[c];
    }
  };
  const Index in = index(size.in);
  if (const Real* const layout = FixedWeights::layout_of(w.weight_ih); layout != nullptr) {
    kernels::gemm_packed(index(size.tokens), index(n), in, x.data(), in, layout, gates, index(n),
                         add_biases);
  } else {
    kernels::gemm(index(size.tokens), index(n), in, 1, {x.data(), in},
                  {w.weight_ih.data(), in, true}, 0, gates, index(n), add_biases);
  }
}

}  // namespace

Tensor lstm(const Tensor& x, std::span<const Index> offsets, const LstmWeights& forward,
            const LstmWeights& backward, Where where) {
  check_segments("lstm", x.shape(), offsets, where);
  check_weights(x, forward, forward, where);
  if (backward.defined()) check_weights(x, backward, forward, where);
  const BothWeights weights = {forward, backward};
  const Sizes size{.in = static_cast<std::size_t>(x.cols()),
                   .hidden = static_cast<std::size_t>(forward.weight_hh.cols()),
                   .directions = backward.defined() ? std::size_t{2} : std::size_t{1},
                   .tokens = static_cast<std::size_t>(x.rows())};
  const std::size_t states = size.directions * size.tokens * size.hidden;
  Saved saved{Groups(offsets), Scratch<Real>(kGates * states), Scratch<Real>(states),
              Scratch<Real>(states), size};
  const Groups& groups = saved.groups;
  const Tensor out = Tensor::empty({x.rows(), index(size.out())});

  std::array<const Real*, 2> fixed = {};  // layouts of weight_hh that exist already
  for (std::size_t which = 0; which < size.directions; ++which)
    fixed[which] = FixedWeights::layout_of(weights[which].weight_hh);
  const std::size_t pack = kernels::packed_size(size.hidden, size.gates());
  const Scratch<Real> packed(size.directions * pack);
  const Scratch<Real> zeros(size.hidden);
  std::fill_n(zeros.data(), size.hidden, Real{0});
  const Scratch<const Real*> rows_in(size.directions * groups.sequences());
  const Scratch<Real*> rows_out(size.directions * groups.sequences());
  const auto direction = [&](std::size_t which) {
    const Real* const layout =
        fixed[which] != nullptr ? fixed[which] : packed.data() + which * pack;
    return saved.direction(which, out.mutable_data(), layout, rows_in.data(), rows_out.data());
  };
  for (std::size_t which = 0; which < size.directions; ++which)
    input_product(direction(which).gates, x, weights[which], size);
  parallel_for(size.directions, 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t which = begin; which < end; ++which)
      if (fixed[which] == nullptr)
        kernels::pack_matrix(packed.data() + which * pack,
                             {weights[which].weight_hh.data(), index(size.hidden), true},
                             size.hidden, size.gates());
  });
  parallel_for(size.directions * groups.count(), 1, [&](std::size_t begin, std::size_t end) {
    for (std::size_t task = begin; task < end; ++task)
      forward_steps(groups, task % groups.count(), direction(task / groups.count()), size,
                    zeros.data());
  });

  const Tensor& ih = backward.defined() ? backward.weight_ih : forward.weight_ih;
  const Tensor& hh = backward.defined() ? backward.weight_hh : forward.weight_hh;
  const Tensor& bias_ih = backward.defined() ? backward.bias_ih : forward.bias_ih;
  const Tensor& bias_hh = backward.defined() ? backward.bias_hh : forward.bias_hh;
  Tape::current().record(
      "lstm", out,
      {&x, &forward.weight_ih, &forward.weight_hh, &forward.bias_ih, &forward.bias_hh, &ih, &hh,
       &bias_ih, &bias_hh},
      [x, weights, out, kept = std::move(saved)] { backward_pass(x, weights, out, kept); });
  return out;
}

Tensor sequence_ends(const Tensor& h, std::span<const Index> offsets, bool both_ways, Where where) {
  check_segments("sequence_ends", h.shape(), offsets, where);
  const auto n = static_cast<std::size_t>(h.cols());
  if (both_ways && n % 2 != 0)
    fail("sequence_ends", "two directions need an even number of columns", {{"h", h.shape()}},
         where);
  const std::size_t sequences = offsets.size() - 1;
  const std::size_t first_half = both_ways ? n / 2 : n;
  const Tensor out = Tensor::empty({index(sequences), h.cols()});
  // Calls body(row of out, row of h, first column, columns) for the parts of all ends.
  const auto for_parts = [n, first_half](std::span<const Index> at, auto body) {
    for (std::size_t s = 0; s + 1 < at.size(); ++s) {
      if (at[s] == at[s + 1]) continue;
      body(s, static_cast<std::size_t>(at[s + 1]) - 1, std::size_t{0}, first_half);
      if (first_half < n) body(s, static_cast<std::size_t>(at[s]), first_half, n - first_half);
    }
  };
  Real* const to = out.mutable_data();
  std::fill_n(to, out.size(), Real{0});
  for_parts(offsets, [&](std::size_t s, std::size_t token, std::size_t col, std::size_t cols) {
    std::copy_n(h.data() + token * n + col, cols, to + s * n + col);
  });
  Tape::current().record(
      "sequence_ends", out, {&h}, [h, out, n, for_parts, own = Scratch<Index>(offsets), sequences] {
        const Real* const g = out.grad().data();
        const GradientTarget target = h.gradient_target();
        if (target.fresh) std::fill_n(target.data, h.size(), Real{0});
        for_parts({own.data(), sequences + 1},
                  [&](std::size_t s, std::size_t token, std::size_t col, std::size_t cols) {
                    for (std::size_t c = col; c < col + cols; ++c)
                      target.data[token * n + c] += g[s * n + c];
                  });
      });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
