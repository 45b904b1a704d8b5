// WorkFolder: the folder that a runner lends to one attempt after the other. Each finds it empty.
#pragma once

#include <dirent.h>

#include <filesystem>
#include <memory>

namespace millrace::exec {

/// Not thread-safe. Costs nothing for attempts that do not ask for it.
class WorkFolder {
 public:
  /// Where it is, from the next attempt on.
  void use(const std::filesystem::path& path);
  /// Makes it if it is not there; an attempt before may have removed it. Whoever then writes into a
  /// folder that could not be made hears of it.
  const std::filesystem::path& make();
  /// Removes what the attempt left in it. The folder stays: to make and remove one for each attempt
  /// costs more than a small program takes.
  void clear();

 private:
  struct Close {
    void operator()(DIR* folder) const { closedir(folder); }
  };
  std::filesystem::path path_;
  std::unique_ptr<DIR, Close> open_;  // kept open: a look into it is then one call
};

}  // namespace millrace::exec
