// Every op with its definition in a wider type, for special_values_test.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <tailgrad/core/tensor.h>

namespace tailgrad::special {

using Wide = long double;

/// The values of a tensor, seen as rows over the last axis.
struct Wides {
  Wides(Index rows_, Index cols_, Wide value = 0)
      : rows(rows_),
        cols(cols_),
        v(static_cast<std::size_t>(rows_) * static_cast<std::size_t>(cols_), value) {}
  explicit Wides(const Tensor& from) : Wides(from.rows(), from.cols()) {
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = static_cast<Wide>(from.data()[i]);
  }
  Wide& at(Index row, Index col) { return v[place(row, col)]; }
  Wide at(Index row, Index col) const { return v[place(row, col)]; }

  Index rows, cols;
  std::vector<Wide> v;

 private:
  std::size_t place(Index row, Index col) const {
    return static_cast<std::size_t>(row) * static_cast<std::size_t>(cols) +
           static_cast<std::size_t>(col);
  }
};

/// One op in one use; n is the extent along which it loops.
struct SpecialCase {
  std::string name;  ///< the function in core/ops/*.h
  std::string what;  ///< which use
  std::function<std::vector<Shape>(Index n)> shapes;
  std::function<Tensor(const std::vector<Tensor>& in, Index n)> run;
  std::function<Wides(const std::vector<Wides>& in, Index n)> expected;
  bool element_wise = false;
  /// In machine epsilons of the result, or of the largest result when not element-wise.
  Wide tolerance = 64;
  Wide absolute = 0;  ///< of element-wise ops, times min(1, |x|)
  double low = -2, high = 2;
  Index largest = 67;        ///< n
  bool takes_huge = false;   ///< the largest finite number
  bool by_place = false;     ///< element-wise, but what is done depends on the place
  bool finite_only = false;  ///< throws Error for others
  bool has_gradient = true;
  /// Whether special numbers may stand in input k.
  std::function<bool(std::size_t k)> plants = [](std::size_t) { return true; };
  /// Whether those may be infinite.
  std::function<bool(std::size_t k)> takes_infinity = [](std::size_t) { return true; };
};

const std::vector<SpecialCase>& special_cases();

}  // namespace tailgrad::special
