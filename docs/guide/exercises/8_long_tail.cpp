// The exercises of chapter 8: the long tail. exercises.h says what each should do; replace todo().
#include "exercises.h"

#include <cmath>

namespace exercises {

std::vector<int> long_tail(int most, double ratio, int classes) {
  todo("8.1");
}

void adjust(std::span<double> logits, std::span<const double> counts, double tau) {
  todo("8.2");
}

double macro_f1(std::span<const Index> truth, std::span<const Index> predicted, Index classes) {
  todo("8.3");
}

}  // namespace exercises
