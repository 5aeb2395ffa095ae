#include <tailgrad/data/images.h>

#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/image_files.h>
#include <support/messages.h>
#include <tailgrad/data/encoded_images.h>

namespace tailgrad {
namespace {

using test::idx;
using test::ImageFolder;
using test::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Idx, ExtentsAndNumbers) {
  const ImageFolder folder;
  folder.write("a", idx({2, 1, 3}, std::string("\x01\x02\x03\x04\x05\xff", 6)));
  const IdxFile file = read_idx(folder.at("a"));
  EXPECT_THAT(file.extents, ElementsAre(2, 1, 3));
  EXPECT_THAT(file.values, ElementsAre(1, 2, 3, 4, 5, 255));
}

TEST(Idx, BadFilesAreNamed) {
  const ImageFolder folder;
  const auto message = [&](const std::string& bytes) {
    folder.write("bad", bytes);
    return message_of([&] { read_idx(folder.at("bad")); });
  };
  EXPECT_THAT(message("ab"),
              AllOf(HasSubstr("/bad: not an IDX file"), HasSubstr("it has 2 bytes")));
  EXPECT_THAT(message(std::string("PK\x03\x04", 4)), HasSubstr("magic number is 0x504b0304"));
  EXPECT_THAT(message(std::string("\0\0\x0d\x01", 4)), HasSubstr("element type 0x0d"));
  EXPECT_THAT(message(std::string("\0\0\x08\x09", 4)), HasSubstr("with 9 axes"));
  EXPECT_THAT(message(std::string("\0\0\x08\x02\0\0", 6)), HasSubstr("the header alone takes 12"));
  EXPECT_THAT(message(idx({2, 2}, "abc")),
              HasSubstr("cut short: 3 numbers follow the header, which says 4"));
  EXPECT_THAT(message(idx({2, 1}, "abc")),
              HasSubstr("too long: 3 numbers follow the header, which says 2"));
  EXPECT_THAT(message(idx({0x7fffffff, 0x7fffffff}, "")), HasSubstr("it is damaged"));
  // 2^64 numbers, which a product of 64 bits takes for none.
  EXPECT_THAT(message(idx({1 << 30, 1 << 10, 1 << 24}, "")), HasSubstr("it is damaged"));
}

TEST(Images, IdxWithLabelsBesideThem) {
  const ImageFolder folder;
  folder.write("t-images-idx3-ubyte", idx({2, 1, 1}, "ab"));
  EXPECT_THAT(message_of([&] { read_labelled_idx_images(folder.at("t-images-idx3-ubyte")); }),
              HasSubstr("there is none"));
  folder.write("t-labels-idx1-ubyte", idx({3}, std::string("\0\1\2", 3)));
  EXPECT_THAT(message_of([&] { read_labelled_idx_images(folder.at("t-images-idx3-ubyte")); }),
              AllOf(HasSubstr("t-labels-idx1-ubyte: has 3 labels"), HasSubstr("has 2 images")));
  folder.write("t-labels-idx1-ubyte", idx({2}, std::string("\1\0", 2)));
  const ImageDataset data = read_labelled_idx_images(folder.at("t-images-idx3-ubyte"));
  EXPECT_THAT(data.labels, ElementsAre(1, 0));
  EXPECT_THAT(data.pixels, ElementsAre('a', 'b'));
  folder.write("flat-images-idx3-ubyte", idx({2}, "ab"));
  EXPECT_THAT(message_of([&] { read_idx_images(folder.at("flat-images-idx3-ubyte")); }),
              HasSubstr("has 1 axes; images have 3"));
}

TEST(Images, CifarPlanesBecomePixels) {
  const ImageFolder folder;
  std::string record(1, '\7');
  for (const char plane : {'r', 'g', 'b'}) record += std::string(1024, plane);
  record[1] = 'x';
  folder.write("one.bin", record);
  EXPECT_EQ(cifar_kind(folder.at("one.bin")), CifarKind::cifar10);
  const ImageDataset data = read_cifar(folder.at("one.bin"), CifarKind::cifar10);
  EXPECT_THAT(data.labels, ElementsAre(7));
  EXPECT_EQ(std::string(data.pixels.begin(), data.pixels.begin() + 6), "xgbrgb");
  folder.write("hundred.bin", std::string("\3\x40", 2) + record.substr(1));
  EXPECT_EQ(cifar_kind(folder.at("hundred.bin")), CifarKind::cifar100);
  EXPECT_THAT(read_cifar(folder.at("hundred.bin"), CifarKind::cifar100).labels, ElementsAre(64));
}

TEST(Images, BadCifarFilesAreNamed) {
  const ImageFolder folder;
  folder.write("short.bin", std::string(3072, 'a'));
  EXPECT_THAT(message_of([&] { cifar_kind(folder.at("short.bin")); }),
              AllOf(HasSubstr("short.bin: 3072 bytes are no whole number of CIFAR records"),
                    HasSubstr("of 3073 bytes in CIFAR-10"), HasSubstr("of 3074 in CIFAR-100")));
  EXPECT_THAT(message_of([&] { read_cifar(folder.at("short.bin"), CifarKind::cifar10); }),
              HasSubstr("3072 bytes are no whole number of records of 3073 bytes"));
  folder.write("label.bin", std::string(3073, '\x0a'));
  EXPECT_THAT(message_of([&] { read_cifar(folder.at("label.bin"), CifarKind::cifar10); }),
              HasSubstr("record 0 has the label 10; expected 0 to 9"));
}

TEST(Images, Folders) {
  const ImageFolder empty;
  EXPECT_THAT(message_of([&] { read_image_folder(empty.path()); }),
              HasSubstr("holds no images: looked for data_batch_1.bin"));
  const ImageFolder cifar;
  cifar.write_cifar10(20);
  const ImageSplits splits = load_images({.train = cifar.path(), .dev = "", .test = ""}, "", 1);
  EXPECT_EQ(splits.train.size(), 90U);
  EXPECT_EQ(splits.dev.size(), 10U);
  EXPECT_TRUE(splits.held_out);
  EXPECT_EQ(splits.test.size(), 20U);
  EXPECT_EQ(splits.labels.name(9), "truck");
  cifar.write("data_batch_3.bin", "short");
  EXPECT_THAT(message_of([&] { read_image_folder(cifar.path()); }),
              HasSubstr("data_batch_3.bin: 5 bytes are no whole number of records"));
  const ImageFolder mnist;
  mnist.write_idx(30, 3);
  const ImageSplits digits = load_images(
      {.train = mnist.path(), .dev = mnist.at("t10k-images-idx3-ubyte"), .test = ""}, "", 1);
  EXPECT_EQ(digits.train.size(), 30U);
  EXPECT_EQ(digits.dev.size(), 30U);
  EXPECT_THAT(digits.labels.names(), ElementsAre("0", "1", "2"));
  EXPECT_THAT(message_of([&] {
                load_images({.train = cifar.at("test_batch.bin"),
                             .dev = "",
                             .test = mnist.at("t10k-images-idx3-ubyte")},
                            "", 1);
              }),
              AllOf(HasSubstr("t10k-images-idx3-ubyte: images of 8 x 8 x 1, but those of"),
                    HasSubstr("are 32 x 32 x 3")));
  EXPECT_THAT(message_of([&] { load_images({.train = "a.csv", .dev = "", .test = ""}, "", 1); }),
              HasSubstr("neither the name of an IDX file"));
}

TEST(EncodedImages, NumbersMoveAndMirror) {
  EncodedImages images{
      .height = 2, .width = 2, .channels = 1, .pixels = {9, 9, 9, 9, 0, 51, 102, 255}};
  images.mean = {0.2F};
  images.scale = {0.5F};
  const auto numbers = [&](Index down, Index right, bool flip) {
    std::vector<float> to(4);
    image_numbers(images, 1, down, right, flip, to.data());
    for (float& value : to) value = value * 0.5F + 0.2F;
    return to;
  };
  const auto near = [](std::vector<float> all) {
    return ::testing::Pointwise(::testing::FloatNear(1e-6F), std::move(all));
  };
  EXPECT_THAT(numbers(0, 0, false), near({0, 0.2F, 0.4F, 1}));
  EXPECT_THAT(numbers(1, 0, false), near({0, 0, 0, 0.2F}));
  EXPECT_THAT(numbers(0, -1, false), near({0.2F, 0, 1, 0}));
  EXPECT_THAT(numbers(0, 0, true), near({0.2F, 0, 1, 0.4F}));
  EncodedImages batch;
  select(images, std::vector<Index>{1, 0}, batch);
  EXPECT_THAT(batch.pixels, ElementsAre(0, 51, 102, 255, 9, 9, 9, 9));
}

}  // namespace
}  // namespace tailgrad
