#include <tailgrad/study/claims.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <optional>
#include <system_error>

#include <nlohmann/json.hpp>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

using nlohmann::json;

constexpr double kUnsignedSeconds = 5;

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// When a process started, in clock ticks since boot: tells a process from a later one of the same
// number. Empty where /proc does not say.
std::string start_of(long pid) {
  const std::string line = first_line("/proc/" + std::to_string(pid) + "/stat");
  std::size_t at = line.rfind(')');  // the name before it may hold anything
  for (int field = 3; at != std::string::npos && field <= 22; ++field) at = line.find(' ', at + 1);
  if (at == std::string::npos) return "";
  return line.substr(at + 1, line.find(' ', at + 1) - at - 1);
}

// Where process numbers mean the same: machine, boot and process namespace.
std::string place() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  char space[64] = {};
  if (::readlink("/proc/self/ns/pid", space, sizeof space - 1) < 0) space[0] = '\0';
  return std::string(host) + " " + first_line("/proc/sys/kernel/random/boot_id") + " " + space;
}

bool is_dead(const json& owner) {
  if (!owner.is_object() || owner.value("place", "") != place()) return false;
  const long pid = owner.value("pid", 0L);
  if (pid <= 0) return false;
  if (::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH) return true;
  const std::string start = start_of(pid);
  return !start.empty() && owner.value("start", "") != start;
}

double seconds_of(const timespec& time) {
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// Seconds since the file was changed by the clock of the file system, which several machines share:
// that of a file changed now in the same folder. None: the file is gone.
std::optional<double> age_of(const std::string& path) {
  struct stat claim {};
  if (::stat(path.c_str(), &claim) != 0) return std::nullopt;
  const std::string probe = path + "." + std::to_string(::getpid()) + ".clock";
  create_file(probe, "");
  struct stat now {};
  const int got = ::stat(probe.c_str(), &now);
  remove_file(probe);
  if (got != 0) return 0.0;
  return seconds_of(now.st_mtim) - seconds_of(claim.st_mtim);
}

bool is_stale(const std::string& path, double stale_seconds) {
  const std::optional<double> age = age_of(path);
  if (!age) return true;
  if (*age > stale_seconds) return true;
  try {
    const std::vector<std::byte> bytes = read_file(path);
    // Its worker died between making the file and writing its name into it.
    if (bytes.empty()) return *age > kUnsignedSeconds;
    const auto* text = reinterpret_cast<const char*>(bytes.data());
    return is_dead(json::parse(text, text + bytes.size(), nullptr, false));
  } catch (const Error&) {
    return false;  // gone in between, or unreadable for now: look again later
  }
}

}  // namespace

Claims::Claims(ClaimOptions options) : options_(options), heart_([this] { renew(); }) {}

Claims::~Claims() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  wake_.notify_all();
  heart_.join();
  for (const std::string& path : held_) remove_file(path);
}

Claims::Turn Claims::turn(const std::string& path, const std::function<bool()>& done) {
  if (done()) return Turn::done;
  if (!take(path)) return Turn::others;
  if (!done()) return Turn::ours;
  release(path);
  return Turn::done;
}

bool Claims::create(const std::string& path) {
  const json owner = {{"place", place()}, {"pid", ::getpid()}, {"start", start_of(::getpid())}};
  return create_file(path, owner.dump() + "\n");
}

bool Claims::take(const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    if (!held_.insert(path).second) return false;
  }
  bool ours = false;
  try {
    ours = create(path);
    if (!ours && is_stale(path, options_.stale_seconds)) {
      // One taker at a time: a second one would remove the claim that the first has just made.
      const std::string taker = path + ".taken";
      if (create(taker)) {
        if (is_stale(path, options_.stale_seconds)) {
          remove_file(path);
          ours = create(path);
        }
        remove_file(taker);
      } else if (is_stale(taker, options_.stale_seconds)) {
        remove_file(taker);  // it died while taking over: next time
      }
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    held_.erase(path);
    throw;
  }
  if (!ours) {
    const std::lock_guard lock(mutex_);
    held_.erase(path);
  }
  return ours;
}

void Claims::release(const std::string& path) {
  {
    const std::lock_guard lock(mutex_);
    if (held_.erase(path) == 0) return;
  }
  remove_file(path);
}

void Claims::renew() {
  std::unique_lock lock(mutex_);
  while (!ending_) {
    wake_.wait_for(lock, std::chrono::duration<double>(options_.renew_seconds),
                   [this] { return ending_; });
    for (const std::string& path : held_)
      ::utimensat(AT_FDCWD, path.c_str(), nullptr, 0);  // the file system's own clock
  }
}

}  // namespace tailgrad
