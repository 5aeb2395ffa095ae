#include <tailgrad/nn/multi_head_attention.h>

#include <tailgrad/core/ops/attention.h>
#include <tailgrad/nn/check_size.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// Before anything is allocated: the first parameter's shape depends on it.
Shape in_proj_shape(const Module& module, Index width, Index heads, double dropout) {
  check_size(module, "MultiHeadAttention", "width", width);
  check_size(module, "MultiHeadAttention", "heads", heads);
  check_rate("MultiHeadAttention '" + module.path() + "'", dropout);
  if (width % heads != 0)
    fail("MultiHeadAttention '" + module.path() + "'", "heads must divide width; got width " +
                                                           std::to_string(width) + " and " +
                                                           std::to_string(heads) + " heads");
  return {3 * width, width};
}

}  // namespace

MultiHeadAttention::MultiHeadAttention(Module& parent, std::string_view name, Index width,
                                       Index heads, AttentionOptions options)
    : Module(parent, name),
      in_proj_weight(parameter("in_proj_weight",
                               in_proj_shape(*this, width, heads, options.dropout),
                               Init::xavier_uniform())),
      in_proj_bias(options.bias ? parameter("in_proj_bias", {3 * width}, Init::zeros()) : Tensor()),
      heads_(heads),
      dropout_(options.dropout),
      out_proj_(*this, "out_proj", width, width,
                {.bias = options.bias, .bias_init = Init::zeros()}) {}

Tensor MultiHeadAttention::operator()(const Tensor& x, std::span<const Index> offsets,
                                      Where where) const {
  const Tensor qkv = linear(x, in_proj_weight, in_proj_bias, Activation::none, where);
  return out_proj_(attention(qkv, offsets, heads_, static_cast<Real>(dropout_), where), where);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
