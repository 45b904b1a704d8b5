// KeptProcesses: processes that outlive the attempt that started them, so that a later attempt of
// the same runner need not start one again. Each has a key: what it was started with.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <filesystem>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/time.h"

namespace millrace {

/// Its destructor ends the process, and reaps it.
class KeptProcess {
 public:
  virtual ~KeptProcess() = default;
  virtual pid_t pid() const = 0;
};

/// One thread takes and puts; any thread may ask for the numbers.
class KeptProcesses {
 public:
  static constexpr std::size_t kMost = 4;
  static constexpr Duration kLongestIdle = std::chrono::minutes{5};

  /// `outputs`: where attempts print, in turn; a process that is kept must be able to print to
  /// each.
  explicit KeptProcesses(std::vector<int> outputs = {}) : outputs_(std::move(outputs)) {}
  KeptProcesses(const KeptProcesses&) = delete;

  const std::vector<int>& outputs() const { return outputs_; }
  /// The descriptor to which the attempt that runs now prints; -1: stdout alone.
  int output() const { return output_; }
  void print_to(int output) { output_ = output; }
  /// Where files of theirs may lie, such as a script; it need not be there yet.
  const std::filesystem::path& folder() const { return folder_; }
  void use_folder(const std::filesystem::path& folder) { folder_ = folder; }

  /// nullptr: none is kept under this key. Ends those that have been idle for too long.
  std::unique_ptr<KeptProcess> take(const std::string& key, Time now);
  /// Ends the one that has been idle longest if there are too many.
  void put(std::string key, std::unique_ptr<KeptProcess> process, Time now);
  /// Of those that are kept now.
  std::vector<pid_t> pids() const;

 private:
  struct Entry {
    std::string key;
    std::unique_ptr<KeptProcess> process;
    Time since;
  };

  const std::vector<int> outputs_;
  int output_ = -1;
  std::filesystem::path folder_;
  mutable Mutex mutex_;
  std::list<Entry> entries_ GUARDED_BY(mutex_);  // the one that was used last is first
};

}  // namespace millrace
