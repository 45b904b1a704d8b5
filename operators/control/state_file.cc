#include "operators/control/state_file.h"

#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <system_error>
#include <utility>

#include "engine/base/file.h"
#include "engine/base/utf8.h"

namespace millrace::operators {

namespace fs = std::filesystem;

StateFolder& StateFolder::of_this_thread(const fs::path& path) {
  thread_local StateFolder folder;
  if (!folder.is_at(path)) folder.create(path);
  return folder;
}

bool StateFolder::is_at(const fs::path& path) const {
  struct stat found {};
  return path == path_ && lstat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode) &&
         found.st_ino == inode_;
}

void StateFolder::create(const fs::path& path) {
  path_ = path;
  if (watch_ >= 0) inotify_rm_watch(inotify_.get(), std::exchange(watch_, -1));
  std::error_code problem;  // a write into the folder reports it
  fs::remove_all(path, problem);
  mkdir(path.c_str(), S_IRWXU);
  struct stat found {};
  inode_ = lstat(path.c_str(), &found) == 0 ? found.st_ino : 0;
  if (!inotify_) inotify_ = UniqueFd(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (inotify_)
    watch_ = inotify_add_watch(inotify_.get(), path.c_str(),
                               IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_ONLYDIR);
  take_changes();
  used_ = false;
}

fs::path StateFolder::next_file() { return path_ / std::to_string(++files_); }

bool StateFolder::take_changes() {
  if (watch_ < 0) return used_ = true;
  bool written = false;
  alignas(inotify_event) std::array<char, 4096> buffer;
  ssize_t size = 0;
  while ((size = read(inotify_.get(), buffer.data(), buffer.size())) > 0) {
    used_ = true;
    for (ssize_t at = 0; at < size;) {
      inotify_event event;
      std::memcpy(&event, buffer.data() + at, sizeof event);
      written = written || (event.mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_Q_OVERFLOW)) != 0;
      at += static_cast<ssize_t>(sizeof event + event.len);
    }
  }
  return written;
}

void StateFolder::clear() {
  take_changes();
  if (!std::exchange(used_, false)) return;
  std::error_code problem;  // the next attempt uses another name
  for (const auto& entry : fs::directory_iterator(path_, problem)) {
    std::error_code ignored;  // what cannot be removed goes with the runner's folder
    fs::remove_all(entry.path(), ignored);
  }
  take_changes();
  used_ = false;
}

StateFile::StateFile(OperatorContext& ctx)
    : ctx_(ctx),
      folder_(StateFolder::of_this_thread(ctx.work_dir().parent_path() / "states")),
      path_(folder_.next_file()),
      last_(ctx.attempt().saved_state) {}

Status StateFile::write() {
  if (last_.empty()) return {};
  MR_CHECK(write_file(path_, last_));
  folder_.take_changes();
  return {};
}

bool StateFile::save() {
  std::error_code problem;
  const auto kind = fs::symlink_status(path_, problem).type();
  std::string text;
  if (kind != fs::file_type::not_found) {
    if (kind != fs::file_type::regular) return refuse("is not a regular file");
    auto read = read_file(path_, kMaxSavedStateBytes);
    if (!read)
      return refuse("cannot be read, or has more than " + std::to_string(kMaxSavedStateBytes) +
                    " bytes");
    text = *std::move(read);
  }
  if (text == last_) return false;
  if (text.find('\0') != std::string::npos || !is_utf8(text)) return refuse("is not text in UTF-8");
  last_ = text;
  ctx_.save_state(std::move(text));
  return true;
}

bool StateFile::refuse(const std::string& why) {
  if (!std::exchange(refused_, true))
    ctx_.log("$MILLRACE_STATE " + why + "; the next attempt will not get it");
  return false;
}

}  // namespace millrace::operators
