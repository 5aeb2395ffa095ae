#include <tailgrad/models/image_input.h>

#include <algorithm>

#include <tailgrad/core/kernels/loops.h>
#include <tailgrad/core/kernels/scratch.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/random.h>
#include <tailgrad/core/training_pass.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {
namespace {

// 0 … n - 1, each within 2^-32 n as likely as the others.
Index below(Index n, std::uint32_t word) {
  return static_cast<Index>(static_cast<std::uint64_t>(n) * word >> 32);
}

}  // namespace

Tensor image_tensor(const EncodedImages& images) {
  const Tensor out = Tensor::empty({images.size(), images.height, images.width, images.channels});
  const std::size_t size = images.image_size();
  const Augmentation& how = images.augmentation;
  TrainingPass* const pass = TrainingPass::current();
  const bool moves = pass != nullptr && (how.pad > 0 || how.flip);
  const std::uint64_t use = moves ? pass->next_use() : 0;
  const std::size_t grain = std::max<std::size_t>(1, kernels::kElementGrain / (4 * size + 1));
  parallel_for(static_cast<std::size_t>(images.size()), grain,
               [&](std::size_t begin, std::size_t end) {
                 const Scratch<float> numbers(size);
                 for (std::size_t i = begin; i < end; ++i) {
                   Index down = 0, right = 0;
                   bool flip = false;
                   if (moves) {
                     const std::uint64_t place = use << 48 | std::uint64_t{pass->shard()} << 32 | i;
                     const auto words =
                         philox(pass->seed(), random_stream("augmentation"), pass->step(), place);
                     down = below(2 * how.pad + 1, words[0]) - how.pad;
                     right = below(2 * how.pad + 1, words[1]) - how.pad;
                     flip = how.flip && words[2] % 2 == 1;
                   }
                   image_numbers(images, i, down, right, flip, numbers.data());
                   std::copy_n(numbers.data(), size, out.mutable_data() + i * size);
                 }
               });
  return out;
}

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
