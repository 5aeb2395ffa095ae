// `tailgrad export`: the files it writes, and what it refuses.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tailgrad/core/npz.h>

#include "cli/run_program.h"
#include "cli/train_data.h"

namespace tailgrad::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Export : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    spill(at("train.csv"), texts_csv(60, 1));
    spill(at("new.csv"), "text\nthe owl\niron\nwe find a red owl\n");
    trained_ = run_program(
        {"train", at("train.csv"), "--model", "bag:width=8", "--epochs", "1", "--out", at("run")});
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }
  void SetUp() override { ASSERT_EQ(trained_.status, 0) << trained_.err; }
  static std::string at(std::string_view name) { return folder_->at(name); }

  inline static TemporaryFolder* folder_ = nullptr;
  inline static Ran trained_;
};

TEST_F(Export, WritesTheModelAndItsInputs) {
  const Ran ran = run_program({"export", at("run"), "--onnx", at("m.onnx"), "--data", at("new.csv"),
                               "--inputs", at("in.npz"), "--json"});
  ASSERT_EQ(ran.status, 0) << ran.err;
  EXPECT_EQ(ran.json()["opset"], 17);
  EXPECT_EQ(ran.json()["inputs"], nlohmann::json({"ids"}));
  EXPECT_EQ(ran.json()["bytes"], std::filesystem::file_size(at("m.onnx")));
  const Npz inputs = Npz::read(at("in.npz"));
  EXPECT_THAT(inputs.names(), ElementsAre("ids"));
  const NpyArray ids = inputs.at("ids");
  EXPECT_THAT(ids.shape, ElementsAre(3U, 5U));
  EXPECT_EQ(ids.as_integers()[2], -1) << "padding";
}

TEST_F(Export, ReplacesNothingUnasked) {
  spill(at("there.onnx"), "mine");
  const Ran refused = run_program({"export", at("run"), "--onnx", at("there.onnx")});
  EXPECT_TRUE(refused.is_callers_fault()) << refused.err;
  EXPECT_THAT(refused.err, HasSubstr("is there already; --force replaces it"));
  EXPECT_EQ(slurp(at("there.onnx")), "mine");
  spill(at("there.npz"), "mine");
  const Ran inputs = run_program({"export", at("run"), "--onnx", at("new.onnx"), "--data",
                                  at("new.csv"), "--inputs", at("there.npz")});
  EXPECT_TRUE(inputs.is_callers_fault()) << inputs.err;
  EXPECT_FALSE(std::filesystem::exists(at("new.onnx")));
  EXPECT_EQ(run_program({"export", at("run"), "--onnx", at("there.onnx"), "--force"}).status, 0);
  EXPECT_NE(slurp(at("there.onnx")), "mine");
}

TEST_F(Export, SaysWhatIsMissing) {
  const Ran alone =
      run_program({"export", at("run"), "--onnx", at("a.onnx"), "--data", at("new.csv")});
  EXPECT_TRUE(alone.is_callers_fault());
  EXPECT_THAT(alone.err, HasSubstr("--data and --inputs belong together"));
  const Ran nowhere = run_program({"export", at("run")});
  EXPECT_TRUE(nowhere.is_callers_fault());
  EXPECT_THAT(nowhere.err, HasSubstr("--onnx"));
  const Ran no_model = run_program({"export", at("nothing"), "--onnx", at("a.onnx")});
  EXPECT_TRUE(no_model.is_callers_fault());
  EXPECT_THAT(no_model.err, HasSubstr("model.json"));
  const Ran no_data = run_program({"export", at("run"), "--onnx", at("a.onnx"), "--data",
                                   at("none.csv"), "--inputs", at("a.npz")});
  EXPECT_TRUE(no_data.is_callers_fault());
  EXPECT_FALSE(std::filesystem::exists(at("a.onnx"))) << "nothing is written before all is read";
}

}  // namespace
}  // namespace tailgrad::test
