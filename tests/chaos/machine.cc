#include "tests/chaos/machine.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <system_error>

namespace millrace::chaos {

Machine::Machine(std::filesystem::path file)
    : file_(std::move(file)), library_(file_.string() + ".so") {
  // A copy: the user of the server may not be able to enter the folder of the build.
  std::filesystem::copy_file(MILLRACE_MACHINE_LIBRARY, library_,
                             std::filesystem::copy_options::overwrite_existing);
  std::filesystem::permissions(library_, std::filesystem::perms(0755));
  // Writable for all: the server counts in it as a user of its own.
  const int fd = open(file_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0 || fchmod(fd, 0666) != 0 || ftruncate(fd, sizeof(MachineState)) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot make " + file_.string());
  void* mapped = mmap(nullptr, sizeof(MachineState), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED)
    throw std::system_error(errno, std::generic_category(), "cannot map " + file_.string());
  state_ = static_cast<MachineState*>(mapped);
}

Machine::~Machine() { munmap(state_, sizeof(MachineState)); }

std::vector<std::string> Machine::environment() const {
  return {"LD_PRELOAD=" + library_.string(), "MILLRACE_MACHINE=" + file_.string()};
}

}  // namespace millrace::chaos
