#include <tailgrad/core/output_directory.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <support/temporary_folder.h>

#include <cerrno>

#include <support/file_faults.h>
#include <support/messages.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

using tailgrad::test::FileFaultsScope;
using tailgrad::test::message_of;
using tailgrad::test::slurp;
using tailgrad::test::spill;
using tailgrad::test::TemporaryFolder;
using ::testing::HasSubstr;

TEST(OutputDirectory, IsCreatedWithItsParents) {
  const TemporaryFolder folder;
  EXPECT_FALSE(create_output_directory(folder.at("a/b/c"), IfOccupied::kRefuse));
  EXPECT_TRUE(std::filesystem::is_directory(folder.at("a/b/c")));
  EXPECT_FALSE(create_output_directory(folder.at("d/e/"), IfOccupied::kResume));
  EXPECT_TRUE(std::filesystem::is_directory(folder.at("d/e")));
  EXPECT_FALSE(create_output_directory(folder.at("d/e"), IfOccupied::kRefuse)) << "empty is fine";
}

TEST(OutputDirectory, IsNeverSilentlyOverwritten) {
  const TemporaryFolder folder;
  spill(folder.at("result.json"), "{}");
  EXPECT_THAT(message_of<Error>(
                  [&] { create_output_directory(folder.path().string(), IfOccupied::kRefuse); }),
              HasSubstr("already holds files; choose another --out, or --force"));
  EXPECT_EQ(slurp(folder.at("result.json")), "{}");
}

TEST(OutputDirectory, ForceRemovesOnlyWhatTheCommandOwns) {
  const TemporaryFolder folder;
  spill(folder.at("result.json"), "{}");
  spill(folder.at("thesis.tex"), "years");
  std::filesystem::create_directory(folder.at("checkpoint"));
  spill(folder.at("checkpoint/weights"), "w");
  const std::string_view own[] = {"result.json", "checkpoint", "not there"};
  EXPECT_TRUE(create_output_directory(folder.path().string(), IfOccupied::kForce, own));
  EXPECT_EQ(folder.entries(), 1u);
  EXPECT_EQ(slurp(folder.at("thesis.tex")), "years");
}

TEST(OutputDirectory, ResumeKeepsEverything) {
  const TemporaryFolder folder;
  spill(folder.at("result.json"), "{}");
  const std::string_view own[] = {"result.json"};
  EXPECT_TRUE(create_output_directory(folder.path().string(), IfOccupied::kResume, own));
  EXPECT_EQ(slurp(folder.at("result.json")), "{}");
}

TEST(OutputDirectory, SaysWhyItCannot) {
  const TemporaryFolder folder;
  spill(folder.at("file"), "x");
  EXPECT_EQ(
      message_of<Error>([&] { create_output_directory(folder.at("file"), IfOccupied::kForce); }),
      folder.at("file") + ": is a file; --out needs a folder, new or empty");
  EXPECT_THAT(message_of<Error>(
                  [&] { create_output_directory(folder.at("file/below"), IfOccupied::kForce); }),
              HasSubstr("cannot create the output folder: Not a directory"));
  EXPECT_THAT(message_of<Error>([&] { create_output_directory("", IfOccupied::kForce); }),
              HasSubstr("--out"));
  const FileFaultsScope faults(
      {.folder = folder.path().string(), .fail_at = 0, .only_writes = true, .reason = ENOSPC});
  EXPECT_EQ(
      message_of<Error>([&] { create_output_directory(folder.at("n"), IfOccupied::kRefuse); }),
      folder.at("n") + ": cannot create the output folder: No space left on device");
}

}  // namespace
}  // namespace tailgrad
