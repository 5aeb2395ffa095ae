#include <tailgrad/losses/true_class.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace rows {

std::vector<Real> padded(const std::vector<double>& values, Real filler) {
  std::vector<Real> row(values.begin(), values.end());
  if (row.size() < kLanes) row.resize(kLanes, filler);
  return row;
}

}  // namespace rows
}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
