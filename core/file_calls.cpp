#include <tailgrad/core/file_calls.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>

namespace tailgrad {
namespace {

constexpr FileCalls kSystem{
    .open = [](const char* path, int flags, unsigned mode) { return ::open(path, flags, mode); },
    .read = ::read,
    .write = ::write,
    .truncate = ::ftruncate,
    .sync = ::fsync,
    .close = ::close,
    .rename = ::rename,
    .unlink = ::unlink,
    .mkdir = [](const char* path, unsigned mode) { return ::mkdir(path, mode); },
};

thread_local const FileCalls* current = &kSystem;

}  // namespace

const FileCalls& system_file_calls() {
  return kSystem;
}
const FileCalls& file_calls() {
  return *current;
}

FileCallsScope::FileCallsScope(const FileCalls& calls) : previous_(current) {
  current = &calls;
}
FileCallsScope::~FileCallsScope() {
  current = previous_;
}

}  // namespace tailgrad
