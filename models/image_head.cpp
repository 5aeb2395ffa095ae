#include <tailgrad/models/image_head.h>

#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/normalize_rows.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

ImageHead::ImageHead(Module& parent, std::string_view name, Index width, Index classes,
                     const ImageHeadOptions& options)
    : Linear(parent, name, width, classes, {.bias = options.kind == "linear"}), options_(options) {}

Tensor ImageHead::operator()(const Tensor& x, Where where) const {
  if (options_.kind != "cosine") return Linear::operator()(x, where);
  const Tensor cosines =
      linear(normalize_rows(x, Real(1e-12), where), normalize_rows(weight, Real(1e-12), where), {},
             Activation::none, where);
  return options_.scale == 1 ? cosines : multiply(cosines, static_cast<Real>(options_.scale));
}

std::vector<OptionSpec> ImageHead::forms() {
  return {{.name = "head",
           .kind = OptionKind::word,
           .fallback = "linear",
           .words = {"linear", "no-bias", "cosine"},
           .meaning = "last layer: cosine compares directions alone, as ldam wants it"},
          {.name = "scale",
           .fallback = "1",
           .range = Range::above(0),
           .meaning = "of head=cosine: what the cosines are multiplied by; ldam does that itself"}};
}

ImageHeadOptions ImageHead::read(const Settings& settings) {
  return {.kind = settings.word("head"), .scale = settings.number("scale")};
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
