#include <tailgrad/nn/init.h>

#include <algorithm>
#include <cmath>
#include <string>

#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

constexpr std::size_t kGrain = std::size_t{1} << 14;  // values a piece
// 32-bit words that one value takes (see Random).
constexpr std::uint64_t kUniformWords = 2;
constexpr std::uint64_t kNormalWords = 4;

}  // namespace

Init Init::resolved(const Shape& shape) const {
  if (kind_ == Kind::constant || kind_ == Kind::uniform || kind_ == Kind::normal) return *this;
  if (shape.rank() != 2 && shape.rank() != 4)
    fail("Init", "xavier and kaiming need a weight [out, in] or [out, in, rows, cols]",
         {{"tensor", shape}});
  const double taps = shape.rank() == 4 ? static_cast<double>(shape[2]) * shape[3] : 1;
  const double in = std::max(taps * shape[1], 1.0);
  const double both = std::max(taps * shape[0] + taps * shape[1], 1.0);
  const auto within = [](double bound) { return uniform(-bound, bound); };
  switch (kind_) {
    case Kind::xavier_uniform:
      return within(a_ * std::sqrt(6 / both));
    case Kind::xavier_normal:
      return normal(0, a_ * std::sqrt(2 / both));
    case Kind::kaiming_uniform:
      return within(a_ * std::sqrt(3 / in));
    default:
      return normal(0, a_ / std::sqrt(in));
  }
}

void Init::fill(const Tensor& tensor, std::uint64_t seed, std::string_view name) const {
  const Init rule = resolved(tensor.shape());
  Real* values = tensor.mutable_data();
  if (rule.kind_ == Kind::constant) {
    std::fill_n(values, tensor.size(), static_cast<Real>(rule.a_));
    return;
  }
  const bool is_uniform = rule.kind_ == Kind::uniform;
  const std::string stream = "initial values of " + std::string(name);
  parallel_for(tensor.size(), kGrain, [&](std::size_t begin, std::size_t end) {
    Random random(seed, stream);
    random.seek(begin * (is_uniform ? kUniformWords : kNormalWords));
    for (std::size_t i = begin; i < end; ++i)
      values[i] = static_cast<Real>(is_uniform ? random.uniform(rule.a_, rule.b_)
                                               : rule.a_ + rule.b_ * random.normal());
  });
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
