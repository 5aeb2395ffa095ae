#include <tailgrad/nn/embedding.h>

#include <tailgrad/nn/check_size.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

Embedding::Embedding(Module& parent, std::string_view name, Index count, Index width,
                     const Init& init)
    : Module(parent, name) {
  check_size(*this, "Embedding", "count", count);
  check_size(*this, "Embedding", "width", width);
  weight = parameter("weight", {count, width}, init);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
