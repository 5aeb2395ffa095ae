// JSON files that know when they are damaged: the results of cells.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace tailgrad {

/// Writes the object on one line, with a checksum of the rest as its member "checksum" (see
/// write_file). Throws Error when the file cannot be written.
void write_sealed_json(const std::string& path, nlohmann::json object);

/// The object without its checksum; none when there is no such file. Throws Error with the path
/// when it cannot be read, is no whole JSON object or does not fit its checksum. One without a
/// checksum is taken as it is: what was computed before there were checksums still counts.
std::optional<nlohmann::json> read_sealed_json(const std::string& path);

}  // namespace tailgrad
