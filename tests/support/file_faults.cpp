#include <support/file_faults.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <mutex>

namespace tailgrad::test {
namespace {

enum class Kind { kRead, kWrite, kStat, kClose };

std::recursive_mutex mutex;

// Paths of the open files that count, by descriptor.
std::array<std::string, 1024>& open_files() {
  static auto* const files = new std::array<std::string, 1024>;  // calls may come after main
  return *files;
}

std::string path_of(int file) {
  const std::lock_guard lock(mutex);
  return file >= 0 && file < 1024 ? open_files()[static_cast<std::size_t>(file)] : "";
}

void remember(int file, const std::string& path) {
  const std::lock_guard lock(mutex);
  if (file >= 0 && file < 1024) open_files()[static_cast<std::size_t>(file)] = path;
}

bool counts(const std::string& path) {
  const std::string& folder = file_faults().folder;
  if (folder.empty() || path.empty()) return false;
  return folder == "." ? path.front() != '/' : path.starts_with(folder);
}

// Whether this call fails; errno then says why.
bool fails(const char* call, const std::string& path, Kind kind) {
  if (!counts(path)) return false;
  const std::lock_guard lock(mutex);
  FileFaults& faults = file_faults();
  if (faults.only_writes && kind != Kind::kWrite) return false;
  const int number = faults.calls++;
  if (faults.fail_at < 0 || number < faults.fail_at) return false;
  if (number > faults.fail_at && !faults.lasting) return false;
  if (faults.failed.empty()) faults.failed = std::string(call) + " " + path;
  errno = faults.reason;
  return true;
}

bool interrupted(const std::string& path) {
  if (!counts(path) || !file_faults().interrupts) return false;
  const std::lock_guard lock(mutex);
  static bool again = false;
  again = !again;
  if (again) errno = EINTR;
  return again;
}

std::size_t cut(const std::string& path, std::size_t size) {
  return counts(path) && file_faults().short_transfers ? std::min<std::size_t>(size, 3) : size;
}

// The C library's own.
template <class Function>
Function* real(Function*, const char* name) {
  void* const found = ::dlsym(RTLD_NEXT, name);
  return reinterpret_cast<Function*>(found);
}
#define REAL(name) real(&::name, #name)

const char* text_of(const char* variable) {
  const char* const text = std::getenv(variable);
  return text != nullptr ? text : "";
}

FileFaults faults_of_environment() {
  const char* const at = text_of("TAILGRAD_FAULT_AT");
  return {.folder = text_of("TAILGRAD_FAULT_FOLDER"),
          .fail_at = *at != '\0' ? std::atoi(at) : -1,
          .reason = std::atoi(text_of("TAILGRAD_FAULT_ERRNO")),
          .short_transfers = *text_of("TAILGRAD_FAULT_SHORT") != '\0',
          .interrupts = *text_of("TAILGRAD_FAULT_INTERRUPTS") != '\0'};
}

// Tells the test how many calls there were, and which one failed.
struct Reporter {
  ~Reporter() {
    const char* const report = text_of("TAILGRAD_FAULT_REPORT");
    if (*report == '\0') return;
    const std::string text =
        std::to_string(file_faults().calls) + "\n" + file_faults().failed + "\n";
    file_faults().folder.clear();
    const int file = ::open(report, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (::write(file, text.data(), text.size()) < 0) ::_exit(99);
    ::close(file);
  }
} reporter;

}  // namespace

FileFaults& file_faults() {
  static auto* const faults = new FileFaults(faults_of_environment());
  return *faults;
}

}  // namespace tailgrad::test

using namespace tailgrad::test;

extern "C" {

int open(const char* path, int flags, ...) {
  std::va_list rest;
  va_start(rest, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : 0;
  va_end(rest);
  const bool changes = (flags & (O_WRONLY | O_RDWR | O_CREAT)) != 0;
  if (interrupted(path) || fails("open", path, changes ? Kind::kWrite : Kind::kRead)) return -1;
  const int file = REAL(open)(path, flags, mode);
  if (file >= 0 && counts(path)) remember(file, path);
  return file;
}

ssize_t read(int file, void* into, std::size_t size) {
  const std::string path = path_of(file);
  if (interrupted(path) || fails("read", path, Kind::kRead)) return -1;
  return REAL(read)(file, into, cut(path, size));
}

ssize_t pread(int file, void* into, std::size_t size, off_t at) {
  const std::string path = path_of(file);
  if (interrupted(path) || fails("pread", path, Kind::kRead)) return -1;
  return REAL(pread)(file, into, cut(path, size), at);
}

ssize_t write(int file, const void* from, std::size_t size) {
  const std::string path = path_of(file);
  if (interrupted(path) || fails("write", path, Kind::kWrite)) return -1;
  return REAL(write)(file, from, cut(path, size));
}

// What counts is not really synced: nothing crashes here, and it would take most of the time.
int fsync(int file) {
  const std::string path = path_of(file);
  if (interrupted(path) || fails("fsync", path, Kind::kWrite)) return -1;
  return path.empty() ? REAL(fsync)(file) : 0;
}

int ftruncate(int file, off_t size) noexcept {
  const std::string path = path_of(file);
  if (interrupted(path) || fails("ftruncate", path, Kind::kWrite)) return -1;
  return REAL(ftruncate)(file, size);
}

// A close that fails has released the descriptor all the same.
int close(int file) {
  const std::string path = path_of(file);
  remember(file, "");
  const int result = REAL(close)(file);
  return interrupted(path) || fails("close", path, Kind::kClose) ? -1 : result;
}

int rename(const char* from, const char* to) noexcept {
  return fails("rename", to, Kind::kWrite) ? -1 : REAL(rename)(from, to);
}

// A full disk lets files go.
int unlink(const char* path) noexcept {
  const bool full = file_faults().reason == ENOSPC;
  return !full && fails("unlink", path, Kind::kWrite) ? -1 : REAL(unlink)(path);
}

int mkdir(const char* path, mode_t mode) noexcept {
  return fails("mkdir", path, Kind::kWrite) ? -1 : REAL(mkdir)(path, mode);
}

int stat(const char* path, struct stat* into) noexcept {
  return fails("stat", path, Kind::kStat) ? -1 : REAL(stat)(path, into);
}

int fstat(int file, struct stat* into) noexcept {
  return fails("fstat", path_of(file), Kind::kStat) ? -1 : REAL(fstat)(file, into);
}

}  // extern "C"
