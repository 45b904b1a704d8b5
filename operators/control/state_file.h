// $MILLRACE_STATE: a small text that a program leaves to the next attempt of its task, such as the
// id of a job that it has started elsewhere.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"
#include "engine/op/context.h"

namespace millrace::operators {

/// The folder of the state files of all attempts of a thread, and its watch. It is created once:
/// the kernel takes up to milliseconds to remove a watch, which is more than a short program takes.
///
/// Not thread-safe; each thread has its own.
class StateFolder {
 public:
  /// The folder of this thread, at `path`. It is created again if `path` is another one or was
  /// removed.
  static StateFolder& of_this_thread(const std::filesystem::path& path);

  /// A name that no attempt had before.
  std::filesystem::path next_file();
  /// Readable after a change; -1: changes cannot be watched.
  int changes() const { return watch_ >= 0 ? inotify_.get() : -1; }
  /// Takes the changes since the last call. True: a file was written and closed, or renamed.
  bool take_changes();
  /// Removes what programs have left in it.
  void clear();

 private:
  bool is_at(const std::filesystem::path& path) const;
  void create(const std::filesystem::path& path);

  std::filesystem::path path_;
  ino_t inode_ = 0;
  UniqueFd inotify_;
  int watch_ = -1;
  bool used_ = false;  // something may be left in it
  long files_ = 0;
};

/// Not thread-safe; the context outlives it. A thread has at most one at a time.
class StateFile {
 public:
  explicit StateFile(OperatorContext& ctx);
  ~StateFile() { folder_.clear(); }
  StateFile(const StateFile&) = delete;
  StateFile& operator=(const StateFile&) = delete;

  /// Writes what the attempt before has left; without that there is no file.
  Status write();
  /// Saves the text if it has changed; true: it did. What cannot be kept is named in the log once.
  bool save();
  /// As `save`, if a change was reported.
  bool save_change() { return folder_.take_changes() && save(); }

  const std::filesystem::path& path() const { return path_; }
  /// Readable after a change; -1: changes cannot be watched.
  int changes() const { return folder_.changes(); }

 private:
  bool refuse(const std::string& why);

  OperatorContext& ctx_;
  StateFolder& folder_;
  std::filesystem::path path_;
  std::string last_;
  bool refused_ = false;
};

}  // namespace millrace::operators
