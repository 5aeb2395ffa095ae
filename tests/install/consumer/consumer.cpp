// Two classes, one rare: logit adjustment moves the boundary towards the frequent one.
#include <cstdio>
#include <memory>
#include <vector>

#include <tailgrad/core/error.h>
#include <tailgrad/core/tape.h>
#include <tailgrad/core/version.h>
#include <tailgrad/losses/table.h>

using namespace tailgrad;

int main() {
  const std::vector<Real> numbers{1, -1, 2, 0, -1, 1};
  Tensor logits = Tensor::from({3, 2}, numbers);
  logits.require_grad();
  const std::vector<Index> labels{0, 0, 1};
  const std::unique_ptr<Loss> loss =
      make_loss("la:tau=1", ClassCounts(std::vector<double>{90, 10}));
  const LossOutput output = (*loss)(logits, {.classes = labels});
  backward(output.mean());
  double sum = 0;
  for (const Real slope : logits.grad()) sum += static_cast<double>(slope);
  try {
    (void)make_loss("focal:gama=2");
  } catch (const Error& error) {  // typeinfo crosses the library's border
    std::printf("%s\n", error.what());
  }
  std::printf("tailgrad %s, %zu bytes a number, loss %.4f\n", kVersion, sizeof(Real),
              static_cast<double>(output.mean().item()));
  return sum < 1e-6 && sum > -1e-6 ? 0 : 1;  // each row's slopes add up to nothing
}
