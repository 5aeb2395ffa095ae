// Small files of images, in the forms of MNIST and CIFAR, that a net can learn from.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include <support/temporary_folder.h>

#include <tailgrad/core/random.h>

namespace tailgrad::test {

inline std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xffU);
  return bytes;
}

/// An IDX file of unsigned bytes.
inline std::string idx(std::initializer_list<std::uint32_t> extents, const std::string& values) {
  std::string bytes{0, 0, 8, static_cast<char>(extents.size())};
  for (const std::uint32_t extent : extents) bytes += big_endian(extent);
  return bytes + values;
}

/// A pixel of an image of class k: bright in the k-th row.
inline char pixel_of(int k, int row, Random& random) {
  return static_cast<char>(random.below(100) + (row == k ? 150 : 0));
}

class ImageFolder {
 public:
  std::string path() const { return folder_.path().string(); }
  std::string at(const std::string& name) const { return folder_.at(name); }
  void write(const std::string& name, const std::string& bytes) const {
    tailgrad::test::spill(at(name), bytes);
  }

  /// train-images-idx3-ubyte and so on: `items` of 8 x 8 pixels in turn of each class.
  void write_idx(std::uint32_t items, std::uint32_t classes) const {
    for (const std::string part : {"train", "t10k"}) {
      Random random(part == "train" ? 1 : 2, "image files");
      std::string pixels;
      std::string labels;
      for (std::uint32_t i = 0; i < items; ++i) {
        labels += static_cast<char>(i % classes);
        for (int p = 0; p < 64; ++p)
          pixels += pixel_of(static_cast<int>(i % classes), p / 8, random);
      }
      write(part + "-images-idx3-ubyte", idx({items, 8, 8}, pixels));
      write(part + "-labels-idx1-ubyte", idx({items}, labels));
    }
  }

  /// data_batch_1.bin … data_batch_5.bin and test_batch.bin, `items` in turn of each class.
  void write_cifar10(int items) const {
    for (const std::string name : {"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4",
                                   "data_batch_5", "test_batch"}) {
      Random random(name.size(), name);
      std::string bytes;
      for (int i = 0; i < items; ++i) {
        bytes += static_cast<char>(i % 10);
        for (int p = 0; p < 3072; ++p) bytes += pixel_of(i % 10, p % 1024 / 32, random);
      }
      write(name + ".bin", bytes);
    }
  }

 private:
  tailgrad::test::TemporaryFolder folder_;
};

}  // namespace tailgrad::test
