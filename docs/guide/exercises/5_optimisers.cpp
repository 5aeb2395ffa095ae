// The exercises of chapter 5: optimisers. exercises.h says what each should do; replace todo().
#include "exercises.h"

#include <cmath>

namespace exercises {

void momentum_step(double& weight, double& velocity, double gradient, double lr, double momentum) {
  todo("5.1");
}

void adam_step(AdamNumbers& numbers, double gradient, int t, double lr, double beta1,
               double beta2) {
  todo("5.2");
}

double warmup_factor(int t, int warmup, int total) {
  todo("5.3");
}

}  // namespace exercises
