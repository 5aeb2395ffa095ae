// Whole files that are either there or not: never half written, whatever happens.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

/// The bytes of a file. Throws Error with the path and the reason when it is missing, a directory
/// or cannot be read.
std::vector<std::byte> read_file(const std::string& path);

/// The same as a string of bytes.
std::string read_text(const std::string& path);

/// Replaces `path` by a file that holds `pieces` one after the other: written to a temporary file
/// in the same folder, synced to the device, renamed, folder synced. After a crash at any moment
/// `path` is the old file or the new one. When anything fails the temporary file is removed, the
/// old file stays and Error tells path and reason. A symbolic link is followed.
void write_file(const std::string& path, std::span<const std::span<const std::byte>> pieces);
void write_file(const std::string& path, std::string_view text);

/// Adds `line` (no newline inside) and a newline at the end of the file, created when missing, and
/// syncs it to the device. A failed append leaves the file as long as it was. When a crash has left
/// a last line without its newline, the newline is added first: the torn line stays alone and the
/// new one whole. Throws Error with path and reason.
void append_line(const std::string& path, std::string_view line);

/// Keeps the first `count` whole lines of the file, which is replaced as by write_file: a resumed
/// run so drops what was logged after its checkpoint. Throws Error when there are fewer lines.
void keep_lines(const std::string& path, std::size_t count);

}  // namespace tailgrad
