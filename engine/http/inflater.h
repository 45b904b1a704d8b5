// Inflater: decodes a gzip body as it arrives, with any number of members.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace millrace::http {

class Inflater {
 public:
  Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater();

  /// False if the data is damaged, or `sink` does not take it.
  bool feed(std::string_view data, const std::function<bool(std::string_view)>& sink);
  /// At the end of a member: what may be the end of the body.
  bool ended() const { return ended_; }

 private:
  struct Stream;
  std::unique_ptr<Stream> stream_;  // keeps zlib out of this header
  bool ended_ = false;
};

}  // namespace millrace::http
