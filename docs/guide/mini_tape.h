// A tape in sixty lines: the idea of core/tape.h for plain numbers. Chapter 2 of the guide.
#pragma once

#include <cmath>
#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

/// The place of a number on a MiniTape.
struct Number {
  std::size_t place;
};

/// What was computed, in order; backward() goes through it in the reverse order.
class MiniTape {
 public:
  /// A number that nothing computed: a weight or a datum.
  Number number(double value) {
    return record(value, [](double) {});
  }

  /// A number that was computed. `backward` gets d loss / d (this number) and adds to the slopes
  /// of the numbers that it was computed from.
  Number record(double value, std::function<void(double)> backward) {
    values_.push_back(value);
    slopes_.push_back(0);
    backward_.push_back(std::move(backward));
    return {values_.size() - 1};
  }

  void backward(Number loss) {
    slopes_[loss.place] = 1;  // d loss / d loss
    for (std::size_t place = loss.place + 1; place-- > 0;) backward_[place](slopes_[place]);
  }

  double value(Number n) const { return values_[n.place]; }
  double slope(Number n) const { return slopes_[n.place]; }
  void add_slope(Number n, double more) { slopes_[n.place] += more; }

 private:
  std::vector<double> values_, slopes_;
  std::vector<std::function<void(double)>> backward_;
};

inline Number add(MiniTape& tape, Number a, Number b) {
  return tape.record(tape.value(a) + tape.value(b), [&tape, a, b](double slope) {
    tape.add_slope(a, slope);
    tape.add_slope(b, slope);
  });
}

inline Number multiply(MiniTape& tape, Number a, Number b) {
  return tape.record(tape.value(a) * tape.value(b), [&tape, a, b](double slope) {
    tape.add_slope(a, slope * tape.value(b));
    tape.add_slope(b, slope * tape.value(a));
  });
}

inline Number tanh(MiniTape& tape, Number a) {
  const double t = std::tanh(tape.value(a));
  return tape.record(t, [&tape, a, t](double slope) { tape.add_slope(a, slope * (1 - t * t)); });
}
