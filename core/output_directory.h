// The folder that receives the results of one command (`--out`).
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tailgrad {

/// What to do when the output folder already holds something.
enum class IfOccupied {
  kRefuse,  ///< throw Error and touch nothing
  kForce,   ///< remove what an earlier run wrote, leave everything else alone
  kResume,  ///< go on with what is there
};

/// Makes sure that `path` is a folder in which results may be written: creates it, with its
/// parents, when missing; an empty one is taken as it is; one with something in it as `policy`
/// says. `own` lists the names (files or folders inside `path`) that this command writes and that
/// kForce therefore removes.
/// Returns whether there was something before, so that `--resume` can say that it starts anew.
/// Throws Error: `path` is a file, is occupied under kRefuse, or cannot be created, read or
/// emptied.
bool create_output_directory(const std::string& path, IfOccupied policy,
                             std::span<const std::string_view> own = {});

}  // namespace tailgrad
