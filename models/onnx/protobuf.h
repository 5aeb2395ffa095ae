// The wire format of protocol buffers, as much of it as an ONNX file needs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tailgrad {

/// A message in the making: fields by number, appended in the order of the calls. Repeated fields
/// are added one element at a time, which every reader takes for packed ones too.
/// Source: protobuf.dev, "Encoding".
///
/// Why not libprotobuf: it registers every message type in one table of the process and ends the
/// process when another library there brings the same type, and it would be the largest dependency
/// here, for these forty lines.
class ProtobufMessage {
 public:
  /// Also of enumerations; negative numbers take ten bytes.
  ProtobufMessage& integer(int field, std::int64_t value);
  /// In four bytes.
  ProtobufMessage& number(int field, float value);
  /// Text, or bytes.
  ProtobufMessage& text(int field, std::string_view bytes);
  /// A message inside of this one.
  ProtobufMessage& message(int field, const ProtobufMessage& part) {
    return text(field, part.bytes_);
  }

  const std::string& bytes() const { return bytes_; }  ///< what has been written so far

 private:
  void varint(std::uint64_t value);
  void tag(int field, int wire_type);

  std::string bytes_;
};

}  // namespace tailgrad
