// WorkFolder: where an attempt keeps its files. Each attempt that asks gets a new folder that no
// other had before: one that it removes, re-makes or replaces by a link is no other's.
#pragma once

#include <filesystem>

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
  std::filesystem::path base_, path_;
};

/// Removes a file, or a folder with what it holds; follows no link, leaves other file systems
/// alone, and what cannot be removed.
void remove_tree(const std::filesystem::path& path);

}  // namespace millrace::exec
