#include <tailgrad/core/atomic_file.h>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <support/temporary_folder.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <support/messages.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/file_calls.h>

namespace tailgrad {
namespace {

using tailgrad::test::message_of;
using tailgrad::test::slurp;
using tailgrad::test::spill;
using tailgrad::test::TemporaryFolder;
using ::testing::HasSubstr;

// Counts the calls that can fail and makes one of them do so.
struct Plan {
  int fail_at = -1;
  int reason = 0;
  int calls = 0;
  bool fired = false;
  bool short_transfers = false;
  int interrupts_each = 0;  // EINTR before every call that is repeated
  int pending = 0;
} plan;

bool refused() {
  if (plan.interrupts_each > 0) {
    if (plan.pending-- > 0) {
      errno = EINTR;
      return true;
    }
    plan.pending = plan.interrupts_each;
  }
  if (plan.calls++ != plan.fail_at) return false;
  plan.fired = true;
  errno = plan.reason;
  return true;
}

std::size_t cut(std::size_t size) {
  return plan.short_transfers ? std::min<std::size_t>(size, 3) : size;
}

const FileCalls kFaulty{
    .open =
        [](const char* path, int flags, unsigned mode) {
          return refused() ? -1 : system_file_calls().open(path, flags, mode);
        },
    .read =
        [](int file, void* into, std::size_t size) {
          return refused() ? ssize_t{-1} : system_file_calls().read(file, into, cut(size));
        },
    .write =
        [](int file, const void* from, std::size_t size) {
          return refused() ? ssize_t{-1} : system_file_calls().write(file, from, cut(size));
        },
    .truncate = [](int file, off_t size) { return system_file_calls().truncate(file, size); },
    .sync = [](int file) { return refused() ? -1 : system_file_calls().sync(file); },
    .close = [](int file) { return system_file_calls().close(file); },
    .rename = [](const char* from,
                 const char* to) { return refused() ? -1 : system_file_calls().rename(from, to); },
    .unlink = [](const char* path) { return system_file_calls().unlink(path); },
    .mkdir = [](const char* path, unsigned mode) { return system_file_calls().mkdir(path, mode); },
};

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
    const FileCallsScope scope(kFaulty);
    bool fired = true;
    for (int call = 0; fired; ++call) {
      const TemporaryFolder folder;
      const std::string path = folder.at("a");
      spill(path, "old content");
      plan = {.fail_at = call, .reason = reason, .short_transfers = true};
      std::string message;
      try {
        write_file(path, "new content");
      } catch (const Error& error) {
        message = error.what();
      }
      fired = plan.fired;
      ASSERT_EQ(folder.entries(), 1u) << "temporary left after call " << call;
      const std::string now = slurp(path);
      if (message.empty()) {
        ASSERT_EQ(now, "new content") << call;
        // Only syncing the folder may be impossible without harm.
        ASSERT_TRUE(!fired || reason == EROFS) << call;
      } else {
        ASSERT_THAT(message, HasSubstr(path + ": cannot "));
        ASSERT_THAT(message, HasSubstr(std::strerror(reason)));
        ASSERT_TRUE(now == "old content" || now == "new content") << now;
      }
      ASSERT_LT(call, 50);
    }
    EXPECT_GE(plan.calls, 8);  // open, 4 short writes, sync, rename, folder open and sync
  }
}

TEST(WriteFile, GoesOnAfterSignalsAndShortWrites) {
  const TemporaryFolder folder;
  const FileCallsScope scope(kFaulty);
  plan = {.short_transfers = true, .interrupts_each = 2};
  const std::string text(1000, 'x');
  write_file(folder.at("a"), text);
  append_line(folder.at("a"), "tail");
  const std::vector<std::byte> bytes = read_file(folder.at("a"));
  EXPECT_EQ(bytes.size(), text.size() + 6);
  EXPECT_EQ(slurp(folder.at("a")), text + "\ntail\n");
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
            folder.at("none") + ": cannot read: No such file or directory");
  EXPECT_EQ(message_of<Error>([&] { read_file(folder.path().string()); }),
            folder.path().string() + ": cannot read: Is a directory");
  spill(folder.at("a"), "content");
  const FileCallsScope scope(kFaulty);
  plan = {.fail_at = 1, .reason = EIO};
  EXPECT_EQ(message_of<Error>([&] { read_file(folder.at("a")); }),
            folder.at("a") + ": cannot read: Input/output error");
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
    const FileCallsScope scope(kFaulty);
    bool fired = true;
    for (int call = 0; fired; ++call) {
      const TemporaryFolder folder;
      spill(folder.at("log"), "one\n");
      plan = {.fail_at = call, .reason = reason, .short_transfers = true};
      try {
        append_line(folder.at("log"), "a second line");
        ASSERT_FALSE(plan.fired);
      } catch (const Error& error) {
        ASSERT_EQ(error.what(), folder.at("log") + ": cannot write: " + std::strerror(reason));
        ASSERT_EQ(slurp(folder.at("log")), "one\n") << call;
      }
      fired = plan.fired;
    }
  }
}

TEST(KeepLines, DropsTheRest) {
  const TemporaryFolder folder;
  spill(folder.at("log"), "1\n2\n3\n4");
  keep_lines(folder.at("log"), 3);
  EXPECT_EQ(slurp(folder.at("log")), "1\n2\n3\n");
  keep_lines(folder.at("log"), 3);
  EXPECT_EQ(slurp(folder.at("log")), "1\n2\n3\n");
  EXPECT_EQ(message_of<Error>([&] { keep_lines(folder.at("log"), 4); }),
            folder.at("log") + ": needs 4 whole lines, has 3");
  keep_lines(folder.at("log"), 0);
  EXPECT_EQ(slurp(folder.at("log")), "");
}

}  // namespace
}  // namespace tailgrad
