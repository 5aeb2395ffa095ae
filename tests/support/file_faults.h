// Faults in the system calls under every file operation.
//
// file_faults.cpp defines open, write, fsync, … in front of those of the C library. Linked into a
// test program it is told what to do through file_faults(); built as a library of its own and named
// in LD_PRELOAD it makes a whole program fail that knows nothing of it, as the environment says.
#pragma once

#include <cerrno>
#include <string>

namespace tailgrad::test {

/// What happens to calls about files below `folder`; no other call counts.
struct FileFaults {
  std::string folder = {};   ///< empty: nothing happens
  int fail_at = -1;          ///< which call fails, from 0; -1: none
  bool lasting = false;      ///< and every one after it
  bool only_writes = false;  ///< calls count that change something: all but reading, stat, close
  int reason = EIO;          ///< its errno
  bool short_transfers = false;  ///< read and write move at most 3 bytes a call
  bool interrupts = false;       ///< every second call that may be interrupted says EINTR

  int calls = 0;            ///< so far
  std::string failed = {};  ///< the first call that failed: "fsync /tmp/a"; empty: none has
};

FileFaults& file_faults();

/// While it lives, these faults happen to this program.
class FileFaultsScope {
 public:
  explicit FileFaultsScope(FileFaults faults) { file_faults() = std::move(faults); }
  ~FileFaultsScope() { file_faults() = {}; }
  FileFaultsScope(const FileFaultsScope&) = delete;
  FileFaultsScope& operator=(const FileFaultsScope&) = delete;
};

}  // namespace tailgrad::test
