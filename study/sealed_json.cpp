#include <tailgrad/study/sealed_json.h>

#include <nlohmann/json.hpp>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/byte_hash.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

using nlohmann::json;

constexpr const char* kChecksum = "checksum";

// Of the text that dump() gives: keys in order and every number in its shortest form, so that it is
// the same before writing and after reading.
std::string checksum_of(const json& object) {
  ByteHash hash;
  hash.update(object.dump());
  return hex64(hash.value());
}

}  // namespace

void write_sealed_json(const std::string& path, json object) {
  object[kChecksum] = checksum_of(object);
  write_file(path, object.dump() + "\n");
}

std::optional<json> read_sealed_json(const std::string& path) {
  const std::optional<std::vector<std::byte>> bytes = read_file_if_there(path);
  if (!bytes) return std::nullopt;
  const auto* const text = reinterpret_cast<const char*>(bytes->data());
  json object = json::parse(text, text + bytes->size(), nullptr, false);
  if (!object.is_object()) fail_at(path, 0, 0, "is damaged: it is not a whole JSON object");
  const auto found = object.find(kChecksum);
  if (found == object.end()) return object;
  const json checksum = *found;
  object.erase(found);
  if (checksum != checksum_of(object))
    fail_at(path, 0, 0, "is damaged: its text does not fit its checksum");
  return object;
}

}  // namespace tailgrad
