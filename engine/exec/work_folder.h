// WorkFolder: where an attempt keeps its files. Each attempt that asks gets an empty folder with a
// name that no other had before: one that it removes, re-makes or replaces by a link is no other's.
// A folder that is as it was made goes to the next attempt under another name: to make and to
// remove one takes a file system up to two milliseconds (ext4 with `discard`), to rename one none.
#pragma once

#include <dirent.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <memory>

namespace millrace::exec {

/// Not thread-safe. Costs nothing for attempts that do not ask for it.
class WorkFolder {
 public:
  /// The folder below which new ones are made; it need not be there.
  void use(const std::filesystem::path& base) { base_ = base; }
  /// Makes one for this attempt, open to its user alone, and from then on gives the same. If it
  /// cannot be made, the first write into it fails.
  const std::filesystem::path& make();
  /// Removes what is in its place by now, with all that it holds.
  void clear();

 private:
  struct Close {
    void operator()(DIR* folder) const { closedir(folder); }
  };

  void open_new();
  bool take_spare();
  bool make_as_new();

  std::filesystem::path base_, path_, spare_;
  std::unique_ptr<DIR, Close> handle_;  // of path_ or spare_, whatever their tasks do to the name
  struct stat as_made_ {};
  std::int64_t renamed_ = 0;
};

/// Removes a file, or a folder with what it holds; follows no link, leaves other file systems
/// alone, and what cannot be removed.
void remove_tree(const std::filesystem::path& path);

}  // namespace millrace::exec
