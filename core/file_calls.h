// The system calls under every file operation, replaceable by tests.
#pragma once

#include <sys/types.h>

#include <cstddef>

namespace tailgrad {

/// One pointer for each system call that core's file functions make; same contracts as the
/// functions of <unistd.h> and <fcntl.h>: -1 and errno for a failure.
struct FileCalls {
  int (*open)(const char* path, int flags, unsigned mode);
  ssize_t (*read)(int file, void* into, std::size_t size);
  ssize_t (*write)(int file, const void* from, std::size_t size);
  int (*truncate)(int file, off_t size);
  int (*sync)(int file);
  int (*close)(int file);
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
  int (*mkdir)(const char* path, unsigned mode);
};

/// The calls of the operating system.
const FileCalls& system_file_calls();
/// What this thread uses now: those of the innermost FileCallsScope, or the system's.
const FileCalls& file_calls();

/// Test hook: makes the calling thread use `calls` (which must outlive the scope).
class FileCallsScope {
 public:
  explicit FileCallsScope(const FileCalls& calls);
  ~FileCallsScope();
  FileCallsScope(const FileCallsScope&) = delete;
  FileCallsScope& operator=(const FileCallsScope&) = delete;

 private:
  const FileCalls* previous_;
};

}  // namespace tailgrad
