// Whole files that are either there or not: never half written, whatever happens. Everything that
// is read or written goes through here.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tailgrad {

/// The bytes of a file. Throws Error with the path and the reason when it is missing, a folder or
/// cannot be read.
std::vector<std::byte> read_file(const std::string& path);
/// The same; none when there is no such file. Any other reason is still an Error: a file that
/// cannot be read now must not be taken for one that was never written.
std::optional<std::vector<std::byte>> read_file_if_there(const std::string& path);

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

/// Creates `path` with this text, for other processes to see; false when it is there already. Of
/// several that try at once one succeeds. Not synced: it means nothing after a crash of the
/// machine. Throws Error with path and reason, and leaves nothing, when it cannot be written.
bool create_file(const std::string& path, std::string_view text);

/// Removes a file that nobody needs any more; it does not matter if it is not there or stays.
void remove_file(const std::string& path);

/// Makes the names in `folder` survive a power cut; on file systems that cannot sync folders it
/// does nothing. Throws Error about `path`.
void sync_folder(const std::string& path, const std::string& folder);

/// Removes the temporary files that killed processes left in `folder`: those that nobody has
/// written to for `seconds`.
void remove_leftovers(const std::string& folder, double seconds);

}  // namespace tailgrad
