// One sitting of a grid: its workers run what is not done, beside other processes that do the same.
#pragma once

#include <chrono>
#include <cstddef>
#include <exception>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <tailgrad/study/grid.h>

namespace tailgrad {

/// What the workers of one sitting share. Everything behind one mutex: a cell takes seconds.
class Sitting {
 public:
  /// `wanted`: which of the grid's cells. All references must outlive it.
  Sitting(const Grid& grid, const GridOptions& options, Claims& claims,
          const std::vector<std::size_t>& wanted, const Problem& problem);

  /// One worker: works until nothing is left to do, or until someone says stop. Any number of
  /// threads may be in here.
  void work();
  /// After the workers: whether all is done. Throws the first Error of a cell.
  bool finish();

 private:
  using Clock = std::chrono::steady_clock;
  struct Job {
    std::size_t index = 0;
    double work = 0;   // epochs
    double share = 0;  // done of it
    bool running = false;
    bool done = false;
    Clock::time_point look_again = {};
  };
  struct Pick {
    Job* job = nullptr;
    CellFiles files = {};
    bool nothing_left = false;
  };

  bool ending();
  Pick next();
  void run(Job& job, const CellFiles& files);
  const GridCell& cell(const Job& job) const { return grid_.cells()[job.index]; }
  // Under the mutex:
  void finished(Job& job, const std::string& text);
  double share() const;
  void show(const std::string& text);

  const Grid& grid_;
  const GridOptions& options_;
  Claims& claims_;
  const Problem& problem_;
  std::vector<Job> jobs_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::exception_ptr error_;
  std::map<std::size_t, std::pair<double, int>> scores_;  // competitor: sum and count on dev
  Clock::time_point start_ = {};
  Clock::time_point shown_ = {};
  double first_share_ = -1;  // of the work, when this sitting began
};

}  // namespace tailgrad
