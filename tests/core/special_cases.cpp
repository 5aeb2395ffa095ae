// The table of special_values_test.cpp: each op as its header defines it, written out.
#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include <tailgrad/core/ops.h>
#include <tailgrad/core/training_pass.h>

#include "special_values.h"

namespace tailgrad::special {
namespace {

using Tensors = std::vector<Tensor>;
using In = std::vector<Wides>;
using Shapes = std::vector<Shape>;

constexpr Wide kWideInfinity = std::numeric_limits<Wide>::infinity();

Wide wide_relu(Wide v) {
  return v < 0 ? 0 : v;
}
Wide wide_sigmoid(Wide v) {
  return 1 / (1 + std::exp(-v));
}
Wide wide_gelu(Wide v) {
  return v == -kWideInfinity ? 0 : v * std::erfc(-v / std::sqrt(Wide{2})) / 2;
}
Wide wide_gelu_tanh(Wide v) {
  if (v == -kWideInfinity) return 0;
  const Wide scale = std::sqrt(2 / std::numbers::pi_v<Wide>);
  return v / 2 * (1 + std::tanh(scale * (v + Wide{0.044715L} * v * v * v)));
}
Wide wide_softplus(Wide v) {
  return v > 0 ? v + std::log1p(std::exp(-v)) : std::log1p(std::exp(v));
}
/// A NaN is larger than all.
Wide larger(Wide a, Wide b) {
  return a > b || std::isnan(a) ? a : b;
}

Wides mapped(const Wides& x, Wide (*f)(Wide)) {
  Wides y = x;
  for (Wide& v : y.v) v = f(v);
  return y;
}

SpecialCase unary(std::string name, std::string what, Tensor (*run)(const Tensor&),
                  Wide (*f)(Wide)) {
  return {.name = std::move(name),
          .what = std::move(what),
          .shapes = [](Index n) { return Shapes{{n}}; },
          .run = [run](const Tensors& in, Index) { return run(in[0]); },
          .expected = [f](const In& in, Index) { return mapped(in[0], f); },
          .element_wise = true,
          .tolerance = 4,
          .takes_huge = true};
}

SpecialCase of_positives(SpecialCase op) {
  op.low = 0.3;
  return op;
}

SpecialCase within(SpecialCase op, Wide absolute) {
  op.absolute = absolute;
  return op;
}

using Binary = Tensor (*)(const Tensor&, const Tensor&, Where);

/// With equal shapes, and the second operand repeated along rows, columns and everything.
void add_binary(std::vector<SpecialCase>& all, const std::string& name, Binary run,
                Wide (*f)(Wide, Wide), double low = -2) {
  const auto pairs = [](Index n) { return Shapes{{n}, {n}}; };
  const auto rows = [](Index n) { return Shapes{{3, n}, {n}}; };
  const auto columns = [](Index n) { return Shapes{{3, n}, {3, 1}}; };
  const auto scalars = [](Index n) { return Shapes{{3, n}, {1}}; };
  const auto expected = [f](const In& in, Index) {
    const bool first_is_large = in[0].v.size() >= in[1].v.size();
    const Wides& large = first_is_large ? in[0] : in[1];
    const auto pick = [&large](const Wides& from, Index r, Index c) {
      return from.at(from.rows == 1 ? 0 : r, from.cols == 1 ? 0 : c);
    };
    Wides y = large;
    for (Index r = 0; r < y.rows; ++r)
      for (Index c = 0; c < y.cols; ++c) y.at(r, c) = f(pick(in[0], r, c), pick(in[1], r, c));
    return y;
  };
  const auto entry = [&](std::string what, std::function<Shapes(Index)> shapes) {
    all.push_back({.name = name,
                   .what = std::move(what),
                   .shapes = std::move(shapes),
                   .run = [run](const Tensors& in, Index) { return run(in[0], in[1], {}); },
                   .expected = expected,
                   .element_wise = true,
                   .tolerance = 2,
                   .low = low,
                   .takes_huge = true});
  };
  entry("equal shapes", pairs);
  entry("row", rows);
  entry("column", columns);
  entry("scalar", scalars);
  entry("row first", [rows](Index n) {
    Shapes shapes = rows(n);
    std::swap(shapes[0], shapes[1]);
    return shapes;
  });
}

void add_element_wise(std::vector<SpecialCase>& all) {
  const Wide eps = std::numeric_limits<Real>::epsilon();
  all.push_back(unary("negate", "", negate, [](Wide v) { return -v; }));
  all.push_back(unary("exp", "", exp, [](Wide v) { return std::exp(v); }));
  all.push_back(of_positives(unary("log", "", log, [](Wide v) { return std::log(v); })));
  all.push_back(of_positives(unary("sqrt", "", sqrt, [](Wide v) { return std::sqrt(v); })));
  all.push_back(unary("square", "", square, [](Wide v) { return v * v; }));
  all.push_back(unary("abs", "", abs, [](Wide v) { return std::abs(v); }));
  all.push_back(unary(
      "clamp", "", [](const Tensor& x) { return clamp(x, Real(-0.5), Real(0.75)); },
      [](Wide v) { return v < -0.5L   ? -0.5L
                          : v > 0.75L ? 0.75L
                                      : v; }));
  all.push_back(unary("tanh", "", tanh, [](Wide v) { return std::tanh(v); }));
  all.push_back(unary("sigmoid", "", sigmoid, wide_sigmoid));
  all.push_back(unary("relu", "", relu, wide_relu));
  all.push_back(within(unary(
                           "gelu", "erf", [](const Tensor& x) { return gelu(x); }, wide_gelu),
                       2 * eps));
  all.push_back(within(
      unary(
          "gelu", "tanh", [](const Tensor& x) { return gelu(x, Gelu::tanh); }, wide_gelu_tanh),
      2 * eps));
  all.push_back(unary("softplus", "", softplus, wide_softplus));
  all.push_back(unary(
      "add", "number", [](const Tensor& x) { return add(x, Real(0.5)); },
      [](Wide v) { return v + 0.5L; }));
  all.push_back(unary(
      "subtract", "number", [](const Tensor& x) { return subtract(x, Real(0.5)); },
      [](Wide v) { return v - 0.5L; }));
  all.push_back(unary(
      "subtract", "from a number", [](const Tensor& x) { return subtract(Real(0.5), x); },
      [](Wide v) { return 0.5L - v; }));
  all.push_back(unary(
      "multiply", "number", [](const Tensor& x) { return multiply(x, Real(1.5)); },
      [](Wide v) { return v * 1.5L; }));
  all.push_back(unary(
      "divide", "by a number", [](const Tensor& x) { return divide(x, Real(1.5)); },
      [](Wide v) { return v / 1.5L; }));
  all.push_back(of_positives(unary(
      "divide", "a number", [](const Tensor& x) { return divide(Real(1.5), x); },
      [](Wide v) { return 1.5L / v; })));
  add_binary(all, "add", add, [](Wide a, Wide b) { return a + b; });
  add_binary(all, "subtract", subtract, [](Wide a, Wide b) { return a - b; });
  add_binary(all, "multiply", multiply, [](Wide a, Wide b) { return a * b; });
  add_binary(
      all, "divide", divide, [](Wide a, Wide b) { return a / b; }, 0.3);
  add_binary(all, "maximum", maximum, [](Wide a, Wide b) { return larger(a, b); });
  add_binary(all, "minimum", minimum, [](Wide a, Wide b) { return -larger(-a, -b); });
}

// --- sums, means, maxima

enum class Kind { sum, mean, maximum };

Wide reduced(const std::vector<Wide>& values, Kind kind) {
  if (values.empty()) return 0;
  Wide total = kind == Kind::maximum ? values[0] : 0;
  for (const Wide v : values) total = kind == Kind::maximum ? larger(v, total) : total + v;
  return kind == Kind::mean ? total / static_cast<Wide>(values.size()) : total;
}

std::vector<Index> halves(Index n) {
  return {0, n / 2, n / 2, n};
}

void add_reductions(std::vector<SpecialCase>& all) {
  const auto add_kind = [&](Kind kind, const std::string& of_all, Tensor (*run_all)(const Tensor&),
                            const std::string& plural, Tensor (*rows)(const Tensor&),
                            Tensor (*columns)(const Tensor&),
                            Tensor (*segments)(const Tensor&, std::span<const Index>, Where)) {
    const auto entry = [&](std::string name, std::function<Shapes(Index)> shapes,
                           std::function<Tensor(const Tensors&, Index)> run,
                           std::function<Wides(const In&, Index)> expected) {
      all.push_back({.name = std::move(name),
                     .what = "",
                     .shapes = std::move(shapes),
                     .run = std::move(run),
                     .expected = std::move(expected),
                     .tolerance = 4,
                     .low = 0.1,
                     .takes_huge = true});
    };
    const auto wide_rows = [](Index n) { return Shapes{{3, n}}; };
    const auto tall = [](Index n) { return Shapes{{n, 3}}; };
    const auto broad = [](Index n) { return Shapes{{5, n}}; };
    entry(
        of_all, wide_rows, [run_all](const Tensors& in, Index) { return run_all(in[0]); },
        [kind](const In& in, Index) { return Wides(1, 1, reduced(in[0].v, kind)); });
    entry(
        "row_" + plural, wide_rows, [rows](const Tensors& in, Index) { return rows(in[0]); },
        [kind](const In& in, Index n) {
          Wides y(in[0].rows, 1);
          for (Index r = 0; r < in[0].rows; ++r) {
            const auto begin = in[0].v.begin() + r * n;
            y.at(r, 0) = reduced({begin, begin + n}, kind);
          }
          return y;
        });
    const auto column_expected = [kind](const In& in, Index) {
      Wides y(1, in[0].cols);
      for (Index c = 0; c < in[0].cols; ++c) {
        std::vector<Wide> column;
        for (Index r = 0; r < in[0].rows; ++r) column.push_back(in[0].at(r, c));
        y.at(0, c) = reduced(column, kind);
      }
      return y;
    };
    const auto run_columns = [columns](const Tensors& in, Index) { return columns(in[0]); };
    entry("column_" + plural, tall, run_columns, column_expected);
    entry("column_" + plural, broad, run_columns, column_expected);
    entry(
        "segment_" + plural, tall,
        [segments](const Tensors& in, Index n) { return segments(in[0], halves(n), {}); },
        [kind](const In& in, Index n) {
          const std::vector<Index> offsets = halves(n);
          Wides y(3, 3);
          for (Index s = 0; s < 3; ++s)
            for (Index c = 0; c < 3; ++c) {
              std::vector<Wide> segment;
              for (Index r = offsets[static_cast<std::size_t>(s)];
                   r < offsets[static_cast<std::size_t>(s) + 1]; ++r)
                segment.push_back(in[0].at(r, c));
              y.at(s, c) = reduced(segment, kind);
            }
          return y;
        });
  };
  add_kind(Kind::sum, "sum", sum, "sums", row_sums, column_sums, segment_sums);
  add_kind(
      Kind::mean, "mean", [](const Tensor& x) { return mean(x); }, "means",
      [](const Tensor& x) { return row_means(x); }, [](const Tensor& x) { return column_means(x); },
      segment_means);
  add_kind(
      Kind::maximum, "max", [](const Tensor& x) { return max(x); }, "maxima",
      [](const Tensor& x) { return row_maxima(x); },
      [](const Tensor& x) { return column_maxima(x); }, segment_maxima);
}

// --- rows: softmax, norms

Wide row_top(const Wides& x, Index r) {
  Wide top = -kWideInfinity;
  for (Index c = 0; c < x.cols; ++c) top = larger(x.at(r, c), top);
  return top;
}

Wide wide_logsumexp(const Wides& x, Index r) {
  const Wide top = row_top(x, r);
  if (std::isinf(top)) return top;
  Wide total = 0;
  for (Index c = 0; c < x.cols; ++c) total += std::exp(x.at(r, c) - top);
  return top + std::log(total);
}

Wides wide_layer_norm(const Wides& x, const Wides& gain, const Wides& bias) {
  Wides y = x;
  const auto n = static_cast<Wide>(x.cols);
  for (Index r = 0; r < x.rows; ++r) {
    Wide mean = 0, variance = 0;
    for (Index c = 0; c < x.cols; ++c) mean += x.at(r, c) / n;
    for (Index c = 0; c < x.cols; ++c) variance += (x.at(r, c) - mean) * (x.at(r, c) - mean) / n;
    for (Index c = 0; c < x.cols; ++c)
      y.at(r, c) = (x.at(r, c) - mean) / std::sqrt(variance + Wide{Real(1e-5)}) * gain.at(0, c) +
                   bias.at(0, c);
  }
  return y;
}

Wides added(const Wides& a, const Wides& b) {
  Wides y = a;
  for (std::size_t i = 0; i < y.v.size(); ++i) y.v[i] += b.v[i];
  return y;
}

void add_rows(std::vector<SpecialCase>& all) {
  const auto rows = [](Index n) { return Shapes{{3, n}}; };
  all.push_back({.name = "softmax",
                 .what = "",
                 .shapes = rows,
                 .run = [](const Tensors& in, Index) { return softmax(in[0]); },
                 .expected =
                     [](const In& in, Index) {
                       Wides y = in[0];
                       for (Index r = 0; r < y.rows; ++r) {
                         const Wide top = row_top(in[0], r);
                         Wide total = 0;
                         for (Index c = 0; c < y.cols; ++c)
                           total += y.at(r, c) = std::exp(in[0].at(r, c) - top);
                         for (Index c = 0; c < y.cols; ++c) y.at(r, c) /= total;
                       }
                       return y;
                     },
                 .takes_huge = true});
  all.push_back({.name = "log_softmax",
                 .what = "",
                 .shapes = rows,
                 .run = [](const Tensors& in, Index) { return log_softmax(in[0]); },
                 .expected =
                     [](const In& in, Index) {
                       Wides y = in[0];
                       for (Index r = 0; r < y.rows; ++r) {
                         const Wide total = wide_logsumexp(in[0], r);
                         for (Index c = 0; c < y.cols; ++c) y.at(r, c) = in[0].at(r, c) - total;
                       }
                       return y;
                     },
                 .takes_huge = true});
  all.push_back({.name = "logsumexp",
                 .what = "",
                 .shapes = rows,
                 .run = [](const Tensors& in, Index) { return logsumexp(in[0]); },
                 .expected =
                     [](const In& in, Index) {
                       Wides y(in[0].rows, 1);
                       for (Index r = 0; r < y.rows; ++r) y.at(r, 0) = wide_logsumexp(in[0], r);
                       return y;
                     },
                 .takes_huge = true});
  all.push_back({.name = "normalize_rows",
                 .what = "",
                 .shapes = rows,
                 .run = [](const Tensors& in, Index) { return normalize_rows(in[0]); },
                 .expected =
                     [](const In& in, Index) {
                       Wides y = in[0];
                       for (Index r = 0; r < y.rows; ++r) {
                         Wide length = 0;
                         for (Index c = 0; c < y.cols; ++c) length += y.at(r, c) * y.at(r, c);
                         length = larger(std::sqrt(length), Wide{Real(1e-12)});
                         for (Index c = 0; c < y.cols; ++c) y.at(r, c) /= length;
                       }
                       return y;
                     },
                 .takes_huge = sizeof(Real) == 4});
  all.push_back(
      {.name = "layer_norm",
       .what = "",
       .shapes =
           [](Index n) {
             return Shapes{{3, n}, {n}, {n}};
           },
       .run = [](const Tensors& in, Index) { return layer_norm(in[0], in[1], in[2]); },
       .expected = [](const In& in, Index) { return wide_layer_norm(in[0], in[1], in[2]); }});
  all.push_back(
      {.name = "add_layer_norm",
       .what = "",
       .shapes =
           [](Index n) {
             return Shapes{{3, n}, {3, n}, {n}, {n}};
           },
       .run = [](const Tensors& in, Index) { return add_layer_norm(in[0], in[1], in[2], in[3]); },
       .expected = [](const In& in,
                      Index) { return wide_layer_norm(added(in[0], in[1]), in[2], in[3]); }});
}

// --- products

Wides wide_product(const Wides& a, const Wides& b, Transpose t) {
  const Index m = t.a ? a.cols : a.rows, k = t.a ? a.rows : a.cols, n = t.b ? b.rows : b.cols;
  Wides y(m, n);
  for (Index i = 0; i < m; ++i)
    for (Index j = 0; j < n; ++j)
      for (Index l = 0; l < k; ++l)
        y.at(i, j) += (t.a ? a.at(l, i) : a.at(i, l)) * (t.b ? b.at(j, l) : b.at(l, j));
  return y;
}

void add_products(std::vector<SpecialCase>& all) {
  for (const Transpose t :
       {Transpose{}, Transpose{.a = true}, Transpose{.b = true}, Transpose{.a = true, .b = true}}) {
    const auto entry = [&](const char* what, Index m, Index k, Index n) {  // 0: the loop's extent
      const auto shapes = [=](Index size) {
        const Index rows = m == 0 ? size : m, inner = k == 0 ? size : k, cols = n == 0 ? size : n;
        return Shapes{t.a ? Shape{inner, rows} : Shape{rows, inner},
                      t.b ? Shape{cols, inner} : Shape{inner, cols}};
      };
      all.push_back(
          {.name = "matmul",
           .what =
               std::string(what) + (t.a ? ", a transposed" : "") + (t.b ? ", b transposed" : ""),
           .shapes = shapes,
           .run = [t](const Tensors& in, Index) { return matmul(in[0], in[1], t); },
           .expected = [t](const In& in, Index) { return wide_product(in[0], in[1], t); }});
    };
    entry("inner", 3, 0, 4);
    entry("columns", 4, 17, 0);
    entry("rows", 0, 5, 3);
    entry("columns of a large one", 24, 64, 0);
  }
  struct Form {
    const char* what;
    Activation activation;
    Wide (*f)(Wide);
  };
  for (const Form form :
       {Form{"", Activation::none, [](Wide v) { return v; }},
        Form{"relu", Activation::relu, wide_relu}, Form{"gelu", Activation::gelu, wide_gelu},
        Form{"tanh", Activation::tanh, [](Wide v) { return std::tanh(v); }}}) {
    const auto entry = [&](const char* what, std::function<Shapes(Index)> shapes) {
      all.push_back({.name = "linear",
                     .what = std::string(what) + form.what,
                     .shapes = std::move(shapes),
                     .run = [form](const Tensors& in,
                                   Index) { return linear(in[0], in[1], in[2], form.activation); },
                     .expected =
                         [form](const In& in, Index) {
                           Wides y = wide_product(in[0], in[1], {.b = true});
                           for (Index r = 0; r < y.rows; ++r)
                             for (Index c = 0; c < y.cols; ++c)
                               y.at(r, c) = form.f(y.at(r, c) + in[2].at(0, c));
                           return y;
                         }});
    };
    entry("in ", [](Index n) { return Shapes{{3, n}, {5, n}, {5}}; });
    entry("out ", [](Index n) { return Shapes{{3, 4}, {n, 4}, {n}}; });
    entry("many weights ", [](Index n) { return Shapes{{7, 128}, {64 + n, 128}, {64 + n}}; });
  }
}

// --- rows moved

void add_moves(std::vector<SpecialCase>& all) {
  all.push_back({.name = "gather_rows",
                 .what = "",
                 .shapes =
                     [](Index n) {
                       return Shapes{{4, n}};
                     },
                 .run =
                     [](const Tensors& in, Index) {
                       return gather_rows(in[0], std::vector<Index>{3, 0, 3});
                     },
                 .expected =
                     [](const In& in, Index n) {
                       Wides y(3, n);
                       for (Index c = 0; c < n; ++c) {
                         y.at(0, c) = y.at(2, c) = in[0].at(3, c);
                         y.at(1, c) = in[0].at(0, c);
                       }
                       return y;
                     },
                 .takes_huge = true});
  all.push_back({.name = "concat_columns",
                 .what = "",
                 .shapes =
                     [](Index n) {
                       return Shapes{{2, n}, {2, 3}};
                     },
                 .run =
                     [](const Tensors& in, Index) {
                       return concat_columns({in[0], in[1]});
                     },
                 .expected =
                     [](const In& in, Index n) {
                       Wides y(2, n + 3);
                       for (Index r = 0; r < 2; ++r)
                         for (Index c = 0; c < n + 3; ++c)
                           y.at(r, c) = c < n ? in[0].at(r, c) : in[1].at(r, c - n);
                       return y;
                     },
                 .takes_huge = true});
  all.push_back({.name = "concat_rows",
                 .what = "",
                 .shapes =
                     [](Index n) {
                       return Shapes{{2, n}, {1, n}};
                     },
                 .run =
                     [](const Tensors& in, Index) {
                       return concat_rows({in[0], in[1]});
                     },
                 .expected =
                     [](const In& in, Index n) {
                       Wides y(3, n);
                       for (Index c = 0; c < n; ++c) {
                         y.at(0, c) = in[0].at(0, c);
                         y.at(1, c) = in[0].at(1, c);
                         y.at(2, c) = in[1].at(0, c);
                       }
                       return y;
                     },
                 .takes_huge = true});
  all.push_back({.name = "slice_columns",
                 .what = "",
                 .shapes =
                     [](Index n) {
                       return Shapes{{3, n + 2}};
                     },
                 .run = [](const Tensors& in, Index n) { return slice_columns(in[0], 1, n + 1); },
                 .expected =
                     [](const In& in, Index n) {
                       Wides y(3, n);
                       for (Index r = 0; r < 3; ++r)
                         for (Index c = 0; c < n; ++c) y.at(r, c) = in[0].at(r, c + 1);
                       return y;
                     },
                 .takes_huge = true});
  // The mask is that of a tensor of ones; what is dropped is 0 whatever it was.
  const auto masked = [](const Wides& x, const Tensor& mask) {
    Wides y = x;
    for (std::size_t i = 0; i < y.v.size(); ++i)
      y.v[i] = mask.data()[i] == 0 ? 0 : x.v[i] * static_cast<Wide>(mask.data()[i]);
    return y;
  };
  const auto drop = [](const Tensor& x) {
    const TrainingPass training(1, 1);
    return dropout(x, 0.4);
  };
  all.push_back({.name = "dropout",
                 .what = "",
                 .shapes =
                     [](Index n) {
                       return Shapes{{2, n}};
                     },
                 .run = [drop](const Tensors& in, Index) { return drop(in[0]); },
                 .expected =
                     [drop, masked](const In& in, Index n) {
                       return masked(in[0], drop(Tensor::full({2, n}, 1)));
                     },
                 .element_wise = true,
                 .tolerance = 2,
                 .by_place = true});
  const auto drop_sequence = [](const Tensor& x) {
    const TrainingPass training(1, 1);
    return sequence_dropout(x, std::vector<Index>{0, 2, 5}, 0.4);
  };
  all.push_back({.name = "sequence_dropout",
                 .what = "",
                 .shapes =
                     [](Index n) {
                       return Shapes{{5, n}};
                     },
                 .run = [drop_sequence](const Tensors& in, Index) { return drop_sequence(in[0]); },
                 .expected =
                     [drop_sequence, masked](const In& in, Index n) {
                       return masked(in[0], drop_sequence(Tensor::full({5, n}, 1)));
                     },
                 .element_wise = true,
                 .tolerance = 2,
                 .by_place = true});
}

// --- images

struct Image {
  const Wides& v;  // pixels of all images over channels
  Index height, width;
  Wide at(Index image, Index y, Index x, Index c) const {
    return v.at((image * height + y) * width + x, c);
  }
};

/// weight: rows are [filters, channels, taps], columns the taps of a filter row.
Wides wide_conv(const Image& x, Index images, const Wides& weight, Index filters, Index taps,
                Conv2dOptions options) {
  const Index channels = x.v.cols;
  const Index height = (x.height + 2 * options.padding - taps) / options.stride + 1;
  const Index width = (x.width + 2 * options.padding - taps) / options.stride + 1;
  Wides out(images * height * width, filters);
  for (Index i = 0; i < images; ++i)
    for (Index oy = 0; oy < height; ++oy)
      for (Index ox = 0; ox < width; ++ox)
        for (Index k = 0; k < filters; ++k) {
          Wide total = 0;
          for (Index c = 0; c < channels; ++c)
            for (Index u = 0; u < taps; ++u)
              for (Index v = 0; v < taps; ++v) {
                const Index yy = options.stride * oy + u - options.padding;
                const Index xx = options.stride * ox + v - options.padding;
                if (yy >= 0 && yy < x.height && xx >= 0 && xx < x.width)
                  total += x.at(i, yy, xx, c) * weight.at((k * channels + c) * taps + u, v);
              }
          out.at((i * height + oy) * width + ox, k) = total;
        }
  return out;
}

/// [rows, channels]. (An infinite gain gives NaN: it is made one scale and one shift a channel.)
Wides wide_batch_norm(const Wides& x, const Wides& gain, const Wides& bias, bool training,
                      const Wides* residual, bool relu) {
  Wides y = x;
  const auto n = static_cast<Wide>(x.rows);
  for (Index c = 0; c < x.cols; ++c) {
    Wide mean = training ? 0 : 0.25L, variance = training ? 0 : 2;
    if (training) {
      for (Index r = 0; r < x.rows; ++r) mean += x.at(r, c) / n;
      for (Index r = 0; r < x.rows; ++r) variance += (x.at(r, c) - mean) * (x.at(r, c) - mean) / n;
    }
    for (Index r = 0; r < x.rows; ++r) {
      const Wide v = (x.at(r, c) - mean) / std::sqrt(variance + Wide{Real(1e-5)}) * gain.at(0, c) +
                     bias.at(0, c) + (residual != nullptr ? residual->at(r, c) : 0);
      y.at(r, c) = relu ? wide_relu(v) : v;
    }
  }
  return y;
}

RunningMoments moments(Index channels) {
  return {Tensor::full({channels}, Real(0.25)), Tensor::full({channels}, Real(2))};
}

void add_images(std::vector<SpecialCase>& all) {
  struct Conv {
    const char* what;
    Index height, width, channels, filters, taps;  // 0: n
    Conv2dOptions options;
    Index largest = 67;
  };
  for (const Conv conv : {Conv{"channels", 3, 4, 0, 3, 2, {}}, Conv{"filters", 3, 3, 2, 0, 2, {}},
                          Conv{"width", 3, -1, 2, 3, 3, {}}, Conv{"one tap", 2, 2, 0, 4, 1, {}},
                          Conv{"padded", 3, 4, 0, 3, 3, {.stride = 2, .padding = 1}, 40},
                          Conv{"strided", 5, 5, 3, 0, 3, {.stride = 2}, 40}}) {
    const auto geometry = [conv](Index n) {
      Conv g = conv;
      if (g.channels == 0) g.channels = n;
      if (g.filters == 0) g.filters = n;
      if (g.width < 0) g.width = n + 2;
      return g;
    };
    const auto shapes = [geometry](Index n) {
      const Conv g = geometry(n);
      return Shapes{
          {2, g.height, g.width, g.channels}, {g.filters, g.channels, g.taps, g.taps}, {g.filters}};
    };
    const auto product = [geometry](const In& in, Index n) {
      const Conv g = geometry(n);
      return wide_conv({in[0], g.height, g.width}, 2, in[1], g.filters, g.taps, g.options);
    };
    const auto plants = [conv](std::size_t k) { return conv.options.padding == 0 || k != 1; };
    all.push_back({.name = "conv2d",
                   .what = conv.what,
                   .shapes = shapes,
                   .run = [conv](const Tensors& in,
                                 Index) { return conv2d(in[0], in[1], in[2], conv.options); },
                   .expected =
                       [product](const In& in, Index n) {
                         Wides y = product(in, n);
                         for (Index r = 0; r < y.rows; ++r)
                           for (Index c = 0; c < y.cols; ++c) y.at(r, c) += in[2].at(0, c);
                         return y;
                       },
                   .largest = conv.largest,
                   .plants = plants});
    for (const bool training : {true, false})
      all.push_back({.name = "conv2d_batch_norm",
                     .what = std::string(conv.what) + (training ? ", training" : ""),
                     .shapes =
                         [shapes](Index n) {
                           Shapes all_shapes = shapes(n);
                           all_shapes.push_back(all_shapes.back());
                           return all_shapes;
                         },
                     .run =
                         [conv, training](const Tensors& in, Index) {
                           return conv2d_batch_norm(
                               in[0], in[1], in[2], in[3], moments(in[2].cols()), conv.options,
                               {.training = training, .update_running = false, .relu = true});
                         },
                     .expected =
                         [product, training](const In& in, Index n) {
                           return wide_batch_norm(product(in, n), in[2], in[3], training, nullptr,
                                                  true);
                         },
                     .tolerance = 256,
                     .largest = conv.largest,
                     .plants = plants,
                     .takes_infinity = [](std::size_t k) { return k != 2; }});
  }
  for (const bool training : {true, false})
    for (const bool with_residual : {false, true})
      for (const bool relu : {false, true}) {
        const auto entry = [&](const char* what, bool channels) {
          all.push_back({.name = "batch_norm",
                         .what = std::string(what) + (training ? ", training" : "") +
                                 (with_residual ? ", residual" : "") + (relu ? ", relu" : ""),
                         .shapes =
                             [channels, with_residual](Index n) {
                               const Shape x = channels ? Shape{5, n} : Shape{n + 2, 3};
                               const Shape c = {x.cols()};
                               return with_residual ? Shapes{x, c, c, x} : Shapes{x, c, c};
                             },
                         .run =
                             [=](const Tensors& in, Index) {
                               return batch_norm(
                                   in[0], in[1], in[2], moments(in[1].cols()),
                                   {.training = training, .update_running = false, .relu = relu},
                                   with_residual ? in[3] : Tensor{});
                             },
                         .expected =
                             [=](const In& in, Index) {
                               return wide_batch_norm(in[0], in[1], in[2], training,
                                                      with_residual ? &in[3] : nullptr, relu);
                             },
                         .tolerance = 256,
                         .takes_infinity = [](std::size_t k) { return k != 1; }});
        };
        entry("channels", true);
        entry("rows", false);
      }

  struct Pool {
    const char* what;
    Index height, width, channels;
    Pool2dOptions options;
  };
  for (const Pool pool : {Pool{"channels", 4, 4, 0, {}}, Pool{"width", 4, 0, 3, {}},
                          Pool{"overlapping", 5, 5, 0, {.size = 3, .stride = 2, .padding = 1}}})
    for (const bool average : {false, true}) {
      const auto width = [pool](Index n) { return pool.width == 0 ? n + 1 : pool.width; };
      all.push_back(
          {.name = average ? "average_pool2d" : "max_pool2d",
           .what = pool.what,
           .shapes =
               [pool, width](Index n) {
                 return Shapes{{2, pool.height, width(n), pool.channels == 0 ? n : pool.channels}};
               },
           .run =
               [=](const Tensors& in, Index) {
                 return average ? average_pool2d(in[0], pool.options)
                                : max_pool2d(in[0], pool.options);
               },
           .expected =
               [=](const In& in, Index n) {
                 const Image x{in[0], pool.height, width(n)};
                 const Index size = pool.options.size, pad = pool.options.padding;
                 const Index step = pool.options.stride == 0 ? size : pool.options.stride;
                 const Index high = (x.height + 2 * pad - size) / step + 1;
                 const Index wide = (x.width + 2 * pad - size) / step + 1;
                 Wides out(2 * high * wide, in[0].cols);
                 for (Index r = 0; r < out.rows; ++r)
                   for (Index c = 0; c < out.cols; ++c) {
                     std::vector<Wide> window;
                     for (Index u = 0; u < size; ++u)
                       for (Index v = 0; v < size; ++v) {
                         const Index yy = r / wide % high * step + u - pad;
                         const Index xx = r % wide * step + v - pad;
                         if (yy >= 0 && yy < x.height && xx >= 0 && xx < x.width)
                           window.push_back(x.at(r / wide / high, yy, xx, c));
                       }
                     out.at(r, c) = average ? reduced(window, Kind::sum) / static_cast<Wide>(size) /
                                                  static_cast<Wide>(size)
                                            : reduced(window, Kind::maximum);
                   }
                 return out;
               },
           .takes_huge = !average});
    }
  const auto image = [](Index n) { return Shapes{{2, 3, 2, n}}; };
  all.push_back({.name = "global_average_pool",
                 .what = "",
                 .shapes = image,
                 .run = [](const Tensors& in, Index) { return global_average_pool(in[0]); },
                 .expected =
                     [](const In& in, Index n) {
                       Wides y(2, n);
                       for (Index i = 0; i < 2; ++i)
                         for (Index c = 0; c < n; ++c)
                           for (Index p = 0; p < 6; ++p) y.at(i, c) += in[0].at(i * 6 + p, c) / 6;
                       return y;
                     }});
  all.push_back({.name = "subsample_pad",
                 .what = "",
                 .shapes = image,
                 .run = [](const Tensors& in, Index n) { return subsample_pad(in[0], 2, n + 2); },
                 .expected =
                     [](const In& in, Index n) {
                       const Image x{in[0], 3, 2};
                       Wides y(4, n + 2);
                       for (Index r = 0; r < 4; ++r)
                         for (Index c = 0; c < n; ++c)
                           y.at(r, c + 1) = x.at(r / 2, r % 2 * 2, 0, c);
                       return y;
                     },
                 .takes_huge = true});
}

// --- sequences

Wides wide_attention(const Wides& qkv, const std::vector<Index>& offsets, Index heads) {
  const Index width = qkv.cols / 3, size = width / heads;
  Wides out(qkv.rows, width);
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s)
    for (Index h = 0; h < heads; ++h)
      for (Index i = offsets[s]; i < offsets[s + 1]; ++i) {
        Wides scores(1, offsets[s + 1] - offsets[s]);
        for (Index j = 0; j < scores.cols; ++j) {
          for (Index c = 0; c < size; ++c)
            scores.at(0, j) +=
                qkv.at(i, h * size + c) * qkv.at(offsets[s] + j, width + h * size + c);
          scores.at(0, j) /= std::sqrt(static_cast<Wide>(size));
        }
        const Wide top = row_top(scores, 0);
        Wide total = 0;
        for (Wide& v : scores.v) total += v = std::exp(v - top);
        for (Index j = 0; j < scores.cols; ++j)
          for (Index c = 0; c < size; ++c)
            out.at(i, h * size + c) +=
                scores.at(0, j) / total * qkv.at(offsets[s] + j, 2 * width + h * size + c);
      }
  return out;
}

/// Adds the h of one direction to `out`, from column `first` on.
void wide_lstm(Wides& out, Index first, const Wides& x, const std::vector<Index>& offsets,
               const Wides* w, bool backward) {
  const Index hidden = w[1].cols;
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    Wides h(1, hidden), cell(1, hidden);
    for (Index step = 0; step < offsets[s + 1] - offsets[s]; ++step) {
      const Index t = backward ? offsets[s + 1] - 1 - step : offsets[s] + step;
      Wides gates(1, 4 * hidden);
      for (Index g = 0; g < gates.cols; ++g) {
        gates.at(0, g) = w[2].at(0, g) + w[3].at(0, g);
        for (Index c = 0; c < x.cols; ++c) gates.at(0, g) += x.at(t, c) * w[0].at(g, c);
        for (Index c = 0; c < hidden && step > 0;
             ++c)  // h_0 = 0 takes no part, whatever the weights
          gates.at(0, g) += h.at(0, c) * w[1].at(g, c);
      }
      for (Index c = 0; c < hidden; ++c) {
        cell.at(0, c) = wide_sigmoid(gates.at(0, hidden + c)) * cell.at(0, c) +
                        wide_sigmoid(gates.at(0, c)) * std::tanh(gates.at(0, 2 * hidden + c));
        h.at(0, c) = wide_sigmoid(gates.at(0, 3 * hidden + c)) * std::tanh(cell.at(0, c));
        out.at(t, first + c) = h.at(0, c);
      }
    }
  }
}

void add_sequences(std::vector<SpecialCase>& all) {
  static const std::vector<Index> offsets = {0, 4, 4, 7};
  const auto many = [](Index n) { return std::vector<Index>{0, n, n + 2}; };
  all.push_back(
      {.name = "attention",
       .what = "width",
       .shapes =
           [](Index n) {
             return Shapes{{7, 3 * n}};
           },
       .run = [](const Tensors& in, Index) { return attention(in[0], offsets, 1); },
       .expected = [](const In& in, Index) { return wide_attention(in[0], offsets, 1); }});
  all.push_back(
      {.name = "attention",
       .what = "tokens",
       .shapes =
           [](Index n) {
             return Shapes{{n + 2, 12}};
           },
       .run = [many](const Tensors& in, Index n) { return attention(in[0], many(n), 2); },
       .expected = [many](const In& in, Index n) { return wide_attention(in[0], many(n), 2); }});
  const auto lstm_case = [&](const char* what, Index in_size, Index hidden, bool both,
                             Index largest) {
    all.push_back({.name = "lstm",
                   .what = what,
                   .shapes =
                       [=](Index n) {
                         const Index in = in_size == 0 ? n : in_size, h = hidden == 0 ? n : hidden;
                         Shapes shapes = {{7, in}};
                         for (int direction = 0; direction < (both ? 2 : 1); ++direction)
                           shapes.insert(shapes.end(), {{4 * h, in}, {4 * h, h}, {4 * h}, {4 * h}});
                         return shapes;
                       },
                   .run =
                       [both](const Tensors& in, Index) {
                         return lstm(
                             in[0], offsets, {in[1], in[2], in[3], in[4]},
                             both ? LstmWeights{in[5], in[6], in[7], in[8]} : LstmWeights{});
                       },
                   .expected =
                       [both](const In& in, Index) {
                         const Index h = in[2].cols;
                         Wides out(7, both ? 2 * h : h);
                         wide_lstm(out, 0, in[0], offsets, &in[1], false);
                         if (both) wide_lstm(out, h, in[0], offsets, &in[5], true);
                         return out;
                       },
                   .tolerance = 256,
                   .low = -0.5,
                   .high = 0.5,
                   .largest = largest});
  };
  lstm_case("inputs", 0, 3, true, 67);
  lstm_case("hidden", 2, 0, false, 33);
  all.push_back(
      {.name = "sequence_ends",
       .what = "",
       .shapes =
           [](Index n) {
             return Shapes{{7, 2 * n}};
           },
       .run = [](const Tensors& in, Index) { return sequence_ends(in[0], offsets, true); },
       .expected =
           [](const In& in, Index n) {
             Wides y(3, 2 * n);
             for (Index c = 0; c < n; ++c) {
               y.at(0, c) = in[0].at(3, c);
               y.at(2, c) = in[0].at(6, c);
               y.at(0, n + c) = in[0].at(0, n + c);
               y.at(2, n + c) = in[0].at(4, n + c);
             }
             return y;
           },
       .takes_huge = true});
}

// --- chains: every path of two sequences, of 2 and 3 tokens, one by one

struct Path {
  std::vector<Index> tags;
  Wide weight;  // e^score
};

std::vector<Path> paths(const Wides& e, const Wides& t, Index first, Index length) {
  const Index n = e.cols;
  Index count = 1;
  for (Index i = 0; i < length; ++i) count *= n;
  std::vector<Path> all;
  for (Index code = 0; code < count; ++code) {
    Path path{{}, 0};
    Index rest = code, before = n;  // begin
    Wide score = 0;
    for (Index i = 0; i < length; ++i, rest /= n) {
      const Index tag = rest % n;
      path.tags.push_back(tag);
      score += t.at(before, tag) + e.at(first + i, tag);
      before = tag;
    }
    path.weight = std::exp(score + t.at(before, n + 1));
    all.push_back(path);
  }
  return all;
}

Wides wide_marginals(const Wides& e, const Wides& t) {
  Wides y(5, e.cols);
  for (const auto& [first, length] : {std::pair<Index, Index>{0, 2}, {2, 3}}) {
    Wide total = 0;
    const std::vector<Path> all = paths(e, t, first, length);
    for (const Path& path : all) total += path.weight;
    for (const Path& path : all)
      for (Index i = 0; i < length; ++i)
        y.at(first + i, path.tags[static_cast<std::size_t>(i)]) += path.weight / total;
  }
  return y;
}

void add_chains(std::vector<SpecialCase>& all) {
  static const std::vector<Index> offsets = {0, 2, 5};
  const auto shapes = [](Index n) { return Shapes{{5, n}, {n + 2, n + 2}}; };
  const auto tags = [](Index n) { return std::vector<Index>{0, n - 1, n / 2, 0, n - 1}; };
  const auto entry = [&](const char* name, std::function<Tensor(const Tensors&, Index)> run,
                         std::function<Wides(const In&, Index)> expected, bool has_gradient) {
    all.push_back({.name = name,
                   .what = "",
                   .shapes = shapes,
                   .run = std::move(run),
                   .expected = std::move(expected),
                   .largest = 6,
                   .finite_only = true,
                   .has_gradient = has_gradient});
  };
  entry(
      "crf_nll",
      [tags](const Tensors& in, Index n) { return crf_nll(in[0], in[1], offsets, tags(n)); },
      [tags](const In& in, Index n) {
        Wides y(1, 1);
        const std::vector<Index> given = tags(n);
        for (const auto& [first, length] : {std::pair<Index, Index>{0, 2}, {2, 3}}) {
          Wide total = 0, chosen = 0;
          for (const Path& path : paths(in[0], in[1], first, length)) {
            total += path.weight;
            if (std::equal(path.tags.begin(), path.tags.end(), given.begin() + first))
              chosen = path.weight;
          }
          y.at(0, 0) += std::log(total) - std::log(chosen);
        }
        return y;
      },
      true);
  entry(
      "crf_marginals",
      [](const Tensors& in, Index) { return crf_marginals(in[0], in[1], offsets); },
      [](const In& in, Index) { return wide_marginals(in[0], in[1]); }, false);
  entry(
      "crf_log_marginals",
      [](const Tensors& in, Index) { return crf_log_marginals(in[0], in[1], offsets); },
      [](const In& in, Index) {
        return mapped(wide_marginals(in[0], in[1]), [](Wide v) { return std::log(v); });
      },
      true);
}

}  // namespace

const std::vector<SpecialCase>& special_cases() {
  static const std::vector<SpecialCase> table = [] {
    std::vector<SpecialCase> all;
    add_element_wise(all);
    add_reductions(all);
    add_rows(all);
    add_products(all);
    add_moves(all);
    add_images(all);
    add_sequences(all);
    add_chains(all);
    return all;
  }();
  return table;
}

}  // namespace tailgrad::special
