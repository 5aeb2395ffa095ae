// `tailgrad compare` on a disk that fills up and on one that becomes read-only: a real file system,
// made for the test.
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/run_program.h"
#include "cli/train_data.h"

namespace tailgrad::test {
namespace {

using ::testing::HasSubstr;

// The grid in tmpfs folders of growing size, then read-only, then with room. One line a sitting:
// what, exit status, finished cells, and what was said.
constexpr const char* kScript = R"SH(
set -u
disk=$1/disk program=$2 train=$3
shift 3
mount -t tmpfs -o size=4k none "$disk" || exit 77
sitting() {
  "$program" compare "$train" --task table --model mlp:hidden=4 --losses 'ce;la:tau=1;focal' \
    --seeds 2 --epochs 2 --bootstrap 20 --quiet --threads 1 --out "$disk/out" >/dev/null 2>"$disk.err"
  status=$?
  printf '%s\t%s\t%s\t%s\n' "$1" "$status" "$(ls "$disk/out/cells" 2>/dev/null | grep -c 'json$')" \
    "$(head -1 "$disk.err")"
}
for size in 16 32 48 64 80; do
  mount -o remount,size=${size}k none "$disk"
  sitting full
done
mount -o remount,size=50m,ro none "$disk"
sitting read-only
mount -o remount,size=50m,rw none "$disk"
sitting room
cp "$disk/out/result.json" "$disk.json"
umount "$disk"
)SH";

TEST(CompareOnABadDisk, LosesNoFinishedCell) {
  if (std::system("unshare -rm true 2>/dev/null") != 0)
    GTEST_SKIP() << "this user may not mount a file system of its own";
  const TemporaryFolder folder;
  spill(folder.at("numbers.csv"), numbers_csv(200, 3));
  spill(folder.at("script"), kScript);
  std::filesystem::create_directory(folder.at("disk"));
  const std::string call = "unshare -rm bash '" + folder.at("script") + "' '" +
                           folder.path().string() + "' '" + TAILGRAD_PROGRAM + "' '" +
                           folder.at("numbers.csv") + "' > '" + folder.at("lines") + "'";
  const int status = std::system(call.c_str());
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "tmpfs cannot be mounted";
  ASSERT_EQ(status, 0);
  int full = 0;
  int cells_before = 0;
  int cells_of_a_full_disk = 0;
  bool room = false;
  std::istringstream lines(slurp(folder.at("lines")));
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string what, code, cells, error;
    std::getline(words, what, '\t');
    std::getline(words, code, '\t');
    std::getline(words, cells, '\t');
    std::getline(words, error);
    EXPECT_GE(std::stoi(cells), cells_before) << line;
    cells_before = std::stoi(cells);
    if (what == "room") {
      room = true;
      EXPECT_EQ(code, "0") << line;
      continue;
    }
    EXPECT_EQ(code, "2") << line;
    EXPECT_THAT(error, HasSubstr(what == "full" ? "No space left" : "Read-only")) << line;
    if (what == "full") ++full;
    if (what == "full" && cells_before > 0) ++cells_of_a_full_disk;
  }
  EXPECT_EQ(full, 5);
  EXPECT_GT(cells_of_a_full_disk, 1) << "the disk was never full in the middle of the grid";
  EXPECT_TRUE(room);

  const Ran whole =
      run_program({"compare", folder.at("numbers.csv"), "--task", "table", "--model",
                   "mlp:hidden=4", "--losses", "ce;la:tau=1;focal", "--seeds", "2", "--epochs", "2",
                   "--bootstrap", "20", "--quiet", "--threads", "1", "--out", folder.at("whole")});
  ASSERT_EQ(whole.status, 0) << whole.err;
  EXPECT_EQ(slurp(folder.at("disk.json")), slurp(folder.at("whole/result.json")));
}

}  // namespace
}  // namespace tailgrad::test
