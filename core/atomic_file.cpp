#include <tailgrad/core/atomic_file.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <utility>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail_with(const std::string& path, std::string_view what, int reason) {
  std::string text = "cannot " + std::string(what) + ": " + std::generic_category().message(reason);
  if (reason == ENOENT) text += "; create the folder first";
  fail_at(path, 0, 0, text);
}

[[noreturn]] void fail_to_read(const std::string& path, int reason) {
  if (reason == EISDIR) fail_at(path, 0, 0, "is a folder; a file is needed");
  fail_at(path, 0, 0, "cannot be read: " + std::generic_category().message(reason));
}

// Repeats a call that a signal interrupted.
template <class Call>
auto retried(Call call) {
  for (;;) {
    const auto result = call();
    if (result != -1 || errno != EINTR) return result;
  }
}

// An open file. A failing call throws Error about `path`; the destructor closes what is still open.
class OpenFile {
 public:
  OpenFile(const std::string& path, int descriptor) : path_(path), descriptor_(descriptor) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  void write(std::span<const std::byte> bytes) {
    // Linux writes at most 2 GiB a call; a smaller piece also keeps Ctrl-C answering.
    constexpr std::size_t kMost = std::size_t{1} << 28;
    while (!bytes.empty()) {
      const ssize_t written = retried(
          [&] { return ::write(descriptor_, bytes.data(), std::min(bytes.size(), kMost)); });
      if (written < 0) fail_with(path_, "write", errno);
      if (written == 0) fail_with(path_, "write", ENOSPC);
      bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
  }
  void sync() {
    if (retried([&] { return ::fsync(descriptor_); }) < 0) fail_with(path_, "write", errno);
  }
  void close() {
    const int descriptor = std::exchange(descriptor_, -1);
    // Linux has released the descriptor even when it says EINTR, and sync() has seen the data off.
    if (::close(descriptor) < 0 && errno != EINTR) fail_with(path_, "write", errno);
  }
  int descriptor() const { return descriptor_; }

 private:
  const std::string& path_;
  int descriptor_;
};

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// The file that a chain of symbolic links means; refuses what a rename would destroy.
std::string resolved(const std::string& path) {
  std::error_code code;
  const auto status = fs::status(path, code);
  if (!fs::exists(status)) return path;
  if (fs::is_directory(status)) fail_at(path, 0, 0, "cannot write: is a directory");
  if (!fs::is_regular_file(status)) fail_at(path, 0, 0, "cannot write: is not a regular file");
  return fs::is_symlink(path, code) ? fs::canonical(path).string() : path;
}

constexpr std::string_view kTemporary = ".tailgrad-";

struct Temporary {
  std::string name;
  int descriptor;
};

Temporary create_temporary(const std::string& path, const std::string& folder) {
  static std::atomic<unsigned> counter{0};
  for (int attempt = 0;; ++attempt) {
    std::string name = folder + "/" + std::string(kTemporary) + std::to_string(::getpid()) + "-" +
                       std::to_string(counter++) + ".tmp";
    const int descriptor = retried(
        [&] { return ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
    if (descriptor >= 0) return {std::move(name), descriptor};
    // EEXIST: left by a killed process that had the same number.
    if (errno != EEXIST || attempt == 100) fail_with(path, "write", errno);
  }
}

}  // namespace

std::optional<std::vector<std::byte>> read_file_if_there(const std::string& path) {
  const int descriptor = retried([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); });
  if (descriptor < 0 && errno == ENOENT) return std::nullopt;
  if (descriptor < 0) fail_to_read(path, errno);
  OpenFile file(path, descriptor);
  struct stat status {};
  if (::fstat(descriptor, &status) < 0) fail_to_read(path, errno);
  if (S_ISDIR(status.st_mode)) fail_to_read(path, EISDIR);

  std::vector<std::byte> bytes;
  if (S_ISREG(status.st_mode)) bytes.resize(static_cast<std::size_t>(status.st_size));
  std::size_t size = 0;
  for (;;) {
    // Room beyond the expected end finds a file that grows, and feeds from a pipe.
    if (size == bytes.size()) bytes.resize(size + std::max<std::size_t>(size / 2, 4096));
    const ssize_t got =
        retried([&] { return ::read(descriptor, bytes.data() + size, bytes.size() - size); });
    if (got < 0) fail_to_read(path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  bytes.resize(size);
  return bytes;
}

std::vector<std::byte> read_file(const std::string& path) {
  std::optional<std::vector<std::byte>> bytes = read_file_if_there(path);
  if (!bytes) fail_at(path, 0, 0, "there is no such file");
  return std::move(*bytes);
}

std::string read_text(const std::string& path) {
  const std::vector<std::byte> bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void write_file(const std::string& path, std::span<const std::span<const std::byte>> pieces) {
  const std::string target = resolved(path);
  const std::string folder = folder_of(target);
  const auto [name, descriptor] = create_temporary(path, folder);
  try {
    OpenFile file(path, descriptor);
    for (const auto piece : pieces) file.write(piece);
    file.sync();
    file.close();
    if (retried([&] { return ::rename(name.c_str(), target.c_str()); }) < 0)
      fail_with(path, "write", errno);
  } catch (...) {
    ::unlink(name.c_str());
    throw;
  }
  sync_folder(path, folder);
}

void write_file(const std::string& path, std::string_view text) {
  const std::span<const std::byte> piece = std::as_bytes(std::span(text));
  write_file(path, std::span(&piece, 1));
}

void append_line(const std::string& path, std::string_view line) {
  if (line.find('\n') != std::string_view::npos)
    fail("append_line", "needs a line without a newline inside");
  const int descriptor =
      retried([&] { return ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0666); });
  if (descriptor < 0) fail_with(path, "write", errno);
  OpenFile file(path, descriptor);
  struct stat status {};
  if (::fstat(descriptor, &status) < 0) fail_with(path, "write", errno);
  std::string text;
  if (status.st_size > 0) {
    char last = '\n';
    if (retried([&] { return ::pread(descriptor, &last, 1, status.st_size - 1); }) < 0)
      fail_with(path, "write", errno);
    if (last != '\n') text += '\n';
  }
  text.append(line).append("\n");
  try {
    file.write(std::as_bytes(std::span(text)));
    file.sync();
  } catch (...) {
    retried([&] { return ::ftruncate(descriptor, status.st_size); });
    throw;
  }
  file.close();
  if (status.st_size == 0) sync_folder(path, folder_of(path));
}

bool create_file(const std::string& path, std::string_view text) {
  const int descriptor =
      retried([&] { return ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); });
  if (descriptor < 0 && errno == EEXIST) return false;
  if (descriptor < 0) fail_with(path, "write", errno);
  try {
    OpenFile file(path, descriptor);
    file.write(std::as_bytes(std::span(text)));
    file.close();
  } catch (...) {
    remove_file(path);
    throw;
  }
  return true;
}

void remove_file(const std::string& path) {
  ::unlink(path.c_str());
}

void sync_folder(const std::string& path, const std::string& folder) {
  const int descriptor =
      retried([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); });
  if (descriptor < 0) fail_with(path, "sync its folder", errno);
  OpenFile file(path, descriptor);
  const int result = retried([&] { return ::fsync(descriptor); });
  // Some file systems cannot sync folders and say so: nothing better can be done there.
  if (result < 0 && errno != EINVAL && errno != ENOTSUP && errno != EROFS)
    fail_with(path, "sync its folder", errno);
}

void remove_leftovers(const std::string& folder, double seconds) {
  const auto now = fs::file_time_type::clock::now();
  std::error_code code;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, code)) {
    if (!entry.path().filename().string().starts_with(kTemporary)) continue;
    const auto written = entry.last_write_time(code);
    if (!code && std::chrono::duration<double>(now - written).count() >= seconds)
      remove_file(entry.path().string());
  }
}

}  // namespace tailgrad
