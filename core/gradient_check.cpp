#include <tailgrad/core/gradient_check.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>
#include <vector>

#include <tailgrad/core/error.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

using Function = FunctionRef<Tensor(std::span<const Tensor>)>;

// In [-2, -0.5) or [0.5, 2): away from zero, so that no term of a sum goes untested.
Real away_from_zero(Random& random) {
  const double size = random.uniform(0.5, 2);
  return static_cast<Real>((random.next_u32() & 1) != 0 ? size : -size);
}

std::string number(double value) {
  char buffer[40];
  std::snprintf(buffer, sizeof buffer, "%.10g", value);
  return buffer;
}

class Checker {
 public:
  Checker(Function f, std::span<const Tensor> inputs, const GradientCheckOptions& options)
      : f_(f),
        inputs_(inputs.begin(), inputs.end()),
        options_(options),
        random_(options.seed, "check_gradients") {}

  GradientReport run() {
    if (std::ranges::none_of(inputs_, [](const Tensor& t) { return t.requires_grad(); }))
      fail("check_gradients", "needs an input that wants a gradient; call require_grad()");
    const TapeScope scope(tape_);
    make_upstream();
    if (!problem_.empty()) return report();
    const auto prefilled = gradients(inputs_, true);
    const auto plain = gradients(inputs_, false);
    compare_runs(prefilled, plain, "what the gradients held beforehand is not added to");
    compare_with_differences(prefilled);
    check_unwanted(plain);
    check_nothing_wanted();
    for (Tensor& input : inputs_) input.clear_grad();
    return report();
  }

 private:
  using Gradients = std::vector<std::vector<double>>;

  void problem(const std::string& text) {
    if (problem_.empty()) problem_ = text;
  }

  // Also learns the shape of the result, without a tape.
  void make_upstream() {
    const NoGrad no_grad;
    const Tensor out = f_(inputs_);
    upstream_ = Tensor::empty(out.shape());
    for (Real& u : upstream_.mutable_values()) u = away_from_zero(random_);
    if (tape_.size() != 0) problem("something was recorded under NoGrad");
    if (out.requires_grad() && std::ranges::none_of(inputs_, [&](const Tensor& input) {
          return input.same_as(out) || input.data() == out.data();
        }))
      problem("the result wants a gradient although it was computed under NoGrad");
  }

  // One forward and backward pass: the gradients of all inputs, without what they held before.
  Gradients gradients(std::vector<Tensor>& inputs, bool prefill) {
    Gradients before(inputs.size());
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      inputs[k].clear_grad();
      if (!prefill || !inputs[k].requires_grad()) continue;
      const GradientTarget target = inputs[k].gradient_target();
      for (std::size_t i = 0; i < inputs[k].size(); ++i) {
        target.data[i] = away_from_zero(random_);
        before[k].push_back(static_cast<double>(target.data[i]));
      }
    }
    std::vector<std::vector<Real>> values;
    for (const Tensor& input : inputs)
      values.emplace_back(input.values().begin(), input.values().end());
    const Tensor out = f_(inputs);
    if (out.shape() != upstream_.shape()) {
      problem("the shape of the result changed from " + upstream_.shape().text() + " to " +
              out.shape().text());
    } else if (out.requires_grad()) {
      tape_.backward(out, upstream_);
    } else {
      problem("the result depends on no input that wants a gradient");
    }
    tape_.clear();
    Gradients result(inputs.size());
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!std::ranges::equal(values[k], inputs[k].values(),
                              [](Real x, Real y) { return x == y || (x != x && y != y); }))
        problem("the values of input " + std::to_string(k) + " changed");
      if (!inputs[k].requires_grad()) {
        if (inputs[k].has_grad())
          problem("input " + std::to_string(k) + " wants no gradient and got one");
        continue;
      }
      result[k].assign(inputs[k].size(), 0.0);
      if (!inputs[k].has_grad()) continue;  // no gradient means zero
      const std::span<const Real> gradient = inputs[k].grad();
      for (std::size_t i = 0; i < gradient.size(); ++i)
        result[k][i] = static_cast<double>(gradient[i]) - (before[k].empty() ? 0 : before[k][i]);
    }
    return result;
  }

  // Two backward passes over the same values; equal to rounding.
  void compare_runs(const Gradients& first, const Gradients& second, const char* what) {
    const double rounding = sizeof(Real) == 8 ? 1e-12 : 1e-4;
    for (std::size_t k = 0; k < first.size(); ++k) {
      for (std::size_t i = 0; i < std::min(first[k].size(), second[k].size()); ++i) {
        const double scale = 4 + std::abs(first[k][i]) + std::abs(second[k][i]);
        if (!(std::abs(first[k][i] - second[k][i]) <= rounding * scale))
          problem(std::string(what) + ": input " + std::to_string(k) + " element " +
                  std::to_string(i) + " is once " + number(first[k][i]) + " and once " +
                  number(second[k][i]));
      }
    }
  }

  void compare_with_differences(const Gradients& analytic) {
    const NoGrad no_grad;
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      if (!inputs_[k].requires_grad()) continue;
      std::vector<double> numeric;
      double largest = 0;
      for (std::size_t i = 0; i < inputs_[k].size(); ++i) {
        numeric.push_back(difference(inputs_[k].mutable_data()[i]));
        largest = std::max(largest, std::abs(numeric.back()));
      }
      for (std::size_t i = 0; i < numeric.size(); ++i) {
        const double a = analytic[k][i];
        const double n = numeric[i];
        const double error =
            std::abs(a - n) / std::max({std::abs(a), std::abs(n), 1e-3 * largest, 1e-5});
        ++report_.elements;
        if (error <= report_.worst_error) continue;  // false for a NaN: it is reported
        if (std::isnan(report_.worst_error)) continue;
        report_.worst_error = error;
        report_.input = k;
        report_.element = i;
        report_.analytic = a;
        report_.numeric = n;
      }
    }
  }

  double difference(Real& x) {
    const Real at = x;
    const auto h = static_cast<Real>(options_.step * std::max(1.0, std::abs(double{at})));
    const auto value_at = [&](Real moved) {
      x = moved;
      const Tensor out = f_(inputs_);
      return std::vector<double>(out.values().begin(), out.values().end());
    };
    const auto far_left = value_at(at - 2 * h);
    const auto left = value_at(at - h);
    const auto right = value_at(at + h);
    const auto far_right = value_at(at + 2 * h);
    x = at;
    // Differences first, the sum over the result's elements last: no digits are lost to elements
    // that do not depend on x.
    double sum = 0;
    for (std::size_t i = 0; i < right.size(); ++i)
      sum += static_cast<double>(upstream_.data()[i]) *
             ((far_left[i] - far_right[i]) + 8 * (right[i] - left[i]));
    return sum / (12 * static_cast<double>(h));
  }

  // Once for each input: a copy of it that wants no gradient takes its place.
  void check_unwanted(const Gradients& all_wanted) {
    const auto wanted =
        std::ranges::count_if(inputs_, [](const Tensor& t) { return t.requires_grad(); });
    if (wanted < 2) return;
    for (std::size_t k = 0; k < inputs_.size(); ++k) {
      if (!inputs_[k].requires_grad()) continue;
      std::vector<Tensor> some = inputs_;
      some[k] = Tensor::from(inputs_[k].shape(), inputs_[k].values());
      compare_runs(all_wanted, gradients(some, false),
                   "the gradients change when another input wants none");
    }
  }

  void check_nothing_wanted() {
    std::vector<Tensor> copies;
    for (const Tensor& input : inputs_)
      copies.push_back(Tensor::from(input.shape(), input.values()));
    const Tensor out = f_(copies);
    // A module uses its parameters whatever it is handed.
    const bool uses_copies = !out.requires_grad();
    if (uses_copies && tape_.size() != 0)
      problem("something was recorded although no input wants a gradient");
    tape_.clear();
  }

  GradientReport report() {
    report_.passed = problem_.empty() && report_.worst_error <= options_.tolerance;
    if (report_.elements > 0) {
      const Shape& shape = inputs_[report_.input].shape();
      const auto cols = static_cast<std::size_t>(std::max(shape.cols(), 1));
      report_.text = "worst relative error " + number(report_.worst_error) + " of " +
                     std::to_string(report_.elements) + " (tolerance " +
                     number(options_.tolerance) + ") at input " + std::to_string(report_.input) +
                     " " + shape.text() + " element " + std::to_string(report_.element) + " (row " +
                     std::to_string(report_.element / cols) + ", column " +
                     std::to_string(report_.element % cols) + "): backward " +
                     number(report_.analytic) + ", differences " + number(report_.numeric);
    } else {
      report_.text = "no element to compare";
    }
    if (!problem_.empty()) report_.text = problem_ + "; " + report_.text;
    return report_;
  }

  Function f_;
  std::vector<Tensor> inputs_;
  GradientCheckOptions options_;
  Random random_;
  Tape tape_;
  Tensor upstream_;
  GradientReport report_;
  std::string problem_;
};

}  // namespace

GradientReport check_gradients(Function f, std::span<const Tensor> inputs,
                               const GradientCheckOptions& options) {
  return Checker(f, inputs, options).run();
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
