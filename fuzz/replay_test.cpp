// Every file of fuzz/corpus through its target, whole, cut short and changed: what must hold
// without libFuzzer too. Files named bad-… must be refused, all others accepted.
#include <filesystem>
#include <map>

#include <gtest/gtest.h>

#include <tailgrad/core/random.h>

#include "targets.h"

namespace tailgrad::fuzz {
namespace {

// name: bytes
std::map<std::string, std::string> corpus(std::string_view target) {
  std::map<std::string, std::string> files;
  const std::filesystem::path root = TAILGRAD_SOURCE_DIR "/fuzz/corpus";
  for (const auto& entry : std::filesystem::directory_iterator(root / target))
    files[entry.path().filename().string()] = test::slurp(entry.path().string());
  return files;
}

std::string changed(std::string bytes, Random& random) {
  for (std::size_t n = 1 + random.below(4); n > 0 && !bytes.empty(); --n) {
    const std::size_t at = random.below(bytes.size());
    switch (random.below(4)) {
      case 0:
        bytes[at] = static_cast<char>(random.below(256));
        break;
      case 1:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.below(8)));
        break;
      case 2:
        bytes.erase(at, 1 + random.below(8));
        break;
      default:
        bytes.insert(at, bytes.substr(random.below(bytes.size()), 1 + random.below(16)));
    }
  }
  return bytes;
}

class Replay : public ::testing::TestWithParam<Target> {};

TEST_P(Replay, TheCorpus) {
  const auto files = corpus(GetParam().name);
  EXPECT_FALSE(files.empty());
  for (const auto& [name, bytes] : files) {
    SCOPED_TRACE(name);
    EXPECT_EQ(accepts([&] { GetParam().read(bytes); }), !name.starts_with("bad-"));
  }
}

TEST_P(Replay, TheCorpusCutShort) {
  constexpr std::size_t kCuts = 64;
  for (const auto& [name, bytes] : corpus(GetParam().name)) {
    SCOPED_TRACE(name);
    const std::size_t step = bytes.size() / kCuts + 1;
    for (std::size_t size = 0; size < bytes.size(); size += step)
      accepts([&] { GetParam().read(bytes.substr(0, size)); });
  }
}

TEST_P(Replay, TheCorpusChanged) {
  constexpr int kChanges = 100;
  Random random(1, GetParam().name);
  for (const auto& [name, bytes] : corpus(GetParam().name)) {
    SCOPED_TRACE(name);
    for (int i = 0; i < kChanges; ++i) {
      const std::string input = changed(bytes, random);
      accepts([&] { GetParam().read(input); });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Readers, Replay, ::testing::ValuesIn(kTargets),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace tailgrad::fuzz
