// Small images with labels, in memory, and the binary files they come in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tailgrad/core/shape.h>
#include <tailgrad/data/labels.h>
#include <tailgrad/data/text_dataset.h>

namespace tailgrad {

/// Images of one size with their labels.
struct ImageDataset {
  std::string path;                     ///< for messages
  Index height = 0;                     ///< of every image
  Index width = 0;                      ///< of every image
  Index channels = 0;                   ///< of every image
  std::vector<std::uint8_t> pixels;     ///< [items, height, width, channels], row-major
  std::vector<Index> labels = {};       ///< [items], or empty: no labels (predict)
  std::vector<std::size_t> lines = {};  ///< [items] number in the file, from 1; empty: in order

  /// Numbers in an image.
  std::size_t image_size() const {
    return static_cast<std::size_t>(height) * static_cast<std::size_t>(width) *
           static_cast<std::size_t>(channels);
  }
  /// Number of images.
  std::size_t size() const { return image_size() == 0 ? 0 : pixels.size() / image_size(); }
};

/// Training, development and test images.
struct ImageSplits {
  LabelSet labels;                 ///< classes of the training data
  ImageDataset train;              ///< what is learnt from
  ImageDataset dev;                ///< what choices are made on
  ImageDataset test;               ///< what is reported
  bool held_out = false;           ///< dev was cut from train: say so
  std::vector<std::string> notes;  ///< what the user should know
};

/// Some of the items, in the order given.
ImageDataset select(const ImageDataset& data, std::span<const Index> items);

/// An IDX file of unsigned bytes (Y. LeCun's format of MNIST): its extents and its numbers.
struct IdxFile {
  std::vector<Index> extents;        ///< of each axis
  std::vector<std::uint8_t> values;  ///< row-major
};
/// Throws Error naming the file for a wrong magic number, another element type and a file that is
/// longer or shorter than its extents say.
IdxFile read_idx(const std::string& path);

/// The images of an IDX file [items, height, width] or [items, height, width, channels], without
/// labels. Throws Error as read_idx.
ImageDataset read_idx_images(const std::string& path);
/// With the labels of the file beside it: "…images-idx3…" has "…labels-idx1…". Throws Error as
/// read_idx, when there is no such file, and when it has another number of items.
ImageDataset read_labelled_idx_images(const std::string& path);

/// How many label bytes the records of CIFAR have: 1 of CIFAR-10, 2 (coarse, fine) of CIFAR-100.
enum class CifarKind { cifar10, cifar100 };

/// One binary file of CIFAR, records of label bytes and 3 x 32 x 32 pixels; of CIFAR-100 the fine
/// labels. Throws Error naming the file when its size is not a whole number of records, and for a
/// label out of range.
ImageDataset read_cifar(const std::string& path, CifarKind kind);
/// The kind whose records divide the size of the file. Throws Error when neither does.
CifarKind cifar_kind(const std::string& path);

/// Training and test data in a folder: CIFAR (data_batch_1.bin … data_batch_5.bin, test_batch.bin,
/// or train.bin, test.bin) or IDX (train-images-idx3-ubyte[.gz] and so on). Class names are those
/// of batches.meta.txt or fine_label_names.txt beside them, else numbers (Fashion-MNIST's and
/// CIFAR-10's own where they are known). Throws Error naming what was looked for.
ImageSplits read_image_folder(const std::string& folder);

/// Reads all files of a data set: `train` is a folder (see above), an IDX file of images or a CIFAR
/// file; `dev` and `test` are files; without dev a stratified tenth of train is held out.
/// `format`: "idx", "cifar", or empty: by the name (…images-idx…, or .bin).
ImageSplits load_images(const DataPaths& paths, const std::string& format, std::uint64_t seed);

/// One file (or the test part of a folder) with labels if it has any and the set knows them.
/// Throws Error for a label that is not in the set.
ImageDataset read_images(const std::string& path, const std::string& format,
                         const LabelSet& labels);

/// Whether a path looks like images: a folder that holds some, an IDX or a .bin file.
bool looks_like_images(const std::string& path);

}  // namespace tailgrad
