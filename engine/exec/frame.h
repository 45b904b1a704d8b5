// Frames: how the engine and its runners cut a stream socket into messages. A frame is four bytes
// of length (little-endian) and as many bytes of payload.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace millrace::exec {

/// Longer frames are refused by both sides.
inline constexpr std::size_t kMaxFrameBytes = 64u << 20;
inline constexpr std::size_t kFrameHeaderBytes = 4;

/// The frame that holds `payload`; `resource_exhausted` beyond the limit.
Result<std::string> make_frame(std::string_view payload);

/// Puts frames together from pieces as they arrive. Not thread-safe.
class FrameReader {
 public:
  void feed(std::string_view bytes);
  /// The next whole payload, nullopt when more bytes are needed; `data_invalid` when the other side
  /// announces more than kMaxFrameBytes (the stream is then unusable).
  Result<std::optional<std::string>> next();

 private:
  std::string buffer_;
  std::size_t start_ = 0;  // of the first unread byte
};

}  // namespace millrace::exec
