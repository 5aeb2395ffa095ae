#include <tailgrad/core/output_directory.h>

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

namespace fs = std::filesystem;

void create_with_parents(const fs::path& folder, const std::string& asked) {
  std::error_code code;
  if (folder.empty() || fs::is_directory(folder, code)) return;
  create_with_parents(folder.parent_path(), asked);
  if (::mkdir(folder.c_str(), 0777) == 0) {
    sync_folder(asked, folder.has_parent_path() ? folder.parent_path().string() : ".");
    return;
  }
  const int reason = errno == EEXIST ? ENOTDIR : errno;
  // Another cell of the same study may have created it in between.
  if (reason == ENOTDIR && fs::is_directory(folder, code)) return;
  fail_at(asked, 0, 0,
          "cannot create the output folder: " + std::generic_category().message(reason));
}

}  // namespace

bool create_output_directory(const std::string& path, IfOccupied policy,
                             std::span<const std::string_view> own) {
  if (path.empty()) fail("--out", "needs a folder name; got an empty one");
  std::error_code code;
  const fs::file_status status = fs::status(path, code);
  if (fs::exists(status) && !fs::is_directory(status))
    fail_at(path, 0, 0, "is a file; --out needs a folder, new or empty");
  if (!fs::exists(status)) {
    // A trailing slash would make the last component empty.
    const fs::path folder =
        fs::path(path).has_filename() ? fs::path(path) : fs::path(path).parent_path();
    create_with_parents(folder, path);
    return false;
  }
  const bool empty = fs::is_empty(path, code);
  if (code) fail_at(path, 0, 0, "cannot read the output folder: " + code.message());
  if (empty) return false;
  if (policy == IfOccupied::kRefuse)
    fail_at(path, 0, 0,
            "already holds files; choose another --out, or --force to replace the results of the "
            "earlier run, or --resume to go on with it");
  if (policy == IfOccupied::kForce) {
    for (const std::string_view name : own) {
      fs::remove_all(fs::path(path) / name, code);
      if (code)
        fail_at(path, 0, 0, "cannot remove the old " + std::string(name) + ": " + code.message());
    }
  }
  return true;
}

}  // namespace tailgrad
