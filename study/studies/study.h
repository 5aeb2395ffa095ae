// A study: one experiment of the literature, run again by one command, its claims judged by rule.
//
// To add one: write a file like separable.cpp, which names the grid, what a cell computes and the
// rule of every claim, and add its entry to the table in table.cpp. Running, resuming, reports and
// `tailgrad study list` follow from that.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/study/studies/study_result.h>

namespace tailgrad {

struct Problem;

/// How much a study computes.
enum class StudySize : std::uint8_t {
  tiny,   ///< seconds: only shows that all runs
  quick,  ///< at most three minutes on two cores
  full    ///< as long as it takes
};
/// "tiny", "quick" or "full".
std::string size_name(StudySize size);

/// What the user asked for.
struct StudyPlan {
  StudySize size = StudySize::quick;  ///< how much to compute
  std::uint64_t seed = 1;             ///< the first one
  int seeds = 0;          ///< how many; 0: as many as the study thinks right for the size
  std::string data = {};  ///< a file or folder of the user's, for studies that can use one

  /// The one of three values that is for this size.
  template <class T>
  T pick(T tiny, T quick, T full) const {
    if (size == StudySize::tiny) return tiny;
    return size == StudySize::quick ? quick : full;
  }
  /// seed, seed + 1, …: `seeds` of them, or these numbers of seeds by size.
  std::vector<std::uint64_t> seed_list(int tiny, int quick, int full) const;
};

/// One job of a study: some seconds to minutes of computing whose result is one file.
struct StudyCell {
  std::string name;    ///< for people: "5 % positives, trials 1 to 10"
  std::string config;  ///< JSON text of everything that has a say in the result
};

/// Data sets that several cells of one run share, read once.
class ProblemCache {
 public:
  ProblemCache();
  ~ProblemCache();
  ProblemCache(const ProblemCache&) = delete;
  ProblemCache& operator=(const ProblemCache&) = delete;
  /// The problem of this name; `load` makes it when it is asked for the first time. Valid while the
  /// cache lives. Any number of threads may ask; one loads at a time.
  const Problem& get(const std::string& name, const std::function<Problem()>& load);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What a running cell may use.
struct StudyContext {
  ProblemCache& problems;           ///< of the whole run
  std::function<bool()> stop = {};  ///< true: somebody wants the program to end
  /// Throws StudyStopped when somebody does; called between steps of long work.
  void check_stop() const;
};
/// Thrown by check_stop; no Error, for nothing is wrong.
struct StudyStopped {};

/// One study: what it asks and how.
struct StudyEntry {
  std::string name = {};     ///< "gaussian"
  std::string meaning = {};  ///< one sentence: what is asked
  std::string source = {};   ///< paper and section
  std::string claims = {};   ///< "C17, C18, Q4": ids of what it judges
  int version = 1;           ///< raised when cells change their meaning: old ones do not count then
  /// The grid. Throws Error for a plan that the study cannot follow.
  std::vector<StudyCell> (*cells)(const StudyPlan& plan) = nullptr;
  /// One cell: a function of its config alone.
  nlohmann::json (*run)(const nlohmann::json& config, const StudyContext& context) = nullptr;
  /// From all cells, [{name, config, result}] in the order of the grid, to claims and figures.
  StudyResult (*judge)(const StudyPlan& plan, const nlohmann::json& cells) = nullptr;
};

/// Every study of the library.
const std::vector<StudyEntry>& study_table();
/// The row of a name. Throws Error with the known names.
const StudyEntry& find_study(const std::string& name);
/// For `tailgrad study list` and `tailgrad list studies`.
std::string studies_text();
/// The same as [{name, meaning, claims, source}].
nlohmann::json studies_json();

}  // namespace tailgrad
