#include "tests/base/lossy_disk.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <stdexcept>

namespace millrace {

std::string key_of(int folder, const char* name, bool& is_folder);  // lossy_disk_notes.cc

LossyDisk::LossyDisk(std::filesystem::path notes) : notes_(std::move(notes)) {
  std::filesystem::create_directories(notes_);
  setenv(kVariable, notes_.c_str(), 1);
}

LossyDisk::~LossyDisk() { unsetenv(kVariable); }

void LossyDisk::after_power_cut(const std::filesystem::path& folder,
                                const std::filesystem::path& to) const {
  bool is_folder = false;
  rebuild(key_of(AT_FDCWD, std::filesystem::canonical(folder).c_str(), is_folder), to);
}

void LossyDisk::keep(const std::filesystem::path& folder) const {
  const char* const before = getenv(kVariable);
  setenv(kVariable, notes_.c_str(), 1);
  const auto flush = [](const std::filesystem::path& path) {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fsync(fd) != 0) throw std::runtime_error("cannot flush " + path.string());
    close(fd);
  };
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder))
    if (entry.is_directory() || entry.is_regular_file()) flush(entry.path());
  flush(folder);
  if (before == nullptr) unsetenv(kVariable);
}

void LossyDisk::rebuild(const std::string& key, const std::filesystem::path& to) const {
  std::filesystem::create_directories(to);
  std::ifstream names(notes_ / key);
  for (std::string kind, child; names >> kind >> child;) {
    std::string name;
    std::getline(names.ignore(), name);
    if (kind == "d") {
      rebuild(child, to / name);
      continue;
    }
    std::ofstream out(to / name, std::ios::binary);  // empty where no byte was flushed
    std::ifstream bytes(notes_ / child, std::ios::binary);
    if (bytes.peek() != std::ifstream::traits_type::eof()) out << bytes.rdbuf();
  }
}

}  // namespace millrace
