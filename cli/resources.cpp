#include <tailgrad/cli/resources.h>

#include <charconv>
#include <cstdint>

#include <tailgrad/core/error.h>
#include <tailgrad/core/memory_limit.h>
#include <tailgrad/core/parallel.h>

namespace tailgrad::cli {
namespace {

// "2G", "512M", "1.5G", "1000000": with K, M, G, T as powers of 1024.
std::uint64_t read_size(const std::string& text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  const std::string_view unit(rest, static_cast<std::size_t>(end - rest));
  constexpr std::string_view kUnits = "KMGT";
  const std::size_t power = unit.empty() ? 0 : kUnits.find(unit) + 1;
  for (std::size_t i = 0; i < power; ++i) number *= 1024;
  if (error != std::errc() || unit.size() > 1 || (!unit.empty() && power == 0) ||
      !(number >= 1 && number < 1e18))
    fail("--memory-limit", "needs a size such as 512M or 2G, got '" + text + "'");
  return static_cast<std::uint64_t>(number);
}

}  // namespace

void limit_resources(const CommonOptions& options) {
  if (options.threads > 0) set_threads(options.threads);
  if (!options.memory_limit.empty()) set_memory_limit(read_size(options.memory_limit));
}

}  // namespace tailgrad::cli
