#include <tailgrad/nn/position.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/ops/arithmetic.h>
#include <tailgrad/core/ops/rows.h>
#include <tailgrad/core/ops/segments.h>
#include <tailgrad/nn/check_size.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

void check_lengths(std::string_view what, const Tensor& x, std::span<const Index> offsets,
                   Index longest, Index width, Where where) {
  check_segments(what, x.shape(), offsets, where);
  if (x.cols() != width)
    fail(what, "needs x [tokens, " + std::to_string(width) + "]", {{"x", x.shape()}}, where);
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    const Index length = offsets[s + 1] - offsets[s];
    if (length > longest)
      fail(what,
           "sequence " + std::to_string(s) + " has " + std::to_string(length) +
               " tokens, but there are positions for " + std::to_string(longest) +
               " only: shorten it, or make the model with more",
           {{"x", x.shape()}}, where);
  }
}

}  // namespace

LearnedPositions::LearnedPositions(Module& parent, std::string_view name, Index longest,
                                   Index width, const Init& init)
    : Module(parent, name) {
  check_size(*this, "LearnedPositions", "longest", longest);
  check_size(*this, "LearnedPositions", "width", width);
  weight = parameter("weight", {longest, width}, init);
}

Tensor LearnedPositions::operator()(const Tensor& x, std::span<const Index> offsets,
                                    Where where) const {
  check_lengths("LearnedPositions", x, offsets, weight.rows(), weight.cols(), where);
  const auto tokens = static_cast<std::size_t>(x.rows());
  const kernels::Scratch<Index> positions(tokens);
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s)
    std::iota(positions.data() + offsets[s], positions.data() + offsets[s + 1], Index{0});
  return add(x, gather_rows(weight, {positions.data(), tokens}, where), where);
}

SinusoidalPositions::SinusoidalPositions(Index longest, Index width)
    : longest_(longest), width_(width) {
  if (longest < 1 || width < 1)
    fail("SinusoidalPositions", "longest and width must be at least 1; got " +
                                    std::to_string(longest) + " and " + std::to_string(width));
  waves_.reserve(static_cast<std::size_t>(longest) * static_cast<std::size_t>(width));
  for (Index position = 0; position < longest; ++position) {
    for (Index i = 0; i < width; ++i) {
      const double angle = position * std::pow(10000.0, -static_cast<double>(i - i % 2) / width);
      waves_.push_back(static_cast<Real>(i % 2 == 0 ? std::sin(angle) : std::cos(angle)));
    }
  }
}

Tensor SinusoidalPositions::operator()(const Tensor& x, std::span<const Index> offsets,
                                       Where where) const {
  check_lengths("SinusoidalPositions", x, offsets, longest_, width_, where);
  const Tensor waves = Tensor::empty(x.shape());
  const auto width = static_cast<std::size_t>(width_);
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s)
    std::copy_n(waves_.data(), static_cast<std::size_t>(offsets[s + 1] - offsets[s]) * width,
                waves.mutable_data() + static_cast<std::size_t>(offsets[s]) * width);
  return add(x, waves, where);
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
