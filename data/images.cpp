#include <tailgrad/data/images.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include <tailgrad/core/error.h>
#include <tailgrad/data/file.h>
#include <tailgrad/data/split.h>

namespace tailgrad {
namespace {

constexpr Index kCifarSide = 32;
constexpr std::size_t kCifarPixels = 3 * kCifarSide * kCifarSide;

constexpr std::string_view kFashion[] = {"T-shirt/top", "Trouser",   "Pullover", "Dress",
                                         "Coat",        "Sandal",    "Shirt",    "Sneaker",
                                         "Bag",         "Ankle boot"};
constexpr std::string_view kCifar10[] = {"airplane", "automobile", "bird",  "cat",  "deer",
                                         "dog",      "frog",       "horse", "ship", "truck"};

bool exists(const std::string& path) {
  return std::filesystem::exists(path);
}

// The path or the same with .gz, whichever there is; empty: neither.
std::string plain_or_gz(const std::string& path) {
  if (exists(path)) return path;
  return exists(path + ".gz") ? path + ".gz" : "";
}

std::uint32_t big_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

std::vector<std::string> numbers_as_names(Index count) {
  std::vector<std::string> names;
  for (Index k = 0; k < count; ++k) names.push_back(std::to_string(k));
  return names;
}

Index class_count(const ImageDataset& data) {
  return data.labels.empty() ? 0 : *std::ranges::max_element(data.labels) + 1;
}

LabelSet names_for(Index classes, const std::string& names_file,
                   std::span<const std::string_view> known) {
  std::vector<std::string> names;
  if (!names_file.empty() && exists(names_file)) {
    const TextFile file = TextFile::read(names_file);
    LineReader lines(file.text());
    for (Line line; lines.next(line);)
      if (!line.text.empty()) names.emplace_back(line.text);
  } else {
    names.assign(known.begin(), known.end());
  }
  if (static_cast<Index>(names.size()) < classes || names.empty())
    names = numbers_as_names(std::max<Index>(classes, 2));
  return LabelSet(names);
}

void append(ImageDataset& to, const ImageDataset& more) {
  to.pixels.insert(to.pixels.end(), more.pixels.begin(), more.pixels.end());
  to.labels.insert(to.labels.end(), more.labels.begin(), more.labels.end());
}

std::string labels_beside(const std::string& path) {
  const std::filesystem::path whole(path);
  std::string name = whole.filename().string();
  const auto replace = [&name](std::string_view from, std::string_view to) {
    const std::size_t at = name.find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
    return at != std::string::npos;
  };
  if (!replace("images", "labels")) return "";
  replace("idx3", "idx1");
  replace("idx4", "idx1");
  std::string beside = (whole.parent_path() / name).string();
  if (!exists(beside) && beside.ends_with(".gz")) beside.resize(beside.size() - 3);
  return plain_or_gz(beside);
}

bool is_idx(const std::string& path, const std::string& format) {
  if (format == "idx") return true;
  if (format == "cifar") return false;
  if (!format.empty()) fail("--format", "images are idx or cifar, not '" + format + "'");
  if (path.ends_with(".bin") || path.ends_with(".bin.gz")) return false;
  if (path.find("idx") != std::string::npos) return true;
  fail_at(path, 0, 0,
          "neither the name of an IDX file (…images-idx3-ubyte, also .gz) nor of a CIFAR file "
          "(….bin); say which with --format idx or --format cifar");
}

ImageDataset read_file(const std::string& path, const std::string& format) {
  if (is_idx(path, format)) return read_labelled_idx_images(path);
  return read_cifar(path, cifar_kind(path));
}

void check_labels(const ImageDataset& data, const LabelSet& labels) {
  for (std::size_t i = 0; i < data.labels.size(); ++i)
    if (data.labels[i] >= labels.size())
      fail_at(data.path, 0, 0,
              fmt::format("item {} has the label {}, and there are {} classes", i, data.labels[i],
                          labels.size()));
}

void check_same_form(const ImageDataset& data, const ImageDataset& train) {
  if (data.height == train.height && data.width == train.width && data.channels == train.channels)
    return;
  fail_at(data.path, 0, 0,
          fmt::format("images of {} x {} x {}, but those of {} are {} x {} x {}", data.height,
                      data.width, data.channels, train.path, train.height, train.width,
                      train.channels));
}

}  // namespace

ImageDataset select(const ImageDataset& data, std::span<const Index> items) {
  ImageDataset part{.path = data.path,
                    .height = data.height,
                    .width = data.width,
                    .channels = data.channels,
                    .pixels = {}};
  part.pixels.reserve(items.size() * data.image_size());
  for (const Index item : items) {
    const auto i = static_cast<std::size_t>(item);
    if (item < 0 || i >= data.size())
      fail("select", fmt::format("needs items below {}; got {}", data.size(), item));
    const auto image = data.pixels.begin() + static_cast<std::ptrdiff_t>(i * data.image_size());
    part.pixels.insert(part.pixels.end(), image,
                       image + static_cast<std::ptrdiff_t>(data.image_size()));
    if (!data.labels.empty()) part.labels.push_back(data.labels[i]);
    part.lines.push_back(data.lines.empty() ? i + 1 : data.lines[i]);
  }
  return part;
}

IdxFile read_idx(const std::string& path) {
  const std::string bytes = read_bytes(path);
  if (bytes.size() < 4 || bytes[0] != 0 || bytes[1] != 0)
    fail_at(path, 0, 0,
            "not an IDX file: it must begin with two zero bytes, the element type and the number "
            "of axes" +
                std::string(bytes.size() < 4 ? fmt::format("; it has {} bytes", bytes.size())
                                             : fmt::format("; its magic number is 0x{:08x}",
                                                           big_endian(bytes, 0))));
  const auto type = static_cast<std::uint8_t>(bytes[2]);
  const auto axes = static_cast<std::uint8_t>(bytes[3]);
  if (type != 8)
    fail_at(
        path, 0, 0,
        fmt::format("an IDX file of element type 0x{:02x}; expected unsigned bytes, 0x08", type));
  if (axes < 1 || axes > 4)
    fail_at(path, 0, 0, fmt::format("an IDX file with {} axes; expected 1 to 4", axes));
  const std::size_t header = 4 + 4 * std::size_t{axes};
  if (bytes.size() < header)
    fail_at(
        path, 0, 0,
        fmt::format("cut short: {} bytes, and the header alone takes {}", bytes.size(), header));
  IdxFile file;
  std::uint64_t expected = 1;
  for (std::size_t axis = 0; axis < axes; ++axis) {
    const std::uint32_t extent = big_endian(bytes, 4 + 4 * axis);
    if (extent > 0x7fffffffU || expected > (std::uint64_t{1} << 40) / std::max(extent, 1U))
      fail_at(path, 0, 0, "its header asks for more than 2^40 numbers: it is damaged");
    expected *= extent;
    file.extents.push_back(static_cast<Index>(extent));
  }
  if (bytes.size() - header != expected)
    fail_at(path, 0, 0,
            fmt::format("{}: {} numbers follow the header, which says {}",
                        bytes.size() - header < expected ? "cut short" : "too long",
                        bytes.size() - header, expected));
  const auto* const first = reinterpret_cast<const std::uint8_t*>(bytes.data()) + header;
  file.values.assign(first, first + expected);
  return file;
}

ImageDataset read_idx_images(const std::string& path) {
  IdxFile file = read_idx(path);
  const std::size_t axes = file.extents.size();
  if (axes < 3)
    fail_at(
        path, 0, 0,
        fmt::format("has {} axes; images have 3 (items, height, width) or 4 (and channels)", axes));
  ImageDataset data{.path = path,
                    .height = file.extents[1],
                    .width = file.extents[2],
                    .channels = axes == 4 ? file.extents[3] : 1,
                    .pixels = std::move(file.values)};
  if (data.size() == 0) fail_at(path, 0, 0, "has no images");
  return data;
}

ImageDataset read_labelled_idx_images(const std::string& path) {
  ImageDataset data = read_idx_images(path);
  const std::string beside = labels_beside(path);
  if (beside.empty())
    fail_at(path, 0, 0,
            "the labels of IDX images are in a file beside them, named the same with 'labels' for "
            "'images' and idx1 for idx3; there is none");
  const IdxFile labels = read_idx(beside);
  if (labels.extents.size() != 1)
    fail_at(beside, 0, 0,
            fmt::format("has {} axes; labels have one (items)", labels.extents.size()));
  if (labels.values.size() != data.size())
    fail_at(beside, 0, 0,
            fmt::format("has {} labels, and {} has {} images", labels.values.size(), path,
                        data.size()));
  data.labels.assign(labels.values.begin(), labels.values.end());
  return data;
}

CifarKind cifar_kind(const std::string& path) {
  const std::size_t size = read_bytes(path).size();
  if (size > 0 && size % (1 + kCifarPixels) == 0) return CifarKind::cifar10;
  if (size > 0 && size % (2 + kCifarPixels) == 0) return CifarKind::cifar100;
  fail_at(path, 0, 0,
          fmt::format("{} bytes are no whole number of CIFAR records: of {} bytes in CIFAR-10 (a "
                      "label and 3 x 32 x 32 pixels), of {} in CIFAR-100 (two labels)",
                      size, 1 + kCifarPixels, 2 + kCifarPixels));
}

ImageDataset read_cifar(const std::string& path, CifarKind kind) {
  const std::string bytes = read_bytes(path);
  const std::size_t marks = kind == CifarKind::cifar10 ? 1 : 2;
  const std::size_t record = marks + kCifarPixels;
  if (bytes.empty() || bytes.size() % record != 0)
    fail_at(path, 0, 0,
            fmt::format("{} bytes are no whole number of records of {} bytes ({} and 3 x 32 x 32 "
                        "pixels)",
                        bytes.size(), record, marks == 1 ? "a label" : "two labels"));
  const std::size_t count = bytes.size() / record;
  const Index classes = kind == CifarKind::cifar10 ? 10 : 100;
  ImageDataset data{.path = path,
                    .height = kCifarSide,
                    .width = kCifarSide,
                    .channels = 3,
                    .pixels = std::vector<std::uint8_t>(count * kCifarPixels)};
  constexpr std::size_t kPlane = kCifarPixels / 3;
  for (std::size_t i = 0; i < count; ++i) {
    const char* const from = bytes.data() + i * record;
    const Index label = static_cast<std::uint8_t>(from[marks - 1]);
    if (label >= classes)
      fail_at(path, 0, 0,
              fmt::format("record {} has the label {}; expected 0 to {}", i, label, classes - 1));
    data.labels.push_back(label);
    std::uint8_t* to = data.pixels.data() + i * kCifarPixels;
    for (std::size_t p = 0; p < kPlane; ++p)
      for (std::size_t c = 0; c < 3; ++c)
        *to++ = static_cast<std::uint8_t>(from[marks + c * kPlane + p]);
  }
  return data;
}

ImageSplits read_image_folder(const std::string& folder) {
  const auto in = [&folder](const char* name) { return plain_or_gz(folder + "/" + name); };
  ImageSplits splits;
  const auto read_pair = [&](const std::string& train, const std::string& test, CifarKind kind) {
    splits.train = read_cifar(train, kind);
    if (!test.empty()) splits.test = read_cifar(test, kind);
  };
  if (!in("data_batch_1.bin").empty()) {
    read_pair(in("data_batch_1.bin"), in("test_batch.bin"), CifarKind::cifar10);
    for (const char* more :
         {"data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"})
      if (!in(more).empty()) append(splits.train, read_cifar(in(more), CifarKind::cifar10));
    splits.labels = names_for(10, in("batches.meta.txt"), kCifar10);
  } else if (!in("train.bin").empty()) {
    read_pair(in("train.bin"), in("test.bin"), CifarKind::cifar100);
    splits.labels = names_for(100, in("fine_label_names.txt"), {});
  } else if (!in("train-images-idx3-ubyte").empty()) {
    splits.train = read_labelled_idx_images(in("train-images-idx3-ubyte"));
    if (!in("t10k-images-idx3-ubyte").empty())
      splits.test = read_labelled_idx_images(in("t10k-images-idx3-ubyte"));
    const bool fashion = folder.find("fashion") != std::string::npos;
    splits.labels = names_for(class_count(splits.train), "",
                              fashion ? std::span(kFashion) : std::span<const std::string_view>());
  } else {
    fail_at(folder, 0, 0,
            "holds no images: looked for data_batch_1.bin (CIFAR-10), train.bin (CIFAR-100) and "
            "train-images-idx3-ubyte (IDX), also with .gz");
  }
  splits.train.path = folder;
  check_labels(splits.train, splits.labels);
  check_labels(splits.test, splits.labels);
  return splits;
}

ImageSplits load_images(const DataPaths& paths, const std::string& format, std::uint64_t seed) {
  ImageSplits splits;
  if (std::filesystem::is_directory(paths.train)) {
    splits = read_image_folder(paths.train);
  } else {
    splits.train = read_file(paths.train, format);
    splits.labels = names_for(class_count(splits.train), "", {});
  }
  const auto read = [&](const std::string& path) {
    ImageDataset data = read_file(path, format);
    check_same_form(data, splits.train);
    check_labels(data, splits.labels);
    return data;
  };
  if (!paths.test.empty()) splits.test = read(paths.test);
  if (!paths.dev.empty()) {
    splits.dev = read(paths.dev);
  } else {
    hold_out_dev(splits, seed);
  }
  return splits;
}

ImageDataset read_images(const std::string& path, const std::string& format,
                         const LabelSet& labels) {
  if (std::filesystem::is_directory(path)) {
    ImageSplits splits = read_image_folder(path);
    if (splits.test.size() == 0) fail_at(path, 0, 0, "holds no test images; name a file of it");
    check_labels(splits.test, labels);
    return std::move(splits.test);
  }
  ImageDataset data;
  if (is_idx(path, format)) {
    data = labels_beside(path).empty() ? read_idx_images(path) : read_labelled_idx_images(path);
  } else {
    data = read_cifar(path, cifar_kind(path));
  }
  check_labels(data, labels);
  return data;
}

bool looks_like_images(const std::string& path) {
  if (path.ends_with(".bin") || path.ends_with(".bin.gz") ||
      path.find("images-idx") != std::string::npos)
    return true;
  for (const char* name : {"/data_batch_1.bin", "/train.bin", "/train-images-idx3-ubyte"})
    if (!plain_or_gz(path + name).empty()) return true;
  return false;
}

}  // namespace tailgrad
