#include <tailgrad/core/checkpoint_files.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <support/temporary_folder.h>

#include <algorithm>
#include <filesystem>

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
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A state that is one number.
void write(CheckpointFiles& files, double number) {
  const std::vector<double> values = {number};
  const StoredTensor tensor = stored("number", {1}, values);
  files.write(std::span(&tensor, 1), {{"note", "of a test"}});
}

double read(CheckpointFiles& files) {
  return files.read()->at("number").as_doubles().front();
}

class CheckpointFilesTest : public ::testing::Test {
 protected:
  std::string stem() const { return folder_.at("state"); }
  std::string file(int slot) const { return stem() + "-" + std::to_string(slot) + ".safetensors"; }
  void write_up_to(int last) const {
    CheckpointFiles files(stem());
    for (int number = 1; number <= last; ++number) write(files, number);
  }
  TemporaryFolder folder_;
};

TEST_F(CheckpointFilesTest, KeepTheLastTwoStates) {
  CheckpointFiles files(stem());
  EXPECT_FALSE(files.read());
  EXPECT_EQ(files.newest(), "");
  for (int number = 1; number <= 5; ++number) write(files, number);
  EXPECT_EQ(files.newest(), file(1));
  EXPECT_EQ(folder_.entries(), 2u);
  CheckpointFiles later(stem());
  EXPECT_EQ(read(later), 5);
  EXPECT_THAT(later.passed_over(), IsEmpty());
  std::filesystem::remove(file(1));
  EXPECT_EQ(read(later), 4);
  later.remove();
  EXPECT_EQ(folder_.entries(), 0u);
  EXPECT_FALSE(later.read());
}

TEST_F(CheckpointFilesTest, EveryFlippedBitAndEveryCutIsSeen) {
  write_up_to(1);
  const std::string whole = slurp(file(1));
  CheckpointFiles files(stem());
  const auto refused = [&](const std::string& content) {
    spill(file(1), content);
    return message_of<Error>([&] { files.read(); });
  };
  for (std::size_t at = 0; at < whole.size(); ++at) {
    EXPECT_THAT(refused(whole.substr(0, at)), HasSubstr("no checkpoint of this run is whole"));
    std::string flipped = whole;
    flipped[at] = static_cast<char>(flipped[at] ^ (1 << at % 8));
    EXPECT_THAT(refused(flipped), HasSubstr("no checkpoint of this run is whole")) << at;
  }
  EXPECT_THAT(refused(whole + "x"), HasSubstr("no checkpoint"));
}

TEST_F(CheckpointFilesTest, TheOneBeforeADamagedOneIsTakenAndGoneOnFrom) {
  write_up_to(4);
  std::string damaged = slurp(file(0));
  damaged.back() ^= 1;
  spill(file(0), damaged);
  CheckpointFiles files(stem());
  EXPECT_EQ(read(files), 3);
  EXPECT_EQ(files.newest(), file(1));
  EXPECT_THAT(files.passed_over(),
              ElementsAre(file(0) + ": is damaged: its bytes do not fit its checksum"));
  write(files, 40);  // replaces the damaged one
  CheckpointFiles later(stem());
  EXPECT_EQ(read(later), 40);
  EXPECT_THAT(later.passed_over(), IsEmpty());
  spill(file(0), "");
  EXPECT_EQ(read(later), 3);
}

TEST_F(CheckpointFilesTest, TwoDamagedFilesAreAnErrorThatNamesBoth) {
  write_up_to(2);
  spill(file(0), "torn");
  std::filesystem::resize_file(file(1), std::filesystem::file_size(file(1)) / 2);
  CheckpointFiles files(stem());
  const std::string message = message_of<Error>([&] { files.read(); });
  EXPECT_THAT(message, HasSubstr(stem() + ": no checkpoint of this run is whole (" + file(0)));
  EXPECT_THAT(message, HasSubstr(file(1) + ": "));
  EXPECT_EQ(std::ranges::count(message, '\n'), 0);
}

TEST_F(CheckpointFilesTest, AnUnreadableFileIsNotTakenForAMissingOne) {
  write_up_to(1);
  CheckpointFiles files(stem());
  const FileFaultsScope faults({.folder = file(1), .fail_at = 0});
  EXPECT_THAT(message_of<Error>([&] { files.read(); }), HasSubstr("Input/output error"));
}

TEST_F(CheckpointFilesTest, AFailedWriteLeavesBothStates) {
  write_up_to(2);
  CheckpointFiles files(stem());
  EXPECT_EQ(read(files), 2);
  {
    const FileFaultsScope full({.folder = folder_.path().string(),
                                .fail_at = 1,
                                .lasting = true,
                                .only_writes = true,
                                .reason = ENOSPC});
    EXPECT_THAT(message_of<Error>([&] { write(files, 3); }), HasSubstr("No space left"));
  }
  EXPECT_EQ(read(files), 2);
  write(files, 3);
  EXPECT_EQ(read(files), 3);
}

TEST_F(CheckpointFilesTest, AFileOfSomebodyElseIsRefused) {
  const std::vector<double> values = {1};
  const StoredTensor tensor = stored("number", {1}, values);
  write_safetensors(file(1), std::span(&tensor, 1), {{"generation", "9"}});
  CheckpointFiles files(stem());
  EXPECT_THAT(message_of<Error>([&] { files.read(); }), HasSubstr("is no checkpoint of tailgrad"));
}

}  // namespace
}  // namespace tailgrad
