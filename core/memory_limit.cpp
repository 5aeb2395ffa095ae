#include <tailgrad/core/memory_limit.h>

#include <atomic>
#include <cstdio>
#include <limits>
#include <string>

#include <tailgrad/core/error.h>
#include <tailgrad/core/peak_memory.h>

namespace tailgrad {
namespace {

constexpr std::int64_t kNoLimit = std::numeric_limits<std::int64_t>::max();

std::atomic<std::int64_t> limit{kNoLimit};
// Signed: what was taken before there was a limit may be given back after.
std::atomic<std::int64_t> held{0};

double gigabytes(std::int64_t bytes) {
  return static_cast<double>(bytes) / static_cast<double>(1 << 30);
}

bool limited() {
  return limit.load(std::memory_order_relaxed) != kNoLimit;
}

}  // namespace

OutOfMemory::OutOfMemory(std::size_t bytes) noexcept {
  const double wanted = gigabytes(static_cast<std::int64_t>(bytes));
  if (limited()) {
    std::snprintf(
        text_, sizeof text_,
        "out of memory: %.3f GB more were wanted, and %.3f GB of the limit of %.3f GB are "
        "in use",
        wanted, gigabytes(held), gigabytes(limit));
  } else {
    std::snprintf(text_, sizeof text_, "out of memory: the system refused %.3f GB more", wanted);
  }
}

void set_memory_limit(std::uint64_t bytes) {
  const auto most = static_cast<std::uint64_t>(kNoLimit);
  const auto now = static_cast<std::int64_t>(peak_memory_bytes().value_or(0));
  const std::int64_t wanted =
      bytes == 0 || bytes > most ? kNoLimit : static_cast<std::int64_t>(bytes);
  if (wanted <= now)
    fail("memory limit", "needs more than the " + std::to_string(now) +
                             " bytes that the program holds before it begins; got " +
                             std::to_string(bytes));
  held = now;
  limit = wanted;
}

bool take_memory(std::size_t bytes) noexcept {
  if (!limited()) return true;
  if (bytes > static_cast<std::size_t>(kNoLimit)) return false;
  const auto more = static_cast<std::int64_t>(bytes);
  const std::int64_t before = held.fetch_add(more, std::memory_order_relaxed);
  if (before <= limit.load(std::memory_order_relaxed) - more) return true;
  held.fetch_sub(more, std::memory_order_relaxed);
  return false;
}

void give_back_memory(std::size_t bytes) noexcept {
  if (limited()) held.fetch_sub(static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
}

}  // namespace tailgrad
