// Task image end to end: train, predict, evaluate, compare, and what bad files get.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <support/image_files.h>
#include <support/temporary_folder.h>
#include "cli/run_program.h"

namespace tailgrad::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// A net trained once on IDX files.
class Images : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new test::ImageFolder;
    std::filesystem::create_directory(folder_->at("out"));
    folder_->write_idx(120, 4);
    trained_ = run_program({"train", folder_->path(), "--model", "resnet:depth=8,width=4", "--loss",
                            "la:tau=1", "--epochs", "6", "--batch-tokens", "16", "--out",
                            folder_->at("run"), "--json"});
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  void SetUp() override { ASSERT_EQ(trained_.status, 0) << trained_.err; }
  static std::string at(const std::string& name) { return folder_->at(name); }

  inline static test::ImageFolder* folder_ = nullptr;
  inline static Ran trained_;
};

TEST_F(Images, LearnsAndSaysWhatItDid) {
  const json result = trained_.json();
  EXPECT_EQ(result.at("config").at("task"), "image");
  EXPECT_EQ(result.at("config").at("shards"), 1);
  EXPECT_EQ(result.at("data").at("items").at("train"), 108);
  EXPECT_EQ(result.at("data").at("items").at("dev"), 12);
  EXPECT_GT(result.at("test").at("accuracy").get<double>(), 0.9);
  EXPECT_TRUE(std::filesystem::exists(at("run/report.html")));
  EXPECT_THAT(trained_.err, HasSubstr("augmentation: none (--augment)"));
}

TEST_F(Images, PredictWritesALineAnImage) {
  const Ran all = run_program({"predict", at("run"), at("t10k-images-idx3-ubyte")});
  ASSERT_EQ(all.status, 0) << all.err;
  EXPECT_THAT(all.out, StartsWith("item,predicted\n0,0\n1,1\n2,2\n3,3\n"));
  std::filesystem::copy_file(at("t10k-images-idx3-ubyte"), at("alone-images-idx3-ubyte"));
  const Ran alone =
      run_program({"predict", at("run"), at("alone-images-idx3-ubyte"), "--probabilities"});
  ASSERT_EQ(alone.status, 0) << alone.err;
  EXPECT_THAT(alone.out, StartsWith("item,predicted,p(0),p(1),p(2),p(3)\n0,0,"));
}

TEST_F(Images, EvaluateJudgesTheSavedModel) {
  const Ran ran = run_program(
      {"evaluate", "--model", at("run"), folder_->path(), "--json", "--bootstrap", "50"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  const json judged = ran.json();
  const json& metrics = judged.contains("metrics") ? judged.at("metrics") : judged;
  EXPECT_EQ(metrics.at("accuracy"), trained_.json().at("test").at("accuracy"));
}

TEST_F(Images, CompareRuns) {
  const Ran ran = run_program({"compare", folder_->path(), "--model", "cnn:channels=4,hidden=8",
                               "--losses", "ce;la:tau=1", "--seeds", "2", "--epochs", "1",
                               "--batch-tokens", "16", "--out", at("compared"), "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json().at("losses").size(), 2U);
}

TEST_F(Images, DoctorFindsTheSameImageTwice) {
  const test::ImageFolder twice;
  const std::string image(64, '\7');
  twice.write("t-images-idx3-ubyte",
              test::idx({4, 8, 8}, image + std::string(64, '\1') + image + std::string(64, '\2')));
  twice.write("t-labels-idx1-ubyte", test::idx({4}, std::string("\0\1\1\0", 4)));
  twice.write("d-images-idx3-ubyte", test::idx({2, 8, 8}, std::string(128, '\3')));
  twice.write("d-labels-idx1-ubyte", test::idx({2}, std::string("\0\1", 2)));
  const Ran ran = run_program(
      {"doctor", twice.at("t-images-idx3-ubyte"), "--dev", twice.at("d-images-idx3-ubyte")});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("t-images-idx3-ubyte:1"));
  EXPECT_THAT(ran.out, HasSubstr("t-images-idx3-ubyte:3"));
}

TEST_F(Images, ResumeGivesTheSameWeights) {
  const std::vector<std::string> arguments = {
      "train",     folder_->path(), "--model", "cnn:channels=4,hidden=8", "--augment",
      "crop+flip", "--epochs",      "3",       "--batch-tokens",          "16",
      "--json",    "--quiet",       "--out"};
  const auto run = [&](const std::string& out, const std::string& more = "") {
    std::vector<std::string> all = arguments;
    all.push_back(at(out));
    if (!more.empty()) all.push_back(more);
    return run_program(all);
  };
  const Ran one = run("one");
  ASSERT_EQ(one.status, 0) << one.err;
  const Ran again = run("one", "--resume");
  ASSERT_EQ(again.status, 0) << again.err;
  EXPECT_EQ(again.json().at("weights_hash"), one.json().at("weights_hash"));
}

Ran train(const std::string& data) {
  const TemporaryFolder out;
  return run_program({"train", data, "--task", "image", "--out", out.at("run")});
}

TEST(ImageFaults, AreTheCallersAndNameTheFile) {
  const test::ImageFolder folder;
  folder.write_idx(40, 4);
  const auto expect = [&](const std::string& data, auto message) {
    const Ran ran = train(data);
    EXPECT_TRUE(ran.is_callers_fault()) << ran.status << ran.err;
    EXPECT_THAT(ran.err, message);
  };
  folder.write("t10k-images-idx3-ubyte", test::idx({40, 8, 8}, "short"));
  expect(folder.path(), AllOf(HasSubstr("t10k-images-idx3-ubyte: cut short: 5 numbers follow"),
                              HasSubstr("2560")));
  folder.write("t10k-images-idx3-ubyte", "GIF89a");
  expect(folder.path(), HasSubstr("t10k-images-idx3-ubyte: not an IDX file"));
  folder.write_idx(40, 4);
  folder.write("train-labels-idx1-ubyte", test::idx({39}, std::string(39, '\0')));
  expect(folder.path(),
         AllOf(HasSubstr("train-labels-idx1-ubyte: has 39 labels"), HasSubstr("has 40 images")));
  folder.write("x.bin", std::string(3000, 'a'));
  expect(folder.at("x.bin"), HasSubstr("x.bin: 3000 bytes are no whole number of CIFAR records"));
  expect("fashion-mnist-lt:ratio=0.5", HasSubstr("ratio"));
  const test::ImageFolder cifar;
  cifar.write_cifar10(20);
  expect("cifar-lt:ratio=100,folder=" + cifar.path(),
         AllOf(HasSubstr("would get 0 training items"), HasSubstr("choose a ratio of at most 10")));
  expect("cifar-lt:ratio=2,most=50,folder=" + cifar.path(),
         HasSubstr("class 'airplane' has 10 training images; 50 to train"));
  expect(folder.at("nothing-images-idx3-ubyte"), HasSubstr("nothing-images-idx3-ubyte"));
}

TEST(ImageFaults, OptionsOfImagesBelongToImages) {
  const Ran ran = run_program(
      {"train", "x.csv", "--task", "text", "--augment", "crop", "--out", "/nowhere/run"});
  EXPECT_TRUE(ran.is_callers_fault()) << ran.err;
  EXPECT_THAT(ran.err, HasSubstr("--augment: belongs to --task image, not text"));
}

TEST(FashionMnist, TrainsWithOneCommand) {
  if (!std::filesystem::exists("/usr/share/datasets/fashion-mnist"))
    GTEST_SKIP() << "dataset-fashion-mnist";
  const TemporaryFolder out;
  const Ran ran = run_program({"train", "fashion-mnist-lt:ratio=50,most=100,dev=20", "--model",
                               "cnn:channels=4/8,hidden=16", "--loss", "la:tau=1", "--epochs", "1",
                               "--out", out.at("run"), "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json().at("data").at("classes").at(9).at("train"), 2);
  EXPECT_EQ(ran.json().at("data").at("items").at("test"), 10000);
}

}  // namespace
}  // namespace tailgrad::test
