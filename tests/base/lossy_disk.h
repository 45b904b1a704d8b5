// LossyDisk: what a power cut leaves of a folder. Where it is linked or preloaded, fsync notes what
// it has made durable: the bytes of a file, or the names in a folder. `after_power_cut` builds a
// folder of nothing else. It is stricter than most file systems, which keep some of the rest.
//
// PostgreSQL's own files are left out: they are many, and it knows what it does.
#pragma once

#include <filesystem>
#include <string>

namespace millrace {

class LossyDisk {
 public:
  /// The names of the variable that turns the notes on, for programs that are started.
  static constexpr const char* kVariable = "MILLRACE_LOSSY_DISK";

  /// Notes go to `notes`, which is made, for this process and those it starts, until the end.
  explicit LossyDisk(std::filesystem::path notes);
  ~LossyDisk();
  LossyDisk(const LossyDisk&) = delete;
  LossyDisk& operator=(const LossyDisk&) = delete;

  /// `folder` counts as durable itself. `to` is made.
  void after_power_cut(const std::filesystem::path& folder, const std::filesystem::path& to) const;
  /// Everything in `folder` counts as durable from now on: it is what a power cut has left.
  void keep(const std::filesystem::path& folder) const;

 private:
  void rebuild(const std::string& key, const std::filesystem::path& to) const;
  std::filesystem::path notes_;
};

}  // namespace millrace
