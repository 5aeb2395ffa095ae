#include <tailgrad/study/studies/linear_fit.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <tailgrad/core/tape.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

constexpr double kDescent = 1e-4;   // first Wolfe condition
constexpr double kCurvature = 0.9;  // second
constexpr double kRounding = 1e-6;  // of the value: the loss is summed up in Real
constexpr int kMostTries = 40;      // of a line search
constexpr std::size_t kLanes = 8;

using Vector = std::vector<double>;

double dot(const Vector& a, const Vector& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

double largest(const Vector& a) {
  double most = 0;
  for (const double value : a) most = std::max(most, std::abs(value));
  return most;
}

// Sum of a[i * stride] b[i], in fixed lanes.
double product(const Real* a, std::size_t stride, const Real* b, std::size_t size) {
  double lanes[kLanes] = {};
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes)
    for (std::size_t l = 0; l < kLanes; ++l)
      lanes[l] += static_cast<double>(a[(i + l) * stride]) * static_cast<double>(b[i + l]);
  double sum = 0;
  for (; i < size; ++i) sum += static_cast<double>(a[i * stride]) * static_cast<double>(b[i]);
  for (const double lane : lanes) sum += lane;
  return sum;
}

class Objective {
 public:
  Objective(const Loss& loss, const LinearData& data, const LinearFitOptions& options)
      : loss_(loss),
        data_(data),
        options_(options),
        outputs_(static_cast<std::size_t>(options.outputs)),
        logits_(Tensor::parameter({static_cast<Index>(data.size()), options.outputs})) {}

  double operator()(const Vector& weights, Vector& gradient) {
    const std::size_t features = data_.columns.size();
    const std::size_t items = data_.size();
    Real* z = logits_.mutable_data();
    for (std::size_t k = 0; k < outputs_; ++k) {
      for (std::size_t f = 0; f < features; ++f) {
        const Real w = static_cast<Real>(weights[k * features + f]);
        const Real* x = data_.columns[f].data();
        if (f == 0) {
          for (std::size_t i = 0; i < items; ++i) z[i * outputs_ + k] = w * x[i];
        } else {
          for (std::size_t i = 0; i < items; ++i) z[i * outputs_ + k] += w * x[i];
        }
      }
    }
    logits_.clear_grad();
    const LossOutput out = loss_(logits_, {.classes = data_.classes}, options_.pass);
    const double normaliser = out.normaliser > 0 ? out.normaliser : 1;
    double value = static_cast<double>(out.sum.item()) / normaliser;
    Tape::current().backward(out.sum, Tensor::scalar(static_cast<Real>(1 / normaliser)));
    std::ranges::fill(gradient, 0.0);
    if (logits_.has_grad()) {
      const Real* g = logits_.grad().data();
      for (std::size_t k = 0; k < outputs_; ++k)
        for (std::size_t f = 0; f < features; ++f)
          gradient[k * features + f] = product(g + k, outputs_, data_.columns[f].data(), items);
    }
    for (std::size_t i = 0; i < weights.size(); ++i) {
      value += 0.5 * options_.l2 * weights[i] * weights[i];
      gradient[i] += options_.l2 * weights[i];
    }
    return value;
  }

 private:
  const Loss& loss_;
  const LinearData& data_;
  const LinearFitOptions& options_;
  std::size_t outputs_;
  Tensor logits_;
};

// The inverse of the second derivatives, learned on the way (Nocedal and Wright 2006, eq. 6.17).
class InverseHessian {
 public:
  explicit InverseHessian(std::size_t size) : size_(size), values_(size * size) { reset(1); }

  void reset(double scale) {
    std::ranges::fill(values_, 0.0);
    for (std::size_t i = 0; i < size_; ++i) values_[i * size_ + i] = scale;
    fresh_ = true;
  }

  Vector times(const Vector& v) const {
    Vector out(size_);
    for (std::size_t i = 0; i < size_; ++i)
      for (std::size_t j = 0; j < size_; ++j) out[i] += values_[i * size_ + j] * v[j];
    return out;
  }

  void update(const Vector& step, const Vector& change) {
    const double curvature = dot(step, change);
    if (!(curvature > 1e-12 * std::sqrt(dot(step, step) * dot(change, change)))) return;
    if (fresh_) reset(curvature / dot(change, change));
    fresh_ = false;
    const Vector h = times(change);
    const double all = (1 + dot(change, h) / curvature) / curvature;
    for (std::size_t i = 0; i < size_; ++i)
      for (std::size_t j = 0; j < size_; ++j)
        values_[i * size_ + j] +=
            all * step[i] * step[j] - (h[i] * step[j] + step[i] * h[j]) / curvature;
  }

 private:
  std::size_t size_;
  std::vector<double> values_;
  bool fresh_ = true;
};

}  // namespace

LinearFit fit_linear(const Loss& loss, const LinearData& data, const LinearFitOptions& options) {
  const std::size_t size = static_cast<std::size_t>(options.outputs) * data.columns.size();
  Objective objective(loss, data, options);
  LinearFit fit{.weights = options.start.empty() ? Vector(size) : options.start};
  if (fit.weights.size() != size) fail("fit_linear", "start needs outputs x features numbers");
  Vector gradient(size);
  fit.loss = objective(fit.weights, gradient);
  InverseHessian inverse(size);
  Vector next(size);
  Vector next_gradient(size);
  Vector change(size);
  bool fresh = true;
  while (fit.steps < options.most_steps && largest(gradient) > options.tolerance) {
    Vector direction = inverse.times(gradient);
    for (double& value : direction) value = -value;
    double slope = dot(direction, gradient);
    if (!(slope < 0)) {
      inverse.reset(1);
      for (std::size_t i = 0; i < size; ++i) direction[i] = -gradient[i];
      slope = dot(direction, gradient);
      fresh = true;
    }
    double low = 0;
    double high = std::numeric_limits<double>::infinity();
    double length = fresh ? std::min(1.0, 1 / largest(gradient)) : 1;
    double value = fit.loss;
    bool found = false;
    for (int tries = 0; tries < kMostTries && !found; ++tries) {
      for (std::size_t i = 0; i < size; ++i) next[i] = fit.weights[i] + length * direction[i];
      value = objective(next, next_gradient);
      const double allowed =
          fit.loss + kDescent * length * slope + kRounding * std::abs(fit.loss) + options.slack;
      const double next_slope = dot(next_gradient, direction);
      // Where the value says nothing, a convex loss that rises as steeply is beyond its minimum.
      const bool beyond = options.slack > 0 && next_slope > -kCurvature * slope;
      if (!(value <= allowed) || beyond) {
        high = length;
      } else if (next_slope < kCurvature * slope) {
        low = length;
      } else {
        found = true;
      }
      if (!found) length = std::isinf(high) ? 2 * length : 0.5 * (low + high);
    }
    if (!found && !(value < fit.loss)) {
      if (fresh) break;  // downhill is nowhere any more: rounding, or a corner
      inverse.reset(1);
      fresh = true;
      continue;
    }
    for (std::size_t i = 0; i < size; ++i) {
      change[i] = next_gradient[i] - gradient[i];
      direction[i] *= length;
    }
    inverse.update(direction, change);
    fresh = false;
    fit.weights = next;
    gradient = next_gradient;
    fit.loss = value;
    ++fit.steps;
  }
  fit.gradient = largest(gradient);
  fit.converged = fit.gradient <= options.tolerance;
  return fit;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
