#include "engine/http/inflater.h"

#include <zlib.h>

#include <array>

namespace millrace::http {

struct Inflater::Stream {
  z_stream zlib{};
  bool usable = false;
};

// libcurl's own decoder takes a second member for an error.
Inflater::Inflater() : stream_(std::make_unique<Stream>()) {
  stream_->usable = inflateInit2(&stream_->zlib, 15 + 16) == Z_OK;
}

Inflater::~Inflater() { inflateEnd(&stream_->zlib); }

bool Inflater::feed(std::string_view data, const std::function<bool(std::string_view)>& sink) {
  std::array<char, 64 << 10> out{};
  z_stream& zlib = stream_->zlib;
  zlib.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));  // zlib only reads it
  zlib.avail_in = static_cast<uInt>(data.size());
  while (stream_->usable) {
    if (ended_ && zlib.avail_in > 0) {
      inflateReset(&zlib);
      ended_ = false;
    }
    zlib.next_out = reinterpret_cast<Bytef*>(out.data());
    zlib.avail_out = static_cast<uInt>(out.size());
    const int state = ended_ ? Z_BUF_ERROR : inflate(&zlib, Z_NO_FLUSH);
    if (state == Z_STREAM_END) ended_ = true;
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) return false;
    const std::size_t made = out.size() - zlib.avail_out;
    if (made > 0 && !sink(std::string_view(out.data(), made))) return false;
    if (zlib.avail_in == 0 && (ended_ || zlib.avail_out > 0)) return true;
  }
  return false;
}

}  // namespace millrace::http
