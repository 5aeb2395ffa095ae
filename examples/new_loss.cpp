// Offers a loss of one's own (new_loss.h) beside those of the library, by its text form.
#include <tailgrad/examples/new_loss.h>

#include <cstdio>
#include <vector>

#include <tailgrad/core/tape.h>
#include <tailgrad/losses/table.h>

int main() {
  using namespace tailgrad;
  std::vector<LossEntry> table = loss_table();
  table.push_back(taylor_entry());

  const std::vector<Index> labels = {0, 2};
  const std::vector<Real> numbers = {2, 0.5F, -1, 2, 0.5F, -1};
  Tensor logits = Tensor::from({2, 3}, numbers);
  logits.require_grad();
  for (const char* form :
       {"gce:q=1", "taylor:order=1", "taylor:order=2", "taylor:order=50", "ce"}) {
    const auto loss = make_loss(form, {}, table);
    logits.clear_grad();
    const Tensor value = (*loss)(logits, {.classes = labels}).mean();
    backward(value);
    std::printf("%-16s value %.4f  gradient of the sure item %+.4f, of the wrong one %+.4f\n", form,
                static_cast<double>(value.item()), static_cast<double>(logits.grad()[0]),
                static_cast<double>(logits.grad()[5]));
  }
  return 0;
}
