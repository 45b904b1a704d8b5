// SharedPage: a value in memory that an engine shares with its runners.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include "engine/base/unique_fd.h"

namespace millrace::exec {

/// `T` holds only lock-free atomics that are zero at first, as a new page is. Not moved: other
/// processes have its memory.
template <typename T>
class SharedPage {
 public:
  /// The engine's end: a new page. If there is no memory, it has none to give.
  explicit SharedPage(const char* name) : fd_(memfd_create(name, MFD_CLOEXEC)) {
    if (fd_ && ftruncate(fd_.get(), sizeof(T)) == 0) map(fd_.get(), PROT_READ | PROT_WRITE);
  }
  /// A runner's end, of a descriptor that is not needed afterwards.
  SharedPage(int fd, bool writable) { map(fd, PROT_READ | (writable ? PROT_WRITE : 0)); }
  ~SharedPage() {
    if (value_ != nullptr) munmap(value_, sizeof(T));
  }
  SharedPage(const SharedPage&) = delete;
  SharedPage& operator=(const SharedPage&) = delete;

  /// -1: there is none.
  int fd() const { return fd_.get(); }
  /// nullptr: there is none.
  T* get() const { return value_; }

 private:
  void map(int fd, int protection) {
    void* page = mmap(nullptr, sizeof(T), protection, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) value_ = static_cast<T*>(page);
  }

  UniqueFd fd_;
  T* value_ = nullptr;
};

}  // namespace millrace::exec
