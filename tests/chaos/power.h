// PowerSupply: a disk that can lose its power. What was not flushed is gone afterwards.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace millrace::chaos {

class PowerSupply {
 public:
  /// A real ext4 on a loop device, shut down at once, where this process may mount one. Elsewhere a
  /// model: what our own fsync calls have covered (tests/base/lossy_disk.h), while PostgreSQL is
  /// killed and trusted to know what it does.
  static std::unique_ptr<PowerSupply> make(const std::filesystem::path& folder);

  virtual ~PowerSupply() = default;
  virtual std::string name() const = 0;
  /// Where the state folder lies.
  virtual std::filesystem::path state() const = 0;
  /// For the processes that live on the disk.
  virtual std::vector<std::string> environment() const = 0;
  /// From this moment on nothing reaches the disk.
  virtual void cut() = 0;
  /// REQUIRES: no process uses the disk any more.
  virtual void restore() = 0;
};

}  // namespace millrace::chaos
