#include "engine/http/encoding.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace millrace::http {
namespace {

std::string unzipped(std::string_view packed) {
  z_stream stream{};
  EXPECT_EQ(Z_OK, inflateInit2(&stream, 15 + 16));
  std::string out(1u << 20, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(Z_STREAM_END, inflate(&stream, Z_FINISH));
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

// RFC 9110, 12.5.3.
TEST(Encoding, IsNegotiated) {
  EXPECT_TRUE(accepts("gzip, deflate, br, zstd", "gzip"));
  EXPECT_TRUE(accepts("deflate, GZIP;q=0.5", "gzip"));
  EXPECT_TRUE(accepts("*", "gzip"));
  EXPECT_FALSE(accepts("", "gzip"));
  EXPECT_FALSE(accepts("br", "gzip"));
  EXPECT_FALSE(accepts("gzip;q=0", "gzip"));
  EXPECT_FALSE(accepts("*;q=0", "gzip"));
  EXPECT_FALSE(accepts("gzip; q=0.0, *", "gzip"));
}

HttpResponse answer_of(std::string body, std::string type) {
  HttpResponse response;
  response.body = std::move(body);
  response.content_type = std::move(type);
  return response;
}

std::string header_of(const HttpResponse& response, std::string_view name) {
  for (const auto& [known, value] : response.headers)
    if (known == name) return value;
  return "";
}

TEST(Encoding, LongTextsAreCompressedForThoseWhoTakeGzip) {
  HttpRequest browser;
  browser.headers = {{"accept-encoding", "gzip, deflate, br, zstd"}};
  const std::string text(100'000, 'a');
  auto json = answer_of(text, "application/json");
  compress(browser, json);
  EXPECT_EQ("gzip", header_of(json, "Content-Encoding"));
  EXPECT_EQ("Accept-Encoding", header_of(json, "Vary"));
  EXPECT_LT(json.body.size(), 1'000u);
  EXPECT_EQ(text, unzipped(json.body));

  auto plain = answer_of(text, "application/json");
  compress(HttpRequest{}, plain);
  EXPECT_EQ(text, plain.body);
  EXPECT_EQ("Accept-Encoding", header_of(plain, "Vary"));

  auto shorter = answer_of("{}", "application/json");
  compress(browser, shorter);
  EXPECT_EQ("{}", shorter.body);
  auto bytes = answer_of(text, "application/octet-stream");
  compress(browser, bytes);
  EXPECT_EQ(text, bytes.body);
}

}  // namespace
}  // namespace millrace::http
