// JSON files that know when they are damaged: the results of cells.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

namespace tailgrad {

/// Writes the object on one line, with a checksum of the rest as its member "checksum" (see
/// write_file). Throws Error when the file cannot be written.
void write_sealed_json(const std::string& path, nlohmann::json object);

/// The object without its checksum. Throws Error with the path when the file is missing, cannot be
/// read, is no whole JSON object or does not fit its checksum. One without a checksum is taken as
/// it is: what was computed before there were checksums still counts.
nlohmann::json read_sealed_json(const std::string& path);

}  // namespace tailgrad
