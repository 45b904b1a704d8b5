#include "engine/exec/work_folder.h"

#include <sys/stat.h>

#include <string_view>
#include <system_error>

namespace millrace::exec {

void WorkFolder::use(const std::filesystem::path& path) {
  if (path == path_) return;
  path_ = path;
  open_.reset();
}

const std::filesystem::path& WorkFolder::make() {
  if (is_there()) return path_;
  std::error_code ignored;
  std::filesystem::create_directories(path_, ignored);
  open_.reset(opendir(path_.c_str()));
  return path_;
}

void WorkFolder::clear() {
  if (!open_) return;
  rewinddir(open_.get());
  std::error_code ignored;
  while (const dirent* entry = readdir(open_.get()))
    if (const std::string_view name(entry->d_name); name != "." && name != "..")
      std::filesystem::remove_all(path_ / name, ignored);
}

/// A folder that was removed while it is open has no links left.
bool WorkFolder::is_there() const {
  struct stat about {};
  return open_ && fstat(dirfd(open_.get()), &about) == 0 && about.st_nlink > 0;
}

}  // namespace millrace::exec
