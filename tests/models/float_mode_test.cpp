// The float mode (denormals to zero, direction of rounding) belongs to the program, not to a
// library: it stays as it was, here and in the threads that help, and what the program sets counts
// in all of them.
#include <gtest/gtest.h>

#include <bit>
#include <cfenv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <dlfcn.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include <tailgrad/core/ops.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/losses/table.h>
#include <tailgrad/models/model_table.h>
#include <tailgrad/models/trainer.h>
#include <tailgrad/nn/weights.h>

#include "models/support.h"

namespace tailgrad {
namespace {

// What is asked of the processor, and what it does.
struct FloatMode {
  unsigned control = 0;  // MXCSR without the flags that any operation may raise
  int rounding = 0;
  bool denormal_results = false;
  bool denormal_operands = false;
  auto operator<=>(const FloatMode&) const = default;
};

FloatMode float_mode() {
  FloatMode mode;
#ifdef __SSE__
  mode.control = _mm_getcsr() & ~0x3fU;
#endif
  mode.rounding = std::fegetround();
  volatile float least_normal = std::numeric_limits<float>::min();
  volatile float denormal = std::numeric_limits<float>::denorm_min();
  mode.denormal_results = least_normal * 0.5F != 0;
  mode.denormal_operands = denormal * 1e30F != 0;
  return mode;
}

void PrintTo(const FloatMode& mode, std::ostream* out) {
  *out << "control " << mode.control << ", rounding " << mode.rounding << ", denormal results "
       << mode.denormal_results << ", operands " << mode.denormal_operands;
}

const FloatMode kUsual = [] {
  FloatMode mode;
#ifdef __SSE__
  mode.control = 0x1f80;
#endif
  mode.rounding = FE_TONEAREST;
  mode.denormal_results = mode.denormal_operands = true;
  return mode;
}();

// While it lives denormal operands and results are zeros for the running thread.
class DenormalsAreZeros {
 public:
#ifdef __SSE__
  DenormalsAreZeros() {
    _mm_setcsr(before_ | 0x8040);
  }
  ~DenormalsAreZeros() {
    _mm_setcsr(before_);
  }
  DenormalsAreZeros(const DenormalsAreZeros&) = delete;
  DenormalsAreZeros& operator=(const DenormalsAreZeros&) = delete;

 private:
  const unsigned before_ = _mm_getcsr();
#endif
};

// The modes in which pieces of parallel work ran, those of a second thread among them: a piece
// waits for one. Without a second processor that may take a while.
struct Seen {
  std::set<FloatMode> modes;
  std::size_t threads = 0;
};

Seen modes_of_pieces() {
  Seen seen;
  std::mutex mutex;
  std::set<std::thread::id> threads_seen;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  parallel_for(64, 1, [&](std::size_t, std::size_t) {
    for (bool again = true; again;) {
      {
        const std::lock_guard lock(mutex);
        seen.modes.insert(float_mode());
        threads_seen.insert(std::this_thread::get_id());
        again = threads_seen.size() < 2 && std::chrono::steady_clock::now() < end;
      }
      std::this_thread::yield();
    }
  });
  seen.threads = threads_seen.size();
  return seen;
}

void expect_pieces_run_in(const FloatMode& mode) {
  const Seen seen = modes_of_pieces();
  EXPECT_EQ(seen.modes, std::set{mode});
  EXPECT_GE(seen.threads, 2u);
}

std::string hash_after_training(int thread_count) {
  set_threads(thread_count);
  const Examples train = toy_texts(300, 4, 40, 1);
  const auto loss = make_loss("la", ClassCounts::of_labels(train.classes, 4));
  const auto model = make_model("transformer:layers=1,width=16,heads=2,feedforward=32,dropout=0.1",
                                "text", {.classes = 4, .vocabulary = 40, .max_tokens = 16});
  TrainerOptions options{.seed = 3};
  options.epochs = 2;
  options.batch_tokens = 200;
  Trainer(*model, *loss, train, toy_texts(100, 4, 40, 2), MetricsContext{}, options).run();
  return weights_hash(*model);
}

// Enough elements for several pieces; about half of the products are denormal.
std::vector<std::uint32_t> bits_of_tiny_products(int thread_count) {
  set_threads(thread_count);
  Tensor x = Tensor::empty({400, 500});
  for (std::size_t i = 0; i < x.size(); ++i)
    x.mutable_data()[i] = static_cast<float>(i % 997) * 2.4e-38F;
  const Tensor y = multiply(x, 1e-3F);
  std::vector<std::uint32_t> bits;
  for (const float value : y.values()) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

class FloatModeTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(float_mode(), kUsual) << "an earlier test left it behind"; }
  void TearDown() override { set_threads(before_); }

 private:
  int before_ = threads();
};

TEST_F(FloatModeTest, TrainingLeavesItAsItWas) {
  hash_after_training(2);
  EXPECT_EQ(float_mode(), kUsual);
  expect_pieces_run_in(kUsual);
  std::thread([] { EXPECT_EQ(float_mode(), kUsual); }).join();
}

// gcc -ffast-math links a start-up routine into every library that changes the mode of whoever
// loads it.
TEST_F(FloatModeTest, LoadingTheSharedLibrariesLeavesItAsItWas) {
#ifdef TAILGRAD_SHARED_LIBRARIES
  std::string paths = TAILGRAD_SHARED_LIBRARIES;
  for (std::size_t start = 0; start < paths.size();) {
    const std::size_t end = std::min(paths.find(':', start), paths.size());
    const std::string path = paths.substr(start, end - start);
    ASSERT_NE(dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL), nullptr) << dlerror();
    EXPECT_EQ(float_mode(), kUsual) << path;
    start = end + 1;
  }
#else
  GTEST_SKIP() << "this build makes no shared libraries";
#endif
}

TEST_F(FloatModeTest, PiecesRunInTheCallersRoundingAndLeaveNoTrace) {
  set_threads(2);
  modes_of_pieces();  // the threads are there
  for (const int rounding : {FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD}) {
    ASSERT_EQ(std::fesetround(rounding), 0);
    const FloatMode changed = float_mode();
    const Seen seen = modes_of_pieces();
    const FloatMode after = float_mode();
    ASSERT_EQ(std::fesetround(FE_TONEAREST), 0);
    EXPECT_EQ(changed.rounding, rounding);
    EXPECT_EQ(after, changed);
    EXPECT_EQ(seen.modes, std::set{changed});
    expect_pieces_run_in(kUsual);
  }
}

#ifdef __SSE__

TEST_F(FloatModeTest, PiecesRunInTheCallersModeAndLeaveNoTrace) {
  set_threads(2);
  modes_of_pieces();  // the threads are there
  {
    const DenormalsAreZeros scope;
    const FloatMode changed = float_mode();
    EXPECT_FALSE(changed.denormal_results || changed.denormal_operands);
    expect_pieces_run_in(changed);
    EXPECT_EQ(float_mode(), changed);
  }
  EXPECT_EQ(float_mode(), kUsual);
  expect_pieces_run_in(kUsual);
}

TEST_F(FloatModeTest, ThreadsThatStartUnderAnotherModeDoNotKeepIt) {
  set_threads(3);
  {
    const DenormalsAreZeros scope;
    set_threads(2);  // all is made anew
    modes_of_pieces();
  }
  expect_pieces_run_in(kUsual);
}

TEST_F(FloatModeTest, AnExceptionFromAPieceLeavesItAsItWas) {
  set_threads(2);
  const DenormalsAreZeros scope;
  const FloatMode changed = float_mode();
  EXPECT_THROW(
      parallel_for(64, 1, [](std::size_t, std::size_t) { throw std::runtime_error("piece"); }),
      std::runtime_error);
  EXPECT_EQ(float_mode(), changed);
}

TEST_F(FloatModeTest, WithDenormalsAsZerosResultsAreTheSameOnAnyNumberOfThreads) {
  const std::vector<std::uint32_t> usual = bits_of_tiny_products(1);
  std::size_t denormal = 0;
  for (const std::uint32_t bits : usual) denormal += bits != 0 && bits < 0x00800000U ? 1 : 0;
  EXPECT_GT(denormal, usual.size() / 4);
  EXPECT_EQ(bits_of_tiny_products(3), usual);
  const DenormalsAreZeros scope;
  const std::vector<std::uint32_t> flushed = bits_of_tiny_products(1);
  for (std::size_t i = 0; i < usual.size(); ++i)  // products of denormals are zeros too
    ASSERT_TRUE(flushed[i] == 0 || (flushed[i] == usual[i] && flushed[i] >= 0x00800000U)) << i;
  for (const int count : {2, 3, 4}) EXPECT_EQ(bits_of_tiny_products(count), flushed) << count;
  const std::string one = hash_after_training(1);
  for (const int count : {2, 3, 4}) EXPECT_EQ(hash_after_training(count), one) << count;
}

#endif

}  // namespace
}  // namespace tailgrad
