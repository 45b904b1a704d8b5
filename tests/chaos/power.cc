#include "tests/chaos/power.h"

#include <fcntl.h>
#include <linux/loop.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

#include "tests/base/lossy_disk.h"

namespace millrace::chaos {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kDiskBytes = std::uintmax_t{4} << 30;  // sparse; room for 100 cuts
/// EXT4_IOC_SHUTDOWN and EXT4_GOING_FLAGS_NOLOGFLUSH of linux/fs/ext4/ext4.h: not even the journal
/// of the file system is written any more.
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kNoLogFlush = 2;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

/// A free loop device with that file behind it; -1 where that is not allowed.
int attach(const fs::path& image, std::string& device) {
  const int control = ::open("/dev/loop-control", O_RDWR | O_CLOEXEC);
  const int number = control < 0 ? -1 : ::ioctl(control, LOOP_CTL_GET_FREE);
  if (control >= 0) ::close(control);
  if (number < 0) return -1;
  device = "/dev/loop" + std::to_string(number);
  const int loop = ::open(device.c_str(), O_RDWR | O_CLOEXEC);
  const int file = ::open(image.c_str(), O_RDWR | O_CLOEXEC);
  loop_config config{};
  config.fd = static_cast<std::uint32_t>(file);
  config.info.lo_flags = LO_FLAGS_AUTOCLEAR;  // it goes with us, however we end
  const bool set = loop >= 0 && file >= 0 && ::ioctl(loop, LOOP_CONFIGURE, &config) == 0;
  if (file >= 0) ::close(file);
  if (!set && loop >= 0) ::close(loop);
  return set ? loop : -1;
}

class RealDisk final : public PowerSupply {
 public:
  /// nullptr where it may not.
  static std::unique_ptr<RealDisk> make(const fs::path& folder) {
    if (::geteuid() != 0) return nullptr;
    // Only we and what we start see the mount, and it goes with us.
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return nullptr;
    const fs::path image = folder / "disk.img";
    { const std::ofstream made(image); }
    fs::resize_file(image, kDiskBytes);
    if (std::system(("mkfs.ext4 -q -F '" + image.string() + "' 2>/dev/null").c_str()) != 0)
      return nullptr;
    auto disk = std::make_unique<RealDisk>();
    disk->loop_ = attach(image, disk->device_);
    if (disk->loop_ < 0) return nullptr;
    disk->mount_ = folder / "disk";
    fs::create_directories(disk->mount_);
    if (::mount(disk->device_.c_str(), disk->mount_.c_str(), "ext4", 0, nullptr) != 0)
      return nullptr;
    disk->mounted_ = true;
    return disk;
  }
  ~RealDisk() override {
    if (mounted_) ::umount2(mount_.c_str(), MNT_DETACH);
    if (loop_ >= 0) ::close(loop_);
  }

  std::string name() const override { return "ext4 on " + device_ + ", shut down"; }
  fs::path state() const override { return mount_ / "state"; }
  std::vector<std::string> environment() const override { return {}; }
  void cut() override {
    const int fd = ::open(mount_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    std::uint32_t flags = kNoLogFlush;
    const int done = fd < 0 ? -1 : ::ioctl(fd, kShutdown, &flags);
    if (fd >= 0) ::close(fd);
    if (done != 0) fail("cannot shut the disk down");
  }
  void restore() override {
    // The last of the killed processes may still be on their way out.
    const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds{20};
    while (::umount2(mount_.c_str(), 0) != 0) {
      if (errno != EBUSY || std::chrono::steady_clock::now() > patience)
        fail("cannot unmount the disk");
      ::poll(nullptr, 0, 10);
    }
    if (::mount(device_.c_str(), mount_.c_str(), "ext4", 0, nullptr) != 0)
      fail("cannot mount the disk again");
  }

 private:
  int loop_ = -1;
  bool mounted_ = false;
  std::string device_;
  fs::path mount_;
};

class ModelDisk final : public PowerSupply {
 public:
  explicit ModelDisk(fs::path folder) : folder_(std::move(folder)), lossy_(folder_ / "notes") {
    fs::create_directories(folder_ / "disk");
    unsetenv(LossyDisk::kVariable);  // for the engine alone
  }
  std::string name() const override { return "a model: what fsync has covered"; }
  fs::path state() const override { return folder_ / "disk" / "state"; }
  std::vector<std::string> environment() const override {
    return {"LD_PRELOAD=" MILLRACE_LOSSY_LIBRARY,
            std::string(LossyDisk::kVariable) + "=" + (folder_ / "notes").string()};
  }
  /// The processes are killed next; whatever they flush until then only makes more of it last.
  void cut() override {}
  void restore() override {
    const fs::path after = folder_ / "after";
    fs::remove_all(after);
    lossy_.after_power_cut(folder_ / "disk", after);
    for (const char* name : {"artifacts", "spool"}) {
      fs::remove_all(state() / name);
      if (!fs::exists(after / "state" / name)) continue;
      fs::rename(after / "state" / name, state() / name);
      lossy_.keep(state() / name);
    }
  }

 private:
  fs::path folder_;
  LossyDisk lossy_;
};

}  // namespace

std::unique_ptr<PowerSupply> PowerSupply::make(const fs::path& folder) {
  fs::create_directories(folder);
  if (auto real = RealDisk::make(folder)) return real;
  return std::make_unique<ModelDisk>(folder);
}

}  // namespace millrace::chaos
