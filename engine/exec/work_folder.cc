#include "engine/exec/work_folder.h"

#include <string_view>
#include <system_error>

namespace millrace::exec {

void WorkFolder::use(const std::filesystem::path& path) {
  if (path == path_) return;
  path_ = path;
  open_.reset();
}

const std::filesystem::path& WorkFolder::make() {
  if (open_) return path_;
  std::error_code ignored;
  std::filesystem::create_directories(path_, ignored);
  open_.reset(opendir(path_.c_str()));
  return path_;
}

void WorkFolder::clear() {
  if (!open_) return;
  rewinddir(open_.get());
  bool is_there = false;
  std::error_code ignored;
  while (const dirent* entry = readdir(open_.get())) {
    const std::string_view name(entry->d_name);
    is_there |= name == ".";  // one that was removed lists nothing, not even itself
    if (name != "." && name != "..") std::filesystem::remove_all(path_ / name, ignored);
  }
  if (!is_there) open_.reset();
}

}  // namespace millrace::exec
