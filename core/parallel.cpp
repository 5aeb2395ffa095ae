#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>

#include <tbb/blocked_range.h>
#include <tbb/global_control.h>
#include <tbb/parallel_for.h>
#include <tbb/task_arena.h>
#include <tbb/task_group.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#ifdef TAILGRAD_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#endif

namespace tailgrad {
namespace {

// oneTBB is not compiled with the thread sanitizer, and then neither is this file, which alone
// includes it. So the sanitizer has to be told that pieces start after what came before
// parallel_for and end before what follows it.
class ForkAndJoin {
 public:
#ifdef TAILGRAD_THREAD_SANITIZER
  ForkAndJoin() {
    __tsan_release(&fork_);
  }
  ~ForkAndJoin() {
    __tsan_acquire(&join_);
  }
  // Ends in a destructor too: a piece may throw.
  class Piece {
   public:
    explicit Piece(ForkAndJoin& order) : order_(order) { __tsan_acquire(&order.fork_); }
    ~Piece() { __tsan_release(&order_.join_); }

   private:
    ForkAndJoin& order_;
  };

 private:
  char fork_ = 0;
  char join_ = 0;
#else
  struct Piece {
    explicit Piece(ForkAndJoin&) {}
  };
#endif
};

// The arena that parallel work runs in. Replaced as a whole by set_threads.
struct Crew {
  explicit Crew(int threads)
      : size(threads),
        limit(tbb::global_control::max_allowed_parallelism, static_cast<std::size_t>(threads)),
        arena(threads) {}
  int size;
  tbb::global_control limit;
  tbb::task_arena arena;
};

std::mutex crew_mutex;

// Whether the running thread is inside a piece of parallel work. What it starts there runs in
// place: the threads are busy already, and a thread that waits takes no foreign task, so the
// thread-local state of a task (its tape, its pool) stays its own.
thread_local bool inside_piece = false;

struct InsidePiece {
  bool before = std::exchange(inside_piece, true);
  ~InsidePiece() { inside_piece = before; }
};

// Never destroyed: worker threads may outlive main's statics.
std::unique_ptr<Crew>& crew() {
  static auto* const current = new std::unique_ptr<Crew>(
      std::make_unique<Crew>(std::max(1, static_cast<int>(std::thread::hardware_concurrency()))));
  return *current;
}

}  // namespace

void set_threads(int count) {
  if (count < 1) fail("set_threads", "needs at least 1 thread, got " + std::to_string(count));
  const std::lock_guard lock(crew_mutex);
  if (crew()->size == count) return;
  crew().reset();  // the old limit must go first: the lowest living one counts
  crew() = std::make_unique<Crew>(count);
}

int threads() {
  return crew()->size;
}

void parallel_for(std::size_t count, std::size_t grain,
                  FunctionRef<void(std::size_t, std::size_t)> body) {
  grain = std::max<std::size_t>(grain, 1);
  const std::size_t pieces = (count + grain - 1) / grain;
  const auto run = [&](std::size_t piece) {
    body(piece * grain, std::min(count, (piece + 1) * grain));
  };
  if (pieces <= 1 || inside_piece || threads() == 1) {
    for (std::size_t piece = 0; piece < pieces; ++piece) run(piece);
    return;
  }
  ForkAndJoin order;
  // oneTBB's own rule is the float mode that was set when the arena was made. Then a caller who
  // sets another (denormals to zero, a direction of rounding) would get it in what runs in place
  // only, and bits would depend on the number of threads.
  tbb::task_group_context mode_of_caller(tbb::task_group_context::isolated,
                                         tbb::task_group_context::fp_settings);
  crew()->arena.execute([&] {
    tbb::parallel_for(
        tbb::blocked_range<std::size_t>(0, pieces, 1),
        [&](const tbb::blocked_range<std::size_t>& range) {
          const ForkAndJoin::Piece ordered(order);
          const InsidePiece inside;
          for (std::size_t piece = range.begin(); piece < range.end(); ++piece) run(piece);
        },
        tbb::simple_partitioner(), mode_of_caller);
  });
}

}  // namespace tailgrad
