// FileStamp: what tells that a file is another one than before, without reading it.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>
#include <time.h>

#include <cstdint>
#include <filesystem>
#include <string>

namespace millrace::operators {

struct FileStamp {
  std::filesystem::path path;
  std::int64_t modified_ns = -1;  // -1: there is no such file
  std::int64_t changed_ns = 0;    // the inode: also when the file was renamed
  std::int64_t bytes = 0;
  std::uint64_t inode = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

inline std::int64_t nanoseconds_of(const timespec& time) {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

inline FileStamp stamp_of(const std::filesystem::path& path) {
  struct stat found {};
  FileStamp out{path};
  if (::stat(path.c_str(), &found) != 0) return out;
  out.modified_ns = nanoseconds_of(found.st_mtim);
  out.changed_ns = nanoseconds_of(found.st_ctim);
  out.bytes = found.st_size;
  out.inode = found.st_ino;
  return out;
}

}  // namespace millrace::operators
