// Are the gradients of a function right? Compares backward passes with central differences.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <tailgrad/core/function_ref.h>
#include <tailgrad/core/tensor.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// How check_gradients() compares.
struct GradientCheckOptions {
  /// Step of the differences; times |x| for inputs larger than 1.
  double step = sizeof(Real) == 8 ? 1e-3 : 3e-2;
  /// Largest relative error that passes.
  double tolerance = sizeof(Real) == 8 ? 1e-7 : 2e-3;
  /// Of the random upstream gradient and of what the inputs' gradients hold beforehand.
  std::uint64_t seed = 1;
};

/// What check_gradients() found.
struct GradientReport {
  bool passed = false;       ///< every derivative is within the tolerance
  std::size_t elements = 0;  ///< how many derivatives were compared
  double worst_error = 0;    ///< relative, see check_gradients
  std::size_t input = 0;     ///< where the worst one is: position in `inputs`
  std::size_t element = 0;   ///< and in its values
  double analytic = 0;       ///< derivative by the backward pass
  double numeric = 0;        ///< derivative by differences
  std::string text;          ///< all of it for a person, and what else is wrong
};

/// Compares d(sum(u * f(inputs)))/d(inputs), for a random u, with differences of fourth order
///   (f(x - 2h) - 8 f(x - h) + 8 f(x + h) - f(x + 2h)) / 12h
/// for every element of every input that wants a gradient. The measure is
///   |analytic - numeric| / max(|analytic|, |numeric|, m / 1000, 1e-5)
/// with m the largest |numeric| of the input: tiny derivatives beside large ones are compared on
/// the scale of the large ones, where the differences are exact enough.
///
/// Also checked: gradients are added to what is there (they hold random numbers beforehand); a
/// second pass from cleared gradients gives the same; the values of the inputs stay as they are;
/// nothing is recorded under NoGrad, nor when no input wants a gradient; an input that wants none
/// gets none, and the others then get the same as before.
///
/// `f` is called many times and must return the same each time (a function with dropout opens its
/// own TrainingPass). It may use the tensors that it is handed or, as a module does with its
/// parameters, the very tensors of `inputs`. Points where f has a kink within two steps
/// (relu at 0) fail: choose others. Leaves the inputs' values as they were and their gradients
/// cleared. Throws what f throws; Error when no input wants a gradient.
GradientReport check_gradients(FunctionRef<Tensor(std::span<const Tensor>)> f,
                               std::span<const Tensor> inputs,
                               const GradientCheckOptions& options = {});

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
