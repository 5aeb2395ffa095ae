#include <tailgrad/nn/value_budget.h>

#include <optional>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

thread_local std::optional<std::size_t> left;

}  // namespace

ValueBudget::ValueBudget(std::size_t values) {
  left = values;
}

ValueBudget::~ValueBudget() {
  left.reset();
}

void ValueBudget::take(const Shape& shape) {
  if (!left) return;
  if (shape.size() > *left)
    fail("model", "its description asks for far more numbers than its file of weights holds",
         {{"the next ones", shape}});
  *left -= shape.size();
}

}  // namespace tailgrad
