#include <tailgrad/core/npy.h>

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

static_assert(std::endian::native == std::endian::little, "values are copied as they are");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::size_t kMaxRank = 32;
constexpr std::int64_t kExactInDouble = std::int64_t{1} << 53;
constexpr std::int64_t kExactInFloat = std::int64_t{1} << 24;

std::string text_of(std::span<const std::size_t> shape) {
  return fmt::format("[{}]", fmt::join(shape, ", "));
}

// Number of elements, or nothing when it does not fit in size_t.
std::optional<std::size_t> product(std::span<const std::size_t> shape) {
  std::size_t size = 1;
  for (const std::size_t extent : shape)
    if (extent == 0) return 0;
  for (const std::size_t extent : shape)
    if (__builtin_mul_overflow(size, extent, &size)) return std::nullopt;
  return size;
}

// The header is a Python dictionary literal. This reads the only form that is allowed: the keys
// 'descr' (a string), 'fortran_order' (True or False) and 'shape' (a tuple of integers), each once.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, NpyArray& into) : text_(text), into_(into) {}

  void read() {
    expect('{');
    bool descr = false;
    bool order = false;
    bool shape = false;
    while (!take('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr" && !descr) {
        descr = true;
        read_descr();
      } else if (key == "fortran_order" && !order) {
        order = true;
        read_order();
      } else if (key == "shape" && !shape) {
        shape = true;
        read_shape();
      } else {
        bad("has the key '" + key + "' twice or unknown");
      }
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip();
    if (at_ < text_.size()) bad("goes on after the closing brace");
    if (!descr || !order || !shape) bad("lacks 'descr', 'fortran_order' or 'shape'");
  }

 private:
  [[noreturn]] void bad(std::string_view what) const {
    fail_at(into_.source, 0, 0, "npy header " + std::string(what));
  }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take(std::string_view word) {
    skip();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  void expect(char c) {
    if (!take(c)) bad(std::string("needs '") + c + "' at byte " + std::to_string(at_));
  }
  std::string quoted() {
    skip();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote != '\'' && quote != '"') bad("needs a string at byte " + std::to_string(at_));
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) bad("has a string without an end");
    std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }
  void read_descr() {
    skip();
    if (at_ < text_.size() && text_[at_] == '[')
      fail_at(into_.source, 0, 0, "holds records (a structured dtype); save one column at a time");
    into_.dtype = quoted();
  }
  void read_order() {
    if (take("True"))
      fail_at(into_.source, 0, 0,
              "is in Fortran order; save it as numpy.ascontiguousarray(array) first");
    if (!take("False")) bad("has a 'fortran_order' that is neither True nor False");
  }
  void read_shape() {
    expect('(');
    while (!take(')')) {
      skip();
      std::size_t extent = 0;
      const char* const first = text_.data() + at_;
      const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), extent);
      if (error != std::errc{}) bad("has a shape that is not a tuple of sizes");
      at_ += static_cast<std::size_t>(end - first);
      into_.shape.push_back(extent);
      if (into_.shape.size() > kMaxRank) bad("has a shape of more than 32 axes");
      if (!take(',')) {
        expect(')');
        break;
      }
    }
  }

  std::string_view text_;
  NpyArray& into_;
  std::size_t at_ = 0;
};

template <class Stored>
Stored stored_at(std::span<const std::byte> bytes, std::size_t i) {
  Stored value;
  std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
  return value;
}

// How to turn the bytes of one dtype into values.
struct Decoder {
  std::string_view dtype;
  std::size_t width;
  void (*decode)(std::span<const std::byte>, std::size_t count, NpyArray&);
};

template <class Value>
void decode_floats(std::span<const std::byte> bytes, std::size_t count, NpyArray& into) {
  std::vector<Value> values(count);
  if (count > 0) std::memcpy(values.data(), bytes.data(), count * sizeof(Value));
  into.values = std::move(values);
}

template <class Stored>
void decode_integers(std::span<const std::byte> bytes, std::size_t count, NpyArray& into) {
  std::vector<std::int64_t> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Stored value = stored_at<Stored>(bytes, i);
    if (std::cmp_greater(value, std::numeric_limits<std::int64_t>::max()))
      fail_at(into.source, 0, 0,
              "holds " + std::to_string(value) + " at element " + std::to_string(i) +
                  ", beyond the range of a 64-bit signed integer");
    values[i] = static_cast<std::int64_t>(value);
  }
  into.values = std::move(values);
}

void decode_bools(std::span<const std::byte> bytes, std::size_t count, NpyArray& into) {
  std::vector<std::int64_t> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (bytes[i] > std::byte{1})
      fail_at(into.source, 0, 0,
              "holds a bool that is neither 0 nor 1 at element " + std::to_string(i));
    values[i] = std::to_integer<std::int64_t>(bytes[i]);
  }
  into.values = std::move(values);
}

constexpr Decoder kDecoders[] = {
    {"f4", 4, decode_floats<float>},
    {"f8", 8, decode_floats<double>},
    {"i1", 1, decode_integers<std::int8_t>},
    {"u1", 1, decode_integers<std::uint8_t>},
    {"i2", 2, decode_integers<std::int16_t>},
    {"u2", 2, decode_integers<std::uint16_t>},
    {"i4", 4, decode_integers<std::int32_t>},
    {"u4", 4, decode_integers<std::uint32_t>},
    {"i8", 8, decode_integers<std::int64_t>},
    {"u8", 8, decode_integers<std::uint64_t>},
    {"b1", 1, decode_bools},
};

const Decoder& decoder_of(const NpyArray& array) {
  const std::string_view dtype = array.dtype;
  if (dtype.starts_with('>'))
    fail_at(array.source, 0, 0,
            "is big-endian (dtype '" + array.dtype + "'); save it as array.astype('<" +
                std::string(dtype.substr(1)) + "')");
  for (const Decoder& decoder : kDecoders) {
    const bool order = dtype.starts_with('<') || (dtype.starts_with('|') && decoder.width == 1);
    if (order && dtype.substr(1) == decoder.dtype) return decoder;
  }
  fail_at(array.source, 0, 0,
          "has dtype '" + array.dtype +
              "'; can be read: float32, float64, int8 to int64, uint8 to uint64, bool");
}

std::size_t little_endian(std::span<const std::byte> bytes) {
  std::size_t value = 0;
  for (std::size_t i = bytes.size(); i-- > 0;)
    value = value << 8 | std::to_integer<std::size_t>(bytes[i]);
  return value;
}

template <class Value>
std::string number_text(Value value) {
  std::array<char, 64> text;
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

template <class Value>
[[noreturn]] void fail_value(const NpyArray& array, Value value, std::size_t i,
                             std::string_view problem) {
  fail_at(array.source, 0, 0,
          "holds " + number_text(value) + " at element " + std::to_string(i) + ", " +
              std::string(problem));
}

// Every value of the array through `convert(value, i)`.
template <class To, class Convert>
std::vector<To> converted(const NpyArray& array, Convert convert) {
  return std::visit(
      [&](const auto& values) {
        std::vector<To> result(values.size());
        for (std::size_t i = 0; i < values.size(); ++i) result[i] = convert(values[i], i);
        return result;
      },
      array.values);
}

template <class Value>
void write(const std::string& path, std::string_view dtype, std::span<const Value> values,
           std::span<const std::size_t> shape) {
  if (product(shape) != values.size())
    fail_at(path, 0, 0,
            "cannot write " + std::to_string(values.size()) + " values as an array of shape " +
                text_of(shape));
  const std::string header = npy_header(dtype, shape);
  const std::array pieces{std::as_bytes(std::span<const char>(header)), std::as_bytes(values)};
  write_file(path, pieces);
}

}  // namespace

std::size_t NpyArray::size() const {
  return std::visit([](const auto& all) { return all.size(); }, values);
}

std::string NpyArray::shape_text() const {
  return text_of(shape);
}

void NpyArray::require_rank(std::size_t rank, std::string_view what) const {
  if (shape.size() == rank) return;
  fail_at(source, 0, 0,
          std::string(what) + " needs an array with " + std::to_string(rank) +
              (rank == 1 ? " axis" : " axes") + "; got shape " + shape_text());
}

std::vector<double> NpyArray::as_doubles() const {
  return converted<double>(*this, [&](auto value, std::size_t i) {
    if constexpr (std::is_integral_v<decltype(value)>)
      if (value > kExactInDouble || value < -kExactInDouble)
        fail_value(*this, value, i, "which a double cannot hold exactly");
    return static_cast<double>(value);
  });
}

std::vector<float> NpyArray::as_floats() const {
  return converted<float>(*this, [&](auto value, std::size_t i) {
    if constexpr (std::is_integral_v<decltype(value)>) {
      if (value > kExactInFloat || value < -kExactInFloat)
        fail_value(*this, value, i, "which a float cannot hold exactly");
    } else if (std::isfinite(value) &&
               std::abs(value) > static_cast<decltype(value)>(std::numeric_limits<float>::max())) {
      fail_value(*this, value, i, "beyond the range of a float");
    }
    return static_cast<float>(value);
  });
}

std::vector<std::int64_t> NpyArray::as_integers() const {
  return converted<std::int64_t>(*this, [&](auto value, std::size_t i) {
    if constexpr (!std::is_integral_v<decltype(value)>) {
      // Written so that NaN fails too.
      if (!(std::abs(static_cast<double>(value)) <= static_cast<double>(kExactInDouble)) ||
          value != std::trunc(value))
        fail_value(*this, value, i, "where a whole number is needed");
    }
    return static_cast<std::int64_t>(value);
  });
}

std::vector<Index> NpyArray::as_indices() const {
  const std::vector<std::int64_t> integers = as_integers();
  std::vector<Index> result(integers.size());
  for (std::size_t i = 0; i < integers.size(); ++i) {
    if (!std::in_range<Index>(integers[i]))
      fail_value(*this, integers[i], i, "beyond the range of a 32-bit index");
    result[i] = static_cast<Index>(integers[i]);
  }
  return result;
}

NpyArray parse_npy(std::span<const std::byte> bytes, std::string source) {
  NpyArray array;
  array.source = std::move(source);
  const auto bad = [&](const std::string& what) { fail_at(array.source, 0, 0, what); };

  if (bytes.empty()) bad("is empty; expected a .npy file");
  if (bytes.size() < 10 || std::memcmp(bytes.data(), kMagic.data(), kMagic.size()) != 0)
    bad("is not a .npy file (it does not begin with \\x93NUMPY)");
  const int major = std::to_integer<int>(bytes[6]);
  if (major < 1 || major > 3)
    bad("is .npy format version " + std::to_string(major) + "; versions 1 to 3 can be read");
  const std::size_t width = major == 1 ? 2 : 4;
  if (bytes.size() < 8 + width) bad("ends inside the npy header");
  const std::size_t length = little_endian(bytes.subspan(8, width));
  bytes = bytes.subspan(8 + width);
  if (length > bytes.size())
    bad("ends inside the npy header (" + std::to_string(length) + " bytes announced, " +
        std::to_string(bytes.size()) + " left)");
  HeaderReader({reinterpret_cast<const char*>(bytes.data()), length}, array).read();
  bytes = bytes.subspan(length);

  const Decoder& decoder = decoder_of(array);
  const std::optional<std::size_t> count = product(array.shape);
  std::size_t needed = 0;
  if (!count || __builtin_mul_overflow(*count, decoder.width, &needed))
    bad("announces the shape " + array.shape_text() + ", more than any file can hold");
  if (needed != bytes.size())
    bad("announces the shape " + array.shape_text() + " of '" + array.dtype + "', " +
        std::to_string(needed) + " bytes, but holds " + std::to_string(bytes.size()));
  decoder.decode(bytes, *count, array);
  return array;
}

NpyArray read_npy(const std::string& path) {
  return parse_npy(read_file(path), path);
}

std::string npy_header(std::string_view dtype, std::span<const std::size_t> shape) {
  std::string dictionary =
      "{'descr': '" + std::string(dtype) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    if (axis > 0) dictionary += ", ";
    dictionary += std::to_string(shape[axis]);
  }
  dictionary += shape.size() == 1 ? ",), }" : "), }";
  // numpy leaves room to grow the first axis in place, to 21 digits in all.
  if (!shape.empty()) dictionary.append(21 - std::to_string(shape[0]).size(), ' ');
  constexpr std::size_t kPreamble = kMagic.size() + 4;
  while ((kPreamble + dictionary.size() + 1) % 64 != 0) dictionary += ' ';
  dictionary += '\n';

  std::string header(kMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(dictionary.size() & 0xff);
  header += static_cast<char>(dictionary.size() >> 8);
  return header + dictionary;
}

void write_npy(const std::string& path, std::span<const float> values,
               std::span<const std::size_t> shape) {
  write(path, "<f4", values, shape);
}
void write_npy(const std::string& path, std::span<const double> values,
               std::span<const std::size_t> shape) {
  write(path, "<f8", values, shape);
}
void write_npy(const std::string& path, std::span<const std::int64_t> values,
               std::span<const std::size_t> shape) {
  write(path, "<i8", values, shape);
}

}  // namespace tailgrad
