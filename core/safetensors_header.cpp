#include <tailgrad/core/safetensors_header.h>

#include <nlohmann/json.hpp>
#include <set>

#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

// Follows the events of the JSON parser. A tree would be shorter to read from, but it keeps only
// the last of two equal keys and may be nested as deep as the header is long.
class HeaderEvents {
 public:
  using json = nlohmann::json;

  HeaderEvents(Header& header, const std::string& source) : header_(header), source_(source) {}

  bool start_object(std::size_t) {
    switch (place_) {
      case Place::kStart:
        place_ = Place::kTop;
        return true;
      case Place::kEntry:
        place_ = Place::kFields;
        dtype_ = shape_ = offsets_ = false;
        return true;
      case Place::kMetadata:
        place_ = Place::kPairs;
        return true;
      default:
        unexpected("an object");
    }
  }
  bool end_object() {
    if (place_ == Place::kFields && !(dtype_ && shape_ && offsets_))
      bad("array \"" + entry().name + "\" lacks dtype, shape or data_offsets");
    place_ = place_ == Place::kTop ? Place::kEnd : Place::kTop;
    return true;
  }
  bool key(std::string& name) {
    if (place_ == Place::kTop) {
      if (!names_.insert(name).second) bad("header has the key \"" + name + "\" twice");
      place_ = name == "__metadata__" ? Place::kMetadata : Place::kEntry;
      if (place_ == Place::kEntry) header_.entries.emplace_back().name = name;
    } else if (place_ == Place::kPairs) {
      if (header_.metadata.contains(name)) bad("metadata has the key \"" + name + "\" twice");
      pair_ = name;
      place_ = Place::kText;
    } else if (name == "dtype" && !dtype_) {
      dtype_ = true;
      place_ = Place::kType;
    } else if (name == "shape" && !shape_) {
      shape_ = true;
      place_ = Place::kShape;
    } else if (name == "data_offsets" && !offsets_) {
      offsets_ = true;
      place_ = Place::kOffsets;
    } else {
      bad("array \"" + entry().name + "\" has the key \"" + name + "\" twice or unknown");
    }
    return true;
  }
  bool string(std::string& text) {
    if (place_ == Place::kText) {
      header_.metadata[pair_] = text;
      place_ = Place::kPairs;
    } else if (place_ == Place::kType) {
      entry().dtype = text;
      place_ = Place::kFields;
    } else {
      unexpected("text");
    }
    return true;
  }
  bool start_array(std::size_t) {
    if (place_ == Place::kShape) {
      place_ = Place::kExtents;
    } else if (place_ == Place::kOffsets) {
      place_ = Place::kPositions;
      positions_.clear();
    } else {
      unexpected("a list");
    }
    return true;
  }
  bool end_array() {
    if (place_ == Place::kPositions) {
      if (positions_.size() != 2) bad("array \"" + entry().name + "\" needs two data_offsets");
      entry().begin = positions_[0];
      entry().end = positions_[1];
    }
    place_ = Place::kFields;
    return true;
  }
  bool number_unsigned(json::number_unsigned_t number) {
    if (place_ == Place::kExtents) {
      entry().shape.push_back(number);
    } else if (place_ == Place::kPositions && positions_.size() < 2) {
      positions_.push_back(number);
    } else {
      unexpected("a number");
    }
    return true;
  }
  bool number_integer(json::number_integer_t) { unexpected("a negative number"); }
  bool number_float(json::number_float_t, const std::string& text) {
    unexpected("the number " + text);
  }
  bool null() { unexpected("null"); }
  bool boolean(bool) { unexpected("true or false"); }
  bool binary(json::binary_t&) { unexpected("binary data"); }
  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    bad("header is not valid JSON at byte " + std::to_string(position));
  }

 private:
  // What may come next.
  enum class Place {
    kStart,
    kTop,
    kEntry,
    kFields,
    kType,
    kShape,
    kExtents,
    kOffsets,
    kPositions,
    kMetadata,
    kPairs,
    kText,
    kEnd
  };

  [[noreturn]] void bad(const std::string& what) const { fail_at(source_, 0, 0, what); }
  [[noreturn]] void unexpected(const std::string& what) const {
    const bool inside =
        !header_.entries.empty() && place_ >= Place::kEntry && place_ < Place::kMetadata;
    bad("header has " + what + " where the format allows none" +
        (inside ? " (array \"" + header_.entries.back().name + "\")" : std::string()));
  }
  HeaderEntry& entry() { return header_.entries.back(); }

  Header& header_;
  const std::string& source_;
  Place place_ = Place::kStart;
  std::set<std::string> names_;
  std::string pair_;
  std::vector<std::size_t> positions_;
  bool dtype_ = false;
  bool shape_ = false;
  bool offsets_ = false;
};

}  // namespace

Header read_header(std::string_view text, const std::string& source) {
  if (!text.starts_with('{')) fail_at(source, 0, 0, "header does not begin with '{'");
  const std::size_t last = text.find_last_not_of(' ');
  if (text[last] != '}') fail_at(source, 0, 0, "header does not end with '}' and spaces");
  Header header;
  HeaderEvents events(header, source);
  nlohmann::json::sax_parse(text.begin(), text.end(), &events);
  return header;
}

}  // namespace tailgrad
