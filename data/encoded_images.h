// Images as models read them: bytes, and how they become numbers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <tailgrad/core/shape.h>

namespace tailgrad {

/// What a training pass does to each image, at random; nothing happens outside of one.
struct Augmentation {
  Index pad = 0;      ///< black pixels put around the image, from which its size is cut anew
  bool flip = false;  ///< left and right change places with probability 1/2
  bool operator==(const Augmentation&) const = default;
};

/// Images of one form. A number of channel c is (byte / 255 - mean[c]) / scale[c].
struct EncodedImages {
  Index height = 0;                       ///< of every image
  Index width = 0;                        ///< of every image
  Index channels = 0;                     ///< of every image
  std::vector<std::uint8_t> pixels = {};  ///< [items, height, width, channels], row-major
  std::vector<float> mean = {};           ///< [channels]
  std::vector<float> scale = {};          ///< [channels]
  Augmentation augmentation = {};         ///< what training does to an image

  /// Numbers in an image.
  std::size_t image_size() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
           static_cast<std::size_t>(channels);
  }
  /// Number of images.
  Index size() const {
    return channels == 0 ? 0 : static_cast<Index>(pixels.size() / image_size());
  }
};

/// Replaces `batch` with these images, in this order.
void select(const EncodedImages& images, std::span<const Index> items, EncodedImages& batch);

/// Writes the numbers of an image [height, width, channels] moved by (down, right) pixels, what
/// comes in is black, then mirrored if `flip`.
void image_numbers(const EncodedImages& images, std::size_t item, Index down, Index right,
                   bool flip, float* to);

}  // namespace tailgrad
