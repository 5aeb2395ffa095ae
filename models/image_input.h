// From the bytes of a batch of images to the tensor a net reads.
#pragma once

#include <tailgrad/core/tensor.h>
#include <tailgrad/data/encoded_images.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// [items, height, width, channels]. In a TrainingPass images are augmented: how, is a function of
/// the pass (seed, step, shard) and of the image's place in it alone, so every presentation of an
/// image has numbers of its own, on any number of threads and after a resume.
Tensor image_tensor(const EncodedImages& images);

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
