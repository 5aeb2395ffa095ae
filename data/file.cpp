#include <tailgrad/data/file.h>

#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>
#include <tailgrad/core/memory_limit.h>

namespace tailgrad {
namespace {

bool is_gzip(std::string_view bytes) {
  return bytes.size() >= 2 && bytes[0] == '\x1f' && bytes[1] == '\x8b';
}

// Ends the zlib stream on every path out.
struct Inflater {
  z_stream stream{};
  Inflater() { ensure(inflateInit2(&stream, 15 + 16) == Z_OK, "zlib starts"); }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

std::string gunzip(const std::string& path, std::string_view packed) {
  Inflater inflater;
  z_stream& stream = inflater.stream;
  std::string bytes;
  std::size_t used = 0;
  for (;;) {
    if (stream.avail_in == 0) {
      const std::size_t count = std::min<std::size_t>(packed.size(), std::size_t{1} << 30);
      // zlib takes a non-const pointer but does not write through it.
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
      stream.avail_in = static_cast<uInt>(count);
      packed.remove_prefix(count);
    }
    if (used == bytes.size()) {
      bytes.resize(std::max(std::size_t{1} << 16, used + used + std::size_t{stream.avail_in}));
    }
    const std::size_t room = std::min<std::size_t>(bytes.size() - used, std::size_t{1} << 30);
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + used);
    stream.avail_out = static_cast<uInt>(room);
    const int state = inflate(&stream, Z_NO_FLUSH);
    used += room - stream.avail_out;
    if (state == Z_STREAM_END) {
      std::string_view rest(reinterpret_cast<const char*>(stream.next_in), stream.avail_in);
      if (rest.empty()) rest = packed;
      if (rest.find_first_not_of('\0') == std::string_view::npos) break;  // gzip pads with zeros
      if (!is_gzip(rest)) fail_at(path, 0, 0, "has bytes after the end of its gzip data");
      inflateReset(&stream);
    } else if (state == Z_DATA_ERROR || state == Z_NEED_DICT) {
      fail_at(path, 0, 0,
              fmt::format("is damaged gzip data ({})",
                          stream.msg != nullptr ? stream.msg : "no reason given"));
    } else if (state == Z_MEM_ERROR) {
      throw OutOfMemory(bytes.size());
    } else if (stream.avail_in == 0 && packed.empty() && stream.avail_out != 0) {
      fail_at(
          path, 0, 0,
          fmt::format("is cut short: the gzip data ends too early, after {} bytes of text", used));
    }
  }
  bytes.resize(used);
  return bytes;
}

// The length of the well-formed sequence that starts at `p`, 0 if there is none.
std::size_t utf8_sequence(const unsigned char* p, const unsigned char* end) {
  const auto follows = [&](std::ptrdiff_t i, unsigned low, unsigned high) {
    return p + i < end && p[i] >= low && p[i] <= high;
  };
  const unsigned lead = *p;
  if (lead < 0x80) return 1;
  if (lead < 0xc2) return 0;  // a continuation byte, or an overlong two-byte form
  if (lead < 0xe0) return follows(1, 0x80, 0xbf) ? 2 : 0;
  if (lead < 0xf0) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;   // no overlong form
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;  // no surrogate
    return follows(1, low, high) && follows(2, 0x80, 0xbf) ? 3 : 0;
  }
  if (lead > 0xf4) return 0;
  const unsigned low = lead == 0xf0 ? 0x90 : 0x80;   // no overlong form
  const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;  // nothing above U+10FFFF
  return follows(1, low, high) && follows(2, 0x80, 0xbf) && follows(3, 0x80, 0xbf) ? 4 : 0;
}

}  // namespace

std::string read_bytes(const std::string& path) {
  std::string bytes = read_text(path);
  if (!path.ends_with(".gz")) return bytes;
  if (bytes.empty()) fail_at(path, 0, 0, "is empty: no gzip data");
  if (!is_gzip(bytes)) fail_at(path, 0, 0, "is named .gz but does not hold gzip data");
  return gunzip(path, bytes);
}

std::optional<std::size_t> find_invalid_utf8(std::string_view text) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = begin + text.size();
  for (const unsigned char* p = begin; p < end;) {
    std::uint64_t eight;
    if (end - p >= 8) {
      std::memcpy(&eight, p, 8);
      if ((eight & 0x8080808080808080ULL) == 0) {
        p += 8;
        continue;
      }
    }
    const std::size_t length = utf8_sequence(p, end);
    if (length == 0) return static_cast<std::size_t>(p - begin);
    p += length;
  }
  return std::nullopt;
}

Encoding encoding_from_name(std::string_view name) {
  if (name == "utf-8") return Encoding::utf8;
  if (name == "latin-1") return Encoding::latin1;
  fail("encoding", fmt::format("there is no encoding '{}'; utf-8 and latin-1 are known", name));
}

std::string utf8_from_latin1(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      text += c;
    } else {
      text += static_cast<char>(0xc0 | (byte >> 6));
      text += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return text;
}

TextFile TextFile::read(const std::string& path, Encoding encoding) {
  std::string bytes = read_bytes(path);
  if (encoding == Encoding::latin1) {
    if (bytes.starts_with("\xef\xbb\xbf"))
      fail_at(path, 1, 1, "begins with the byte order mark of UTF-8: it is not Latin-1");
    // What the constructor refuses must still look like it.
    const bool other =
        bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff") || is_gzip(bytes);
    if (!other) bytes = utf8_from_latin1(bytes);
  }
  return TextFile(path, std::move(bytes));
}

TextFile::TextFile(std::string name, std::string text)
    : path_(std::move(name)), bytes_(std::move(text)) {
  if (bytes_.starts_with("\xff\xfe") || bytes_.starts_with("\xfe\xff")) {
    fail_at(path_, 1, 1, "is UTF-16; UTF-8 is needed (iconv -f UTF-16 -t UTF-8 converts it)");
  }
  if (is_gzip(bytes_)) fail_at(path_, 1, 1, "is gzip data; give it a name that ends in .gz");
  if (bytes_.starts_with("\xef\xbb\xbf")) start_ = 3;
  if (const auto bad = find_invalid_utf8(this->text())) {
    fail_here(*bad,
              fmt::format("byte 0x{:02x} is not valid UTF-8 (if the file is Latin-1, iconv -f "
                          "ISO-8859-1 -t UTF-8 converts it; --encoding latin-1 reads it as a "
                          "table)",
                          static_cast<unsigned char>(this->text()[*bad])));
  }
}

Place TextFile::place(std::size_t offset) const {
  const std::string_view before = text().substr(0, offset);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t last = before.rfind('\n');
  const std::size_t start = last == std::string_view::npos ? 0 : last + 1;
  return {static_cast<std::size_t>(lines) + 1, before.size() - start + 1};
}

void TextFile::fail_here(std::size_t offset, std::string_view message) const {
  const Place at = place(offset);
  fail_at(path_, at.line, at.column, message);
}

bool LineReader::next(Line& line) {
  if (offset_ >= text_.size()) return false;
  const std::size_t end = std::min(text_.find('\n', offset_), text_.size());
  line.text = text_.substr(offset_, end - offset_);
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  line.number = ++number_;
  line.offset = offset_;
  offset_ = end + 1;
  return true;
}

}  // namespace tailgrad
