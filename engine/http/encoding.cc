#include "engine/http/encoding.h"

#include <zlib.h>

#include <algorithm>

namespace millrace::http {
namespace {

constexpr std::size_t kLeastBytes = 1'024;  // below, a packet is a packet
constexpr int kGzipWindow = 15 + 16;        // zlib: 16 more means gzip's frame
constexpr int kMemoryLevel = 8;             // zlib's default

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool same(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return (x | 32) == (y | 32); });
}

bool has_zero_weight(std::string_view parameters) {
  const auto at = parameters.find("q=");
  if (at == std::string_view::npos) return false;
  const auto value = trimmed(parameters.substr(at + 2));
  return value == "0" || value == "0.0" || value == "0.00" || value == "0.000";
}

bool is_text(std::string_view type) {
  return type.starts_with("text/") || type.starts_with("application/json") ||
         type.starts_with("application/problem+json");
}

}  // namespace

bool accepts(std::string_view accept_encoding, std::string_view coding) {
  bool any = false;
  while (!accept_encoding.empty()) {
    const auto item = accept_encoding.substr(0, accept_encoding.find(','));
    accept_encoding.remove_prefix(std::min(accept_encoding.size(), item.size() + 1));
    const auto semicolon = item.find(';');
    const auto name = trimmed(item.substr(0, semicolon));
    const bool refused =
        semicolon != std::string_view::npos && has_zero_weight(item.substr(semicolon + 1));
    if (same(name, coding)) return !refused;
    if (name == "*") any = !refused;
  }
  return any;
}

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, kGzipWindow, kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return {};
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  const bool done = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(done ? stream.total_out : 0);
  deflateEnd(&stream);
  return out;
}

void compress(const HttpRequest& request, HttpResponse& response) {
  constexpr std::size_t kMostBytes = std::size_t{1} << 30;  // zlib counts in 32 bits
  if (response.body.size() < kLeastBytes || response.body.size() > kMostBytes) return;
  if (!is_text(response.content_type)) return;
  for (const auto& [name, value] : response.headers)
    if (name == "Content-Encoding") return;
  response.headers.emplace_back("Vary", "Accept-Encoding");
  if (!accepts(request.header("accept-encoding"), "gzip")) return;
  std::string packed = gzip(response.body);
  if (packed.empty() || packed.size() >= response.body.size()) return;
  response.body = std::move(packed);
  response.headers.emplace_back("Content-Encoding", "gzip");
}

}  // namespace millrace::http
