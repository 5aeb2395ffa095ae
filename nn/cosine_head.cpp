#include <tailgrad/nn/cosine_head.h>

#include <cmath>

#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/linear.h>
#include <tailgrad/core/ops/normalize_rows.h>
#include <tailgrad/nn/check_size.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

CosineHead::CosineHead(Module& parent, std::string_view name, Index width, Index classes,
                       double scale)
    : Module(parent, name), scale_(static_cast<Real>(scale)) {
  check_size(*this, "CosineHead", "width", width);
  check_size(*this, "CosineHead", "classes", classes);
  if (!(scale > 0 && std::isfinite(scale)))
    fail("CosineHead '" + path() + "'", "scale must be > 0; got " + std::to_string(scale));
  weight = parameter("weight", {classes, width},
                     Init::normal(0, 1 / std::sqrt(static_cast<double>(width))));
}

Tensor CosineHead::operator()(const Tensor& x, Where where) const {
  const Tensor cosines =
      linear(normalize_rows(x, Real(1e-12), where), normalize_rows(weight, Real(1e-12), where), {},
             Activation::none, where);
  return scale_ == 1 ? cosines : multiply(cosines, scale_);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
