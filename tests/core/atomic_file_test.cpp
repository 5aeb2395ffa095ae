#include <tailgrad/core/atomic_file.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <support/temporary_folder.h>

#include <cerrno>
#include <cstring>

#include <support/file_faults.h>
#include <support/messages.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

using tailgrad::test::file_faults;
using tailgrad::test::FileFaultsScope;
using tailgrad::test::message_of;
using tailgrad::test::slurp;
using tailgrad::test::spill;
using tailgrad::test::TemporaryFolder;
using ::testing::HasSubstr;

// Makes the calls about `folder` fail in turn, the first one first, until `act(folder, failed)` has
// run with none that failed; `failed` tells which one did.
template <class Act>
int for_every_fault(int reason, Act act) {
  for (int call = 0;; ++call) {
    const TemporaryFolder folder;
    spill(folder.at("a"), "old\n");
    const FileFaultsScope faults({.folder = folder.path().string(),
                                  .fail_at = call,
                                  .reason = reason,
                                  .short_transfers = true});
    act(folder.at("a"));
    if (file_faults().failed.empty()) return call;
    EXPECT_EQ(folder.entries(), 1u) << "left behind after " << file_faults().failed;
  }
}

TEST(WriteFile, CreatesAndReplaces) {
  const TemporaryFolder folder;
  const std::string path = folder.at("a.json");
  write_file(path, "one");
  EXPECT_EQ(slurp(path), "one");
  write_file(path, "");
  EXPECT_EQ(slurp(path), "");
  EXPECT_EQ(folder.entries(), 1u);
}

TEST(WriteFile, FollowsASymbolicLink) {
  const TemporaryFolder folder;
  spill(folder.at("real"), "old");
  std::filesystem::create_symlink(folder.at("real"), folder.at("link"));
  write_file(folder.at("link"), "new");
  EXPECT_EQ(slurp(folder.at("real")), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder.at("link")));
}

TEST(WriteFile, SaysWhyItCannot) {
  const TemporaryFolder folder;
  EXPECT_THAT(
      message_of<Error>([&] { write_file(folder.at("no/such/file"), "x"); }),
      HasSubstr("no/such/file: cannot write: No such file or directory; create the folder"));
  EXPECT_THAT(message_of<Error>([&] { write_file(folder.path().string(), "x"); }),
              HasSubstr("is a directory"));
  EXPECT_THAT(message_of<Error>([&] { write_file("/dev/null", "x"); }),
              HasSubstr("/dev/null: cannot write: is not a regular file"));
}

TEST(WriteFile, EveryFaultLeavesTheOldFileOrTheNewOne) {
  for (const int reason : {ENOSPC, EIO, EROFS}) {
    const int calls = for_every_fault(reason, [&](const std::string& path) {
      std::string message;
      try {
        write_file(path, "new content");
      } catch (const Error& error) {
        message = error.what();
      }
      const std::string& failed = file_faults().failed;
      const std::string now = slurp(path);
      if (message.empty()) {
        EXPECT_EQ(now, "new content") << failed;
        // What may fail without harm: looking whether there is a file, syncing a folder that cannot
        // be synced, closing it.
        const std::string folder = path.substr(0, path.rfind('/'));
        EXPECT_TRUE(failed.empty() || failed.starts_with("stat ") || failed == "close " + folder ||
                    (failed == "fsync " + folder && reason == EROFS))
            << failed;
      } else {
        EXPECT_THAT(message, HasSubstr(path + ": cannot "));
        EXPECT_THAT(message, HasSubstr(std::strerror(reason)));
        EXPECT_TRUE(now == "old\n" || now == "new content") << failed << ": " << now;
      }
    });
    EXPECT_EQ(calls,
              12);  // stat, open, 4 writes, fsync, close, rename; of the folder open, fsync, close
  }
}

TEST(WriteFile, GoesOnAfterSignalsAndShortWrites) {
  const TemporaryFolder folder;
  const FileFaultsScope faults(
      {.folder = folder.path().string(), .short_transfers = true, .interrupts = true});
  const std::string text(1000, 'x');
  write_file(folder.at("a"), text);
  append_line(folder.at("a"), "tail");
  EXPECT_TRUE(create_file(folder.at("b"), text));
  const std::vector<std::byte> bytes = read_file(folder.at("a"));
  EXPECT_EQ(bytes.size(), text.size() + 6);
  EXPECT_EQ(slurp(folder.at("a")), text + "\ntail\n");
  EXPECT_EQ(slurp(folder.at("b")), text);
}

TEST(ReadFile, GivesTheBytes) {
  const TemporaryFolder folder;
  std::string text(10000, 'a');
  text[4321] = '\0';
  spill(folder.at("a"), text);
  const std::vector<std::byte> bytes = read_file(folder.at("a"));
  ASSERT_EQ(bytes.size(), text.size());
  EXPECT_EQ(std::memcmp(bytes.data(), text.data(), text.size()), 0);
  spill(folder.at("empty"), "");
  EXPECT_TRUE(read_file(folder.at("empty")).empty());
}

TEST(ReadFile, SaysWhyItCannot) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of<Error>([&] { read_file(folder.at("none")); }),
            folder.at("none") + ": there is no such file");
  EXPECT_EQ(message_of<Error>([&] { read_file(folder.path().string()); }),
            folder.path().string() + ": is a folder; a file is needed");
  spill(folder.at("a"), "content");
  for (int call = 0; call < 3; ++call) {  // open, fstat, read
    const FileFaultsScope faults({.folder = folder.path().string(), .fail_at = call});
    EXPECT_EQ(message_of<Error>([&] { read_file_if_there(folder.at("a")); }),
              folder.at("a") + ": cannot be read: Input/output error");
  }
  EXPECT_EQ(read_file_if_there(folder.at("none")), std::nullopt);
}

TEST(AppendLine, AddsWholeLines) {
  const TemporaryFolder folder;
  append_line(folder.at("log"), "one");
  append_line(folder.at("log"), "two");
  EXPECT_EQ(slurp(folder.at("log")), "one\ntwo\n");
  EXPECT_THAT(message_of<Error>([&] { append_line(folder.at("log"), "a\nb"); }),
              HasSubstr("without a newline"));
}

TEST(AppendLine, KeepsATornLineApart) {
  const TemporaryFolder folder;
  spill(folder.at("log"), "one\nto");
  append_line(folder.at("log"), "three");
  EXPECT_EQ(slurp(folder.at("log")), "one\nto\nthree\n");
}

TEST(AppendLine, AFaultLeavesTheFileAsItWas) {
  for (const int reason : {ENOSPC, EIO}) {
    const int calls = for_every_fault(reason, [&](const std::string& path) {
      try {
        append_line(path, "a second line");
        EXPECT_EQ(file_faults().failed, "");
      } catch (const Error& error) {
        const std::string& failed = file_faults().failed;
        EXPECT_EQ(error.what(), path + ": cannot write: " + std::strerror(reason)) << failed;
        // The data is synced before the file is closed: then it is there.
        const bool closing = failed.starts_with("close ");
        EXPECT_EQ(slurp(path), closing ? "old\na second line\n" : "old\n") << failed;
      }
    });
    EXPECT_EQ(calls, 10);  // open, fstat, pread, 5 writes, fsync, close
  }
}

TEST(CreateFile, IsForOneOnlyAndAFaultLeavesNothing) {
  const TemporaryFolder folder;
  EXPECT_TRUE(create_file(folder.at("claim"), "mine"));
  EXPECT_FALSE(create_file(folder.at("claim"), "yours"));
  EXPECT_EQ(slurp(folder.at("claim")), "mine");
  remove_file(folder.at("claim"));
  remove_file(folder.at("claim"));
  const int calls = for_every_fault(ENOSPC, [&](const std::string& path) {
    const std::string claim = path + ".claim";
    try {
      EXPECT_TRUE(create_file(claim, "mine"));
      EXPECT_EQ(file_faults().failed, "");
      file_faults().folder.clear();
      remove_file(claim);
    } catch (const Error& error) {
      EXPECT_EQ(error.what(), claim + ": cannot write: No space left on device");
    }
  });
  EXPECT_EQ(calls, 4);  // open, 2 writes, close
}

TEST(Leftovers, OfKilledProcessesAreRemovedWhenTheyAreOld) {
  const TemporaryFolder folder;
  spill(folder.at(".tailgrad-1-0.tmp"), "half a");
  spill(folder.at("result.json"), "{}");
  remove_leftovers(folder.path().string(), 3600);
  EXPECT_EQ(folder.entries(), 2u);
  remove_leftovers(folder.path().string(), 0);
  EXPECT_EQ(folder.entries(), 1u);
  remove_leftovers(folder.at("none"), 0);
}

}  // namespace
}  // namespace tailgrad
