// The first values of parameters.
#pragma once

#include <cstdint>
#include <string_view>

#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// A rule for first values. The fans of a weight [out, in] are fan_in = in and fan_out = out; of
/// filters [out, in, rows, cols] both times rows cols.
class Init {
 public:
  /// All values the same.
  static Init constant(double value) { return {Kind::constant, value, 0}; }
  static Init zeros() { return constant(0); }  ///< all values 0
  static Init ones() { return constant(1); }   ///< all values 1
  /// [low, high)
  static Init uniform(double low, double high) { return {Kind::uniform, low, high}; }
  /// Gaussian.
  static Init normal(double mean = 0, double deviation = 1) {
    return {Kind::normal, mean, deviation};
  }
  /// [-b, b) with b = gain sqrt(6 / (fan_in + fan_out)); Glorot and Bengio 2010, eq. 16.
  static Init xavier_uniform(double gain = 1) { return {Kind::xavier_uniform, gain, 0}; }
  /// Deviation gain sqrt(2 / (fan_in + fan_out)).
  static Init xavier_normal(double gain = 1) { return {Kind::xavier_normal, gain, 0}; }
  /// [-b, b) with b = gain sqrt(3 / fan_in); He et al. 2015, eq. 10 with gain = sqrt(2) (relu).
  static Init kaiming_uniform(double gain = 1.4142135623730951) {
    return {Kind::kaiming_uniform, gain, 0};
  }
  /// Deviation gain / sqrt(fan_in).
  static Init kaiming_normal(double gain = 1.4142135623730951) {
    return {Kind::kaiming_normal, gain, 0};
  }

  /// Sets all values. They depend on the seed, the name and the shape alone (uniform ones bit by
  /// bit; normal ones up to the C library's log and cos). Throws Error for a rule with fans and a
  /// tensor without two or four axes.
  void fill(const Tensor& tensor, std::uint64_t seed, std::string_view name) const;

 private:
  enum class Kind : std::uint8_t {
    constant,
    uniform,
    normal,
    xavier_uniform,
    xavier_normal,
    kaiming_uniform,
    kaiming_normal,
  };
  Init(Kind kind, double a, double b) : kind_(kind), a_(a), b_(b) {}
  /// The same rule as constant, uniform or normal, for a shape.
  Init resolved(const Shape& shape) const;

  Kind kind_;
  double a_;
  double b_;
};

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
