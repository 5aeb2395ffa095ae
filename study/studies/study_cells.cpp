#include <tailgrad/study/studies/study_cells.h>

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/byte_hash.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/parallel.h>
#include <tailgrad/core/version.h>
#include <tailgrad/study/problem.h>
#include <tailgrad/study/sealed_json.h>

namespace tailgrad {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

std::string file_of(const StudyEntry& study, const StudyCell& cell, const std::string& folder) {
  return folder + "/" + study_cell_id(study, cell) + ".json";
}

// What the threads of one run share.
class Workers {
 public:
  Workers(const StudyEntry& study, const std::vector<StudyCell>& cells,
          const StudyRunOptions& options)
      : study_(study), cells_(cells), options_(options), claims_(options.claims) {
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (done(i)) {
        ++done_;
      } else {
        waiting_.push_back(i);
      }
    }
  }

  void work() {
    try {
      while (const auto index = next()) run(*index);
    } catch (const StudyStopped&) {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
    } catch (...) {
      const std::lock_guard lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }

  bool finish() {
    if (error_) std::rethrow_exception(error_);
    return !stopped_;
  }

 private:
  // Under the mutex, or before there are several threads.
  bool done(std::size_t index) {
    std::string damage;
    const bool whole = read_study_cell(study_, cells_[index], options_.folder, damage).has_value();
    if (!damage.empty() && options_.warn && damaged_.insert(damage).second)
      options_.warn(damage + "; this cell is computed again");
    return whole;
  }
  std::string claim_of(std::size_t index) const {
    return file_of(study_, cells_[index], options_.folder) + ".claim";
  }

  // A cell that nobody works on, claimed; none when nothing is left or it is time to stop.
  std::optional<std::size_t> next() {
    for (;;) {
      {
        const std::lock_guard lock(mutex_);
        if (!stopped_ && options_.stop && options_.stop()) stopped_ = true;
        if (stopped_ || error_ || waiting_.empty()) return std::nullopt;
        for (std::size_t looked = waiting_.size(); looked > 0; --looked) {
          const std::size_t index = waiting_.front();
          waiting_.pop_front();
          switch (claims_.turn(claim_of(index), [&] { return done(index); })) {
            case Claims::Turn::ours:
              return index;
            case Claims::Turn::others:
              waiting_.push_back(index);  // look again later
              break;
            case Claims::Turn::done:
              finished("");
          }
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(300));
    }
  }

  void run(std::size_t index) {
    const HeldClaim claim(claims_, claim_of(index));
    const StudyCell& cell = cells_[index];
    const StudyContext context{.problems = problems_, .stop = [this] {
                                 if (options_.stop && options_.stop()) return true;
                                 const std::lock_guard lock(mutex_);
                                 return error_ != nullptr;
                               }};
    const Clock::time_point start = Clock::now();
    const json result = study_.run(json::parse(cell.config), context);
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    const json document = {
        {"id", study_cell_id(study_, cell)},  {"study", study_.name}, {"name", cell.name},
        {"config", json::parse(cell.config)}, {"result", result},     {"seconds", seconds}};
    write_sealed_json(file_of(study_, cell, options_.folder), document);
    const std::lock_guard lock(mutex_);
    finished(fmt::format("{}: {:.1f} s", cell.name, seconds));
  }

  // Under the mutex.
  void finished(const std::string& text) {
    ++done_;
    if (options_.progress) options_.progress(done_, cells_.size(), text);
  }

  const StudyEntry& study_;
  const std::vector<StudyCell>& cells_;
  const StudyRunOptions& options_;
  Claims claims_;
  ProblemCache problems_;
  std::mutex mutex_;
  std::deque<std::size_t> waiting_;
  std::set<std::string> damaged_;  // what was said
  std::size_t done_ = 0;
  bool stopped_ = false;
  std::exception_ptr error_;
};

}  // namespace

std::string size_name(StudySize size) {
  return size == StudySize::tiny ? "tiny" : size == StudySize::quick ? "quick" : "full";
}

std::vector<std::uint64_t> StudyPlan::seed_list(int tiny, int quick, int full) const {
  const int count = seeds > 0 ? seeds : pick(tiny, quick, full);
  std::vector<std::uint64_t> list;
  for (int s = 0; s < count; ++s) list.push_back(seed + static_cast<std::uint64_t>(s));
  return list;
}

struct ProblemCache::State {
  std::mutex mutex;
  std::map<std::string, Problem> problems;
};

ProblemCache::ProblemCache() : state_(std::make_unique<State>()) {}
ProblemCache::~ProblemCache() = default;

const Problem& ProblemCache::get(const std::string& name, const std::function<Problem()>& load) {
  const std::lock_guard lock(state_->mutex);
  const auto found = state_->problems.find(name);
  if (found != state_->problems.end()) return found->second;
  return state_->problems.emplace(name, load()).first->second;
}

void StudyContext::check_stop() const {
  if (stop && stop()) throw StudyStopped{};
}

std::string study_cell_id(const StudyEntry& study, const StudyCell& cell) {
  ByteHash hash;
  hash.update(json{{"version", kVersion},
                   {"study", study.name},
                   {"study_version", study.version},
                   {"config", json::parse(cell.config)}}
                  .dump());
  return hex64(hash.value());
}

std::optional<json> read_study_cell(const StudyEntry& study, const StudyCell& cell,
                                    const std::string& folder, std::string& damage) {
  const std::string path = file_of(study, cell, folder);
  damage.clear();
  try {
    std::optional<json> document = read_sealed_json(path);
    if (!document) return std::nullopt;
    if (!document->contains("id") || document->at("id") != study_cell_id(study, cell))
      fail_at(path, 0, 0, "is damaged: it is of another cell");
    return document;
  } catch (const Error& error) {
    damage = error.what();
    return std::nullopt;
  }
}

bool run_study_cells(const StudyEntry& study, const std::vector<StudyCell>& cells,
                     const StudyRunOptions& options) {
  Workers workers(study, cells, options);
  // Parallel work inside a piece runs in place: one thread a cell.
  parallel_for(static_cast<std::size_t>(threads()), 1,
               [&](std::size_t, std::size_t) { workers.work(); });
  return workers.finish();
}

json read_study_cells(const StudyEntry& study, const std::vector<StudyCell>& cells,
                      const std::string& folder, double& seconds) {
  json all = json::array();
  seconds = 0;
  for (const StudyCell& cell : cells) {
    std::string damage;
    const std::optional<json> read = read_study_cell(study, cell, folder, damage);
    if (!damage.empty()) throw Error(damage);
    if (!read) fail_at(file_of(study, cell, folder), 0, 0, "this cell is not done");
    const json& document = *read;
    seconds += document.value("seconds", 0.0);
    all.push_back({{"name", cell.name},
                   {"config", document.at("config")},
                   {"result", document.at("result")}});
  }
  return all;
}

}  // namespace tailgrad
