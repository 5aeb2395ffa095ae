#include <tailgrad/core/safetensors.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/byte_hash.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/safetensors_header.h>

namespace tailgrad {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied as they are");

constexpr std::size_t kMaxHeader = 100'000'000;

struct TypeInfo {
  std::string_view name;
  std::size_t width;
};
constexpr TypeInfo kTypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E5M2", 1}, {"F8_E4M3", 1},
                               {"I16", 2},  {"U16", 2}, {"F16", 2}, {"BF16", 2},    {"I32", 4},
                               {"U32", 4},  {"F32", 4}, {"F64", 8}, {"I64", 8},     {"U64", 8}};

const TypeInfo& info_of(StoredType type) {
  return kTypes[static_cast<std::size_t>(type)];
}

std::string list_text(std::span<const std::size_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

template <class Stored>
Stored stored_at(const StoredTensor& tensor, std::size_t i) {
  Stored value;
  std::memcpy(&value, tensor.bytes.data() + i * sizeof value, sizeof value);
  return value;
}

float from_bfloat16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

float from_float16(std::uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  float value = 0;
  if (exponent == 31) {
    value = fraction == 0 ? std::numeric_limits<float>::infinity()
                          : std::numeric_limits<float>::quiet_NaN();
  } else {
    value = exponent == 0 ? std::ldexp(static_cast<float>(fraction), -24)
                          : std::ldexp(static_cast<float>(fraction + 1024), exponent - 25);
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

[[noreturn]] void fail_type(const StoredTensor& tensor, std::string_view wanted) {
  fail(tensor.name, "holds " + std::string(name_of(tensor.type)) + " where " + std::string(wanted) +
                        " are needed");
}

template <class To>
std::vector<To> floats_of(const StoredTensor& tensor) {
  std::vector<To> values(tensor.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    switch (tensor.type) {
      case StoredType::kF32:
        values[i] = static_cast<To>(stored_at<float>(tensor, i));
        break;
      case StoredType::kF64:
        values[i] = static_cast<To>(stored_at<double>(tensor, i));
        break;
      case StoredType::kF16:
        values[i] = from_float16(stored_at<std::uint16_t>(tensor, i));
        break;
      case StoredType::kBF16:
        values[i] = from_bfloat16(stored_at<std::uint16_t>(tensor, i));
        break;
      default:
        fail_type(tensor, "floating-point numbers");
    }
  }
  return values;
}

template <class Stored>
std::vector<std::int64_t> integers_of(const StoredTensor& tensor) {
  std::vector<std::int64_t> values(tensor.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Stored value = stored_at<Stored>(tensor, i);
    if (!std::in_range<std::int64_t>(value))
      fail(tensor.name, "holds " + std::to_string(value) + " at element " + std::to_string(i) +
                            ", beyond the range of a 64-bit signed integer");
    values[i] = static_cast<std::int64_t>(value);
  }
  return values;
}

template <class Value>
StoredTensor view(std::string name, StoredType type, std::vector<std::size_t> shape,
                  std::span<const Value> from) {
  return {std::move(name), type, std::move(shape), std::as_bytes(from)};
}

StoredTensor checked(const HeaderEntry& entry, std::span<const std::byte> data,
                     std::string_view source) {
  const auto bad = [&](const std::string& what) {
    fail_at(source, 0, 0, "array \"" + entry.name + "\" " + what);
  };
  StoredTensor tensor;
  tensor.name = entry.name;
  tensor.shape = entry.shape;
  const auto* const type = std::find_if(std::begin(kTypes), std::end(kTypes),
                                        [&](const TypeInfo& t) { return t.name == entry.dtype; });
  if (type == std::end(kTypes)) {
    std::string known;
    for (const TypeInfo& t : kTypes) known.append(known.empty() ? "" : ", ").append(t.name);
    bad("has the unknown dtype \"" + entry.dtype + "\"; known: " + known);
  }
  tensor.type = static_cast<StoredType>(type - std::begin(kTypes));
  const std::string offsets = "data_offsets " + list_text(std::array{entry.begin, entry.end});
  if (entry.begin > entry.end) bad("has " + offsets + ", whose end is before its begin");
  if (entry.end > data.size())
    bad("has " + offsets + ", beyond the " + std::to_string(data.size()) + " bytes of data");
  tensor.bytes = data.subspan(entry.begin, entry.end - entry.begin);
  if (!tensor.fits())
    bad("of type " + entry.dtype + " and shape " + list_text(tensor.shape) + " does not fill its " +
        offsets);
  return tensor;
}

// The checksum is XXH64 of the whole file with zeros in the place of its own sixteen digits. The
// marks around that place occur nowhere else: inside a JSON string each quote follows a backslash.
constexpr std::string_view kSealKey = "tailgrad_xxh64";
const std::string kNoDigits(16, '0');

std::optional<std::size_t> place_of_seal(std::string_view bytes) {
  const std::string before = "\"" + std::string(kSealKey) + "\":\"";
  const std::size_t found = bytes.find(before);
  return found == std::string_view::npos ? std::nullopt : std::optional(found + before.size());
}

// Of a file that is in one piece or in several; `place` is in the first.
std::string seal_of(std::span<const std::span<const std::byte>> pieces, std::size_t place) {
  ByteHash hash;
  hash.update(pieces.front().first(place));
  hash.update(kNoDigits);
  hash.update(pieces.front().subspan(place + kNoDigits.size()));
  for (const auto piece : pieces.subspan(1)) hash.update(piece);
  return hex64(hash.value());
}

std::string quoted(const std::string& text, const std::string& path) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::exception&) {
    fail_at(path, 0, 0, "cannot write a name or metadata that is not UTF-8");
  }
}

}  // namespace

std::string_view name_of(StoredType type) {
  return info_of(type).name;
}
std::size_t width_of(StoredType type) {
  return info_of(type).width;
}

std::string StoredTensor::shape_text() const {
  return list_text(shape);
}
bool StoredTensor::fits() const {
  if (std::find(shape.begin(), shape.end(), 0u) != shape.end()) return bytes.empty();
  std::size_t needed = width_of(type);
  const bool too_large = std::any_of(shape.begin(), shape.end(), [&](std::size_t extent) {
    return __builtin_mul_overflow(needed, extent, &needed);
  });
  return !too_large && needed == bytes.size();
}
std::vector<float> StoredTensor::as_floats() const {
  return floats_of<float>(*this);
}
std::vector<double> StoredTensor::as_doubles() const {
  return floats_of<double>(*this);
}

std::vector<std::int64_t> StoredTensor::as_integers() const {
  switch (type) {
    case StoredType::kBool:
    case StoredType::kU8:
      return integers_of<std::uint8_t>(*this);
    case StoredType::kI8:
      return integers_of<std::int8_t>(*this);
    case StoredType::kI16:
      return integers_of<std::int16_t>(*this);
    case StoredType::kU16:
      return integers_of<std::uint16_t>(*this);
    case StoredType::kI32:
      return integers_of<std::int32_t>(*this);
    case StoredType::kU32:
      return integers_of<std::uint32_t>(*this);
    case StoredType::kI64:
      return integers_of<std::int64_t>(*this);
    case StoredType::kU64:
      return integers_of<std::uint64_t>(*this);
    default:
      fail_type(*this, "integers");
  }
}

StoredTensor stored(std::string name, std::vector<std::size_t> shape, std::span<const float> from) {
  return view(std::move(name), StoredType::kF32, std::move(shape), from);
}
StoredTensor stored(std::string name, std::vector<std::size_t> shape,
                    std::span<const double> from) {
  return view(std::move(name), StoredType::kF64, std::move(shape), from);
}
StoredTensor stored(std::string name, std::vector<std::size_t> shape,
                    std::span<const std::int64_t> from) {
  return view(std::move(name), StoredType::kI64, std::move(shape), from);
}
StoredTensor stored(std::string name, std::vector<std::size_t> shape,
                    std::span<const std::uint8_t> from) {
  return view(std::move(name), StoredType::kU8, std::move(shape), from);
}

Safetensors Safetensors::parse(std::vector<std::byte> bytes, std::string source) {
  Safetensors file;
  file.source_ = std::move(source);
  file.bytes_ = std::move(bytes);
  const auto bad = [&](const std::string& what) { fail_at(file.source_, 0, 0, what); };

  const std::span<const std::byte> all = file.bytes_;
  std::uint64_t length = 0;
  if (all.size() < sizeof length)
    bad("is not a safetensors file (" + std::to_string(all.size()) + " bytes, fewer than 8)");
  std::memcpy(&length, all.data(), sizeof length);
  if (length > kMaxHeader)
    bad("announces a header of " + std::to_string(length) +
        " bytes; the format allows 100,000,000. Is it a safetensors file?");
  if (length > all.size() - sizeof length)
    bad("ends inside its header (" + std::to_string(length) + " bytes announced, " +
        std::to_string(all.size() - sizeof length) + " left)");
  const std::string_view text(reinterpret_cast<const char*>(all.data()) + sizeof length, length);
  Header header = read_header(text, file.source_);
  file.metadata_ = std::move(header.metadata);
  if (const auto seal = file.metadata_.find(std::string(kSealKey)); seal != file.metadata_.end()) {
    const std::optional<std::size_t> place = place_of_seal(text);
    file.sealed_ = place && seal->second.size() == kNoDigits.size() &&
                   seal->second == seal_of(std::span(&all, 1), sizeof length + *place);
    if (!file.sealed_) bad("is damaged: its bytes do not fit its checksum");
    file.metadata_.erase(seal);
  }

  const std::span<const std::byte> data = all.subspan(sizeof length + length);
  std::sort(header.entries.begin(), header.entries.end(),
            [](const HeaderEntry& a, const HeaderEntry& b) {
              return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
            });
  std::size_t end = 0;
  for (const HeaderEntry& entry : header.entries) {
    file.tensors_.push_back(checked(entry, data, file.source_));
    if (entry.begin != end)
      bad("array \"" + entry.name + "\" begins at byte " + std::to_string(entry.begin) +
          " of the data; the arrays before it end at " + std::to_string(end) +
          (entry.begin > end ? " (a gap)" : " (an overlap)"));
    end = entry.end;
  }
  if (end != data.size())
    bad("holds " + std::to_string(data.size() - end) + " bytes that belong to no array");
  return file;
}

Safetensors Safetensors::read(const std::string& path) {
  return parse(read_file(path), path);
}

const StoredTensor* Safetensors::find(std::string_view name) const {
  const auto found = std::find_if(tensors_.begin(), tensors_.end(),
                                  [&](const StoredTensor& t) { return t.name == name; });
  return found == tensors_.end() ? nullptr : &*found;
}

const StoredTensor& Safetensors::at(std::string_view name) const {
  if (const StoredTensor* const found = find(name)) return *found;
  constexpr std::size_t kShown = 20;
  std::string there;
  for (std::size_t i = 0; i < std::min(kShown, tensors_.size()); ++i)
    there.append(i == 0 ? "" : ", ").append(tensors_[i].name);
  if (tensors_.size() > kShown) there += ", …";
  fail_at(
      source_, 0, 0,
      "has no array \"" + std::string(name) + "\"; it has: " + (there.empty() ? "none" : there));
}

namespace {

// What a file will hold: its start, then the bytes of the arrays.
struct Layout {
  std::string start;
  std::vector<std::span<const std::byte>> arrays;
};

Layout laid_out(const std::string& path, std::span<const StoredTensor> tensors,
                const StoredMetadata& metadata) {
  std::vector<const StoredTensor*> order;
  for (const StoredTensor& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const StoredTensor* a, const StoredTensor* b) {
    return a->type != b->type ? a->type > b->type : a->name < b->name;
  });

  std::set<std::string_view> names;
  std::string header = "{";
  if (!metadata.empty()) {
    header += "\"__metadata__\":{";
    for (const auto& [key, value] : metadata)
      header.append(header.back() == '{' ? "" : ",")
          .append(quoted(key, path) + ":" + quoted(value, path));
    header += '}';
  }
  Layout layout;
  std::size_t offset = 0;
  for (const StoredTensor* const tensor : order) {
    if (tensor->name == "__metadata__" || !names.insert(tensor->name).second)
      fail_at(path, 0, 0,
              "cannot write an array named \"" + tensor->name + "\" here: the name is taken");
    if (!tensor->fits())
      fail_at(path, 0, 0,
              "cannot write array \"" + tensor->name +
                  "\": " + std::to_string(tensor->bytes.size()) + " bytes do not make " +
                  std::string(name_of(tensor->type)) + " of shape " + tensor->shape_text());
    if (header.size() > 1) header += ',';
    header += quoted(tensor->name, path);
    header.append(":{\"dtype\":\"").append(name_of(tensor->type)).append("\",\"shape\":[");
    for (const std::size_t extent : tensor->shape)
      header.append(header.back() == '[' ? "" : ",").append(std::to_string(extent));
    header += "],\"data_offsets\":[" + std::to_string(offset) + ",";
    offset += tensor->bytes.size();
    header += std::to_string(offset) + "]}";
    layout.arrays.push_back(tensor->bytes);
  }
  header += '}';
  header.append((8 - header.size() % 8) % 8, ' ');
  if (header.size() > kMaxHeader)
    fail_at(path, 0, 0, "cannot write a header of more than 100,000,000 bytes");

  const std::uint64_t length = header.size();
  layout.start.resize(sizeof length);
  std::memcpy(layout.start.data(), &length, sizeof length);
  layout.start += header;
  return layout;
}

std::vector<std::span<const std::byte>> pieces_of(const Layout& layout) {
  std::vector<std::span<const std::byte>> pieces = {
      std::as_bytes(std::span<const char>(layout.start))};
  pieces.insert(pieces.end(), layout.arrays.begin(), layout.arrays.end());
  return pieces;
}

}  // namespace

void write_safetensors(const std::string& path, std::span<const StoredTensor> tensors,
                       const StoredMetadata& metadata) {
  write_file(path, pieces_of(laid_out(path, tensors, metadata)));
}

void write_sealed_safetensors(const std::string& path, std::span<const StoredTensor> tensors,
                              const StoredMetadata& metadata) {
  StoredMetadata with_seal = metadata;
  with_seal.emplace(kSealKey, kNoDigits);
  Layout layout = laid_out(path, tensors, with_seal);
  const std::size_t place = place_of_seal(layout.start).value();
  const std::string seal = seal_of(pieces_of(layout), place);
  layout.start.replace(place, seal.size(), seal);
  write_file(path, pieces_of(layout));
}

}  // namespace tailgrad
