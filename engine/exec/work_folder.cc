#include "engine/exec/work_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/unique_fd.h"

namespace millrace::exec {
namespace {

struct Close {
  void operator()(DIR* folder) const { closedir(folder); }
};
using Listing = std::unique_ptr<DIR, Close>;

/// nullptr: `name` is no folder, or cannot be read.
Listing open_folder(int parent, const char* name) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  UniqueFd fd(openat(parent, name, kFlags));
  if (!fd && fchmodat(parent, name, S_IRWXU, AT_SYMLINK_NOFOLLOW) == 0)
    fd = UniqueFd(openat(parent, name, kFlags));  // its owner had locked himself out
  if (!fd) return nullptr;
  Listing listing(fdopendir(fd.get()));
  if (listing) fd.release();
  return listing;
}

dev_t device_of(int fd) {
  struct stat found {};
  return fstat(fd, &found) == 0 ? found.st_dev : 0;
}

/// By handle all the way: what a path leads to may change while we walk.
void remove_entry(int parent, const char* name, dev_t device, int depth) {
  constexpr int kMostDepth = 1000;  // each holds a descriptor
  if (unlinkat(parent, name, 0) == 0 || depth > kMostDepth) return;
  const Listing listing = open_folder(parent, name);
  if (!listing || device_of(dirfd(listing.get())) != device) return;
  fchmod(dirfd(listing.get()), S_IRWXU);
  while (const dirent* entry = readdir(listing.get())) {
    const std::string_view each(entry->d_name);
    if (each != "." && each != "..")
      remove_entry(dirfd(listing.get()), entry->d_name, device, depth + 1);
  }
  unlinkat(parent, name, AT_REMOVEDIR);
}

/// True: the folder is empty.
bool empty_folder(DIR* folder, dev_t device) {
  bool any = true;
  for (int look = 0; any && look < 2; ++look) {
    any = false;
    rewinddir(folder);
    while (const dirent* entry = readdir(folder)) {
      const std::string_view each(entry->d_name);
      if (each == "." || each == "..") continue;
      remove_entry(dirfd(folder), entry->d_name, device, 1);
      any = true;
    }
  }
  return !any;
}

bool is_folder(const std::filesystem::path& path) {
  struct stat found {};
  return lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

/// A folder of ours; what else may be in its place is put out of the way.
void make_base(const std::filesystem::path& base) {
  if (mkdir(base.c_str(), S_IRWXU) == 0) return;
  struct stat found {};
  if (lstat(base.c_str(), &found) == 0 && !S_ISDIR(found.st_mode)) {
    unlink(base.c_str());
    mkdir(base.c_str(), S_IRWXU);
    return;
  }
  std::error_code ignored;  // mkdtemp says what is wrong
  std::filesystem::create_directories(base.parent_path(), ignored);
  mkdir(base.c_str(), S_IRWXU);
}

}  // namespace

void remove_tree(const std::filesystem::path& path) {
  const UniqueFd parent(open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (parent) remove_entry(parent.get(), path.filename().c_str(), device_of(parent.get()), 0);
}

const std::filesystem::path& WorkFolder::make() {
  if (!path_.empty() || take_spare()) return path_;
  std::string pattern = base_ / "attempt-XXXXXX";
  // It makes a new folder of mode 0700, or none.
  if (mkdtemp(pattern.data()) == nullptr) {
    make_base(base_);
    pattern = base_ / "attempt-XXXXXX";
    static_cast<void>(mkdtemp(pattern.data()));
  }
  path_ = pattern;
  open_new();
  return path_;
}

void WorkFolder::open_new() {
  handle_.reset(open_folder(AT_FDCWD, path_.c_str()).release());
  if (handle_ && fstat(dirfd(handle_.get()), &as_made_) != 0) handle_.reset();
}

void WorkFolder::clear() {
  if (path_.empty()) return;
  spare_ = base_ / ("attempt-" + std::to_string(++renamed_));
  if (!make_as_new() || rename(path_.c_str(), spare_.c_str()) != 0) {
    remove_tree(path_);
    spare_.clear();
    handle_.reset();
  }
  path_.clear();
}

/// True: it is the folder that was made, empty, and nothing tells it from a new one.
bool WorkFolder::make_as_new() {
  struct stat found {};
  return handle_ && lstat(path_.c_str(), &found) == 0 && found.st_dev == as_made_.st_dev &&
         found.st_ino == as_made_.st_ino && found.st_mode == as_made_.st_mode &&
         found.st_uid == as_made_.st_uid && flistxattr(dirfd(handle_.get()), nullptr, 0) <= 0 &&
         empty_folder(handle_.get(), as_made_.st_dev);
}

bool WorkFolder::take_spare() {
  if (spare_.empty()) return false;
  path_ = std::exchange(spare_, {});
  if (!is_folder(path_)) path_.clear();
  return !path_.empty();
}

}  // namespace millrace::exec
