#include "engine/exec/frame.h"

#include "engine/exec/wire.h"

namespace millrace::exec {
namespace {

Error too_long(ErrorCode code, std::size_t bytes) {
  return make_error(code, "a message of " + std::to_string(bytes) + " bytes is more than the " +
                              std::to_string(kMaxFrameBytes) + " that engine and runner exchange");
}

}  // namespace

Result<std::string> make_frame(std::string_view payload) {
  if (payload.size() > kMaxFrameBytes)
    return too_long(ErrorCode::resource_exhausted, payload.size());
  std::string frame;
  frame.reserve(kFrameHeaderBytes + payload.size());
  frame.resize(kFrameHeaderBytes);
  write_number(frame.data(), payload.size(), kFrameHeaderBytes);
  frame += payload;
  return frame;
}

void FrameReader::feed(std::string_view bytes) {
  if (start_ == buffer_.size()) {
    buffer_.clear();
    start_ = 0;
  }
  buffer_ += bytes;
}

Result<std::optional<std::string>> FrameReader::next() {
  const std::string_view rest = std::string_view(buffer_).substr(start_);
  if (rest.size() < kFrameHeaderBytes) return std::optional<std::string>{};
  const std::size_t length = read_number(rest.substr(0, kFrameHeaderBytes));
  if (length > kMaxFrameBytes) return too_long(ErrorCode::data_invalid, length);
  if (rest.size() < kFrameHeaderBytes + length) return std::optional<std::string>{};
  std::optional<std::string> payload{rest.substr(kFrameHeaderBytes, length)};
  start_ += kFrameHeaderBytes + length;
  // What was read is dropped once it outweighs what is left: no byte is moved more than once.
  if (start_ >= 65536 && start_ * 2 >= buffer_.size()) {
    buffer_.erase(0, start_);
    start_ = 0;
  }
  return payload;
}

}  // namespace millrace::exec
