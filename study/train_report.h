// report.html of one training run.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace tailgrad {

/// `count` test items of class `truth` were taken for `predicted`.
struct Mistake {
  std::string truth;       ///< name of the class they are of
  std::string predicted;   ///< name of the class they were given
  std::int64_t count = 0;  ///< items, or tokens of tagged sentences
};

/// The page of a run.
///
/// `result` is result.json: `config` (any object), `parameters`, `seconds`, `weights_hash`, and the
/// metrics objects `dev` and `test`, of which each may be missing.
/// `history` is an array of epochs, the lines of history.jsonl: `epoch`, `train_loss`, and `dev`
/// with `loss`, `macro_f1` and `balanced_error`. What is missing or null is shown as n/a.
/// `mistakes` are the most frequent confusions on test (on dev without test), most frequent first.
std::string train_report(const nlohmann::json& result, const nlohmann::json& history,
                         const std::vector<Mistake>& mistakes);

}  // namespace tailgrad
