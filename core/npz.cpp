#include <tailgrad/core/npz.h>

#include <minizip/unzip.h>
#include <minizip/zip.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>
#include <set>

#include <tailgrad/core/atomic_file.h>
#include <tailgrad/core/error.h>

namespace tailgrad {
namespace {

constexpr std::string_view kEnding = ".npy";
// Deflate packs at most 1032 bytes into one (zlib.net/zlib_tech.html), so a larger claim is false.
constexpr std::uint64_t kDensest = 1032;
// An archive without members, all of it; minizip looks for this record behind the first byte only.
constexpr std::string_view kEmptyArchive("PK\5\6\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 22);
constexpr std::size_t kPiece = std::size_t{1} << 20;

// What minizip reads and writes instead of a file: bytes in memory, and a place in them.
class Memory {
 public:
  explicit Memory(std::span<const std::byte> bytes) : from_(bytes) {}
  Memory() = default;

  const std::vector<std::byte>& written() const { return to_; }

  zlib_filefunc64_def calls() {
    zlib_filefunc64_def calls{};
    calls.opaque = this;
    calls.zopen64_file = [](voidpf self, const void*, int) -> voidpf { return self; };
    calls.zclose_file = [](voidpf, voidpf) { return 0; };
    calls.zerror_file = [](voidpf, voidpf self) { return of(self).past_the_end_ ? 1 : 0; };
    calls.ztell64_file = [](voidpf, voidpf self) { return ZPOS64_T{of(self).at_}; };
    calls.zseek64_file = [](voidpf, voidpf self, ZPOS64_T offset, int origin) {
      return of(self).seek(offset, origin);
    };
    calls.zread_file = [](voidpf, voidpf self, void* into, uLong size) {
      return of(self).read(into, size);
    };
    calls.zwrite_file = [](voidpf, voidpf self, const void* from, uLong size) {
      return of(self).write(from, size);
    };
    return calls;
  }

 private:
  static Memory& of(voidpf self) { return *static_cast<Memory*>(self); }

  std::size_t size() const { return from_.empty() ? to_.size() : from_.size(); }
  long seek(ZPOS64_T offset, int origin) {
    const std::size_t base = origin == ZLIB_FILEFUNC_SEEK_CUR   ? at_
                             : origin == ZLIB_FILEFUNC_SEEK_END ? size()
                                                                : 0;
    if (offset > size() - base) return -1;
    at_ = base + offset;
    return 0;
  }
  uLong read(void* into, uLong wanted) {
    const std::size_t count = std::min<std::size_t>(wanted, from_.size() - at_);
    if (count < wanted) past_the_end_ = true;
    if (count > 0) std::memcpy(into, from_.data() + at_, count);
    at_ += count;
    return count;
  }
  uLong write(const void* from, uLong count) {
    if (count == 0) return 0;
    to_.resize(std::max(to_.size(), at_ + count));
    std::memcpy(to_.data() + at_, from, count);
    at_ += count;
    return count;
  }

  std::span<const std::byte> from_;
  std::vector<std::byte> to_;
  std::size_t at_ = 0;
  bool past_the_end_ = false;  // something wanted more than there is
};

struct CloseArchive {
  void operator()(void* archive) const { unzClose(archive); }
};
using Archive = std::unique_ptr<void, CloseArchive>;

// The current member of the archive.
struct Member {
  std::string name;
  unz_file_info64 info;
};

Member current_member(unzFile archive, const std::string& source) {
  Member member{};
  if (unzGetCurrentFileInfo64(archive, &member.info, nullptr, 0, nullptr, 0, nullptr, 0) != UNZ_OK)
    fail_at(source, 0, 0, "has a damaged list of members");
  member.name.resize(member.info.size_filename + 1);  // minizip adds a NUL
  unzGetCurrentFileInfo64(archive, nullptr, member.name.data(), member.name.size(), nullptr, 0,
                          nullptr, 0);
  member.name.pop_back();
  return member;
}

Archive open_archive(Memory& memory, const std::string& source) {
  zlib_filefunc64_def calls = memory.calls();
  Archive archive(unzOpen2_64(source.c_str(), &calls));
  if (!archive) fail_at(source, 0, 0, "is not a .npz file (a zip archive) or ends too early");
  return archive;
}

// Goes to the first member, then to the next one; false at the end.
bool step(unzFile archive, bool first, const std::string& source) {
  const int result = first ? unzGoToFirstFile(archive) : unzGoToNextFile(archive);
  if (result == UNZ_END_OF_LIST_OF_FILE) return false;
  if (result != UNZ_OK) fail_at(source, 0, 0, "has a damaged list of members");
  return true;
}

std::vector<std::byte> unpack(unzFile archive, const Member& member, const std::string& what) {
  const unz_file_info64& info = member.info;
  if ((info.flag & 1) != 0) fail_at(what, 0, 0, "is encrypted");
  if (info.compression_method != 0 && info.compression_method != Z_DEFLATED)
    fail_at(what, 0, 0,
            "is compressed by method " + std::to_string(info.compression_method) +
                "; stored and deflated members can be read");
  if (info.uncompressed_size / kDensest > info.compressed_size)
    fail_at(what, 0, 0,
            "announces " + std::to_string(info.uncompressed_size) + " bytes from " +
                std::to_string(info.compressed_size) + " compressed ones, more than is possible");
  if (unzOpenCurrentFile(archive) != UNZ_OK) fail_at(what, 0, 0, "is damaged at its beginning");
  // Grows with what is really there: the announced size may still be false.
  std::vector<std::byte> bytes;
  for (;;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kPiece);
    const int got = unzReadCurrentFile(archive, bytes.data() + before, kPiece);
    bytes.resize(before + static_cast<std::size_t>(std::max(got, 0)));
    if (got < 0) fail_at(what, 0, 0, "is damaged: it cannot be unpacked");
    if (got == 0) break;
  }
  const bool whole = unzCloseCurrentFile(archive) == UNZ_OK;
  if (bytes.size() != info.uncompressed_size || !whole)
    fail_at(what, 0, 0, "is damaged: size or checksum do not match");
  return bytes;
}

// NumPy's name of a type.
std::string_view dtype_of(const StoredTensor& array, const std::string& path) {
  switch (array.type) {
    case StoredType::kBool:
      return "|b1";
    case StoredType::kU8:
      return "|u1";
    case StoredType::kI8:
      return "|i1";
    case StoredType::kU16:
      return "<u2";
    case StoredType::kI16:
      return "<i2";
    case StoredType::kU32:
      return "<u4";
    case StoredType::kI32:
      return "<i4";
    case StoredType::kF32:
      return "<f4";
    case StoredType::kU64:
      return "<u8";
    case StoredType::kI64:
      return "<i8";
    case StoredType::kF64:
      return "<f8";
    default:
      fail_at(path, 0, 0,
              "cannot write array \"" + array.name + "\": NumPy has no type " +
                  std::string(name_of(array.type)));
  }
}

void check(const std::string& path, std::span<const StoredTensor> arrays) {
  std::set<std::string_view> taken;
  for (const StoredTensor& array : arrays) {
    const std::string& name = array.name;
    if (!taken.insert(name).second || name.empty() ||
        name.find_first_of(std::string_view("\0/", 2)) != name.npos ||
        name.size() + kEnding.size() > std::numeric_limits<std::uint16_t>::max())
      fail_at(path, 0, 0,
              "cannot write an array named \"" + name +
                  "\": names are given once, not empty, not longer than 65,531 bytes and have no "
                  "NUL and no '/'");
    if (!array.fits())
      fail_at(path, 0, 0,
              "cannot write array \"" + name + "\": " + std::to_string(array.bytes.size()) +
                  " bytes do not make " + std::string(name_of(array.type)) + " of shape " +
                  array.shape_text());
  }
}

void add_member(zipFile archive, const StoredTensor& array, const std::string& path) {
  const std::string header = npy_header(dtype_of(array, path), array.shape);
  zip_fileinfo info{};
  info.dosDate = 1 << 21 | 1 << 16;  // 1 January 1980: no time, but a day that exists
  const bool large =
      header.size() + array.bytes.size() >= std::numeric_limits<std::uint32_t>::max();
  int status =
      zipOpenNewFileInZip64(archive, (array.name + std::string(kEnding)).c_str(), &info, nullptr, 0,
                            nullptr, 0, nullptr, Z_DEFLATED, Z_DEFAULT_COMPRESSION, large ? 1 : 0);
  const auto write = [&](std::span<const std::byte> bytes) {
    for (; status == ZIP_OK && !bytes.empty();
         bytes = bytes.subspan(std::min(kPiece, bytes.size())))
      status = zipWriteInFileInZip(archive, bytes.data(),
                                   static_cast<unsigned>(std::min(kPiece, bytes.size())));
  };
  write(std::as_bytes(std::span<const char>(header)));
  write(array.bytes);
  if (status == ZIP_OK) status = zipCloseFileInZip(archive);
  ensure(status == ZIP_OK, "write_npz: minizip failed with " + std::to_string(status));
}

}  // namespace

Npz Npz::parse(std::vector<std::byte> bytes, std::string source) {
  Npz file;
  file.source_ = std::move(source);
  file.bytes_ = std::move(bytes);
  if (std::ranges::equal(file.bytes_, std::as_bytes(std::span(kEmptyArchive)))) return file;
  Memory memory(file.bytes_);
  const Archive archive = open_archive(memory, file.source_);
  std::set<std::string> taken;
  for (bool first = true; step(archive.get(), first, file.source_); first = false) {
    std::string name = current_member(archive.get(), file.source_).name;
    if (!name.ends_with(kEnding))
      fail_at(file.source_, 0, 0, "has a member \"" + name + "\" that is not named NAME.npy");
    name.resize(name.size() - kEnding.size());
    if (!taken.insert(name).second)
      fail_at(file.source_, 0, 0, "has two arrays named \"" + name + "\"");
    file.names_.push_back(std::move(name));
  }
  return file;
}

Npz Npz::read(const std::string& path) {
  return parse(read_file(path), path);
}

NpyArray Npz::at(std::string_view name) const {
  const auto found = std::ranges::find(names_, name);
  if (found == names_.end()) {
    std::string there;
    for (const std::string& one : names_) there.append(there.empty() ? "" : ", ").append(one);
    fail_at(
        source_, 0, 0,
        "has no array \"" + std::string(name) + "\"; it has: " + (there.empty() ? "none" : there));
  }
  Memory memory(bytes_);
  const Archive archive = open_archive(memory, source_);
  for (auto member = names_.begin();; ++member) {
    step(archive.get(), member == names_.begin(), source_);
    if (member == found) break;
  }
  const std::string what = source_ + ":" + std::string(name);
  return parse_npy(unpack(archive.get(), current_member(archive.get(), source_), what), what);
}

NpyArray read_array(const std::string& path) {
  constexpr std::string_view kArchive = ".npz:";
  const std::size_t at = path.rfind(kArchive);
  if (at == std::string::npos) return read_npy(path);
  const std::size_t end = at + kArchive.size();
  return Npz::read(path.substr(0, end - 1)).at(path.substr(end));
}

void write_npz(const std::string& path, std::span<const StoredTensor> arrays) {
  check(path, arrays);
  Memory memory;
  zlib_filefunc64_def calls = memory.calls();
  const auto close = [](zipFile file) { zipClose(file, nullptr); };
  std::unique_ptr<void, decltype(close)> archive(
      zipOpen2_64(path.c_str(), APPEND_STATUS_CREATE, nullptr, &calls), close);
  ensure(archive != nullptr, "write_npz: minizip cannot begin an archive");
  for (const StoredTensor& array : arrays) add_member(archive.get(), array, path);
  ensure(zipClose(archive.release(), nullptr) == ZIP_OK,
         "write_npz: minizip cannot end the archive");
  const std::span<const std::byte> written = memory.written();
  write_file(path, std::span(&written, 1));
}

}  // namespace tailgrad
