#include <tailgrad/data/encoded_images.h>

namespace tailgrad {

void select(const EncodedImages& images, std::span<const Index> items, EncodedImages& batch) {
  batch.height = images.height;
  batch.width = images.width;
  batch.channels = images.channels;
  batch.mean = images.mean;
  batch.scale = images.scale;
  batch.augmentation = images.augmentation;
  batch.pixels.clear();
  const std::size_t size = images.image_size();
  for (const Index item : items) {
    const std::uint8_t* const from = images.pixels.data() + static_cast<std::size_t>(item) * size;
    batch.pixels.insert(batch.pixels.end(), from, from + size);
  }
}

void image_numbers(const EncodedImages& images, std::size_t item, Index down, Index right,
                   bool flip, float* to) {
  const auto channels = static_cast<std::size_t>(images.channels);
  const std::uint8_t* const from = images.pixels.data() + item * images.image_size();
  for (Index y = 0; y < images.height; ++y) {
    const Index row = y - down;
    for (Index x = 0; x < images.width; ++x) {
      const Index col = (flip ? images.width - 1 - x : x) - right;
      const bool inside = row >= 0 && row < images.height && col >= 0 && col < images.width;
      const std::uint8_t* const pixel =
          from + static_cast<std::size_t>(inside ? row * images.width + col : 0) * channels;
      for (std::size_t c = 0; c < channels; ++c) {
        const float value = inside ? static_cast<float>(pixel[c]) / 255.0F : 0.0F;
        *to++ = (value - images.mean[c]) / images.scale[c];
      }
    }
  }
}

}  // namespace tailgrad
