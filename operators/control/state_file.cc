#include "operators/control/state_file.h"

#include <system_error>
#include <utility>

#include "engine/base/file.h"
#include "engine/base/utf8.h"

namespace millrace::operators {

Status StateFile::write() const { return last_.empty() ? Status() : write_file(path_, last_); }

bool StateFile::save() {
  std::error_code problem;
  const auto kind = std::filesystem::symlink_status(path_, problem).type();
  std::string text;
  if (kind != std::filesystem::file_type::not_found) {
    if (kind != std::filesystem::file_type::regular) return refuse("is not a regular file");
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
