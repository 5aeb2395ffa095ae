// All losses by name. `tailgrad list losses` prints this table; make_loss() reads it.
#pragma once

#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include <tailgrad/losses/entry.h>

namespace tailgrad {
inline namespace TAILGRAD_PRECISION {

/// Every loss of the library. To add one, write it and add its entry to the list in table.cpp; the
/// contract test then asks for its parent, its golden values and its exceptions.
const std::vector<LossEntry>& loss_table();

/// The loss a text form describes: make_loss("focal:gamma=2", {.counts = counts}).
/// Throws Error for an unknown name or option, a value out of range, missing counts, or counts and
/// weights that do not fit. `table` lets a program offer losses of its own.
std::unique_ptr<Loss> make_loss(std::string_view text, const LossSetup& setup = {},
                                std::span<const LossEntry> table = loss_table());
/// The same for a loss that needs nothing but counts.
std::unique_ptr<Loss> make_loss(std::string_view text, const ClassCounts& counts);

/// The row of a name. Throws Error with the known names.
const LossEntry& find_loss(std::string_view name, std::span<const LossEntry> table = loss_table());

/// For `tailgrad list losses`: for a person, and for programs.
std::string losses_text(std::span<const LossEntry> table = loss_table());
/// The same as JSON.
nlohmann::json losses_json(std::span<const LossEntry> table = loss_table());

}  // namespace TAILGRAD_PRECISION
}  // namespace tailgrad
