#include "engine/exec/frame.h"

#include <gtest/gtest.h>

namespace millrace::exec {
namespace {

TEST(Frame, ComesBackWholeFromAnyPieces) {
  const std::string stream =
      *make_frame("one") + *make_frame("") + *make_frame(std::string(70'000, 'x'));
  for (const std::size_t piece : {1ul, 3ul, 4ul, 1000ul, stream.size()}) {
    FrameReader reader;
    std::vector<std::size_t> sizes;
    for (std::size_t at = 0; at < stream.size(); at += piece) {
      reader.feed(std::string_view(stream).substr(at, piece));
      while (true) {
        const auto next = reader.next();
        ASSERT_TRUE(next.ok());
        if (!*next) break;
        sizes.push_back((*next)->size());
      }
    }
    EXPECT_EQ(sizes, (std::vector<std::size_t>{3, 0, 70'000})) << piece;
  }
}

TEST(Frame, StartsWithItsLengthLittleEndian) {
  EXPECT_EQ(*make_frame("ab"), std::string("\x02\0\0\0ab", 6));
}

TEST(Frame, RefusesALengthBeyondTheLimitWithoutWaitingForIt) {
  FrameReader reader;
  reader.feed("\xff\xff\xff\xff");
  EXPECT_EQ(reader.next().error().code, ErrorCode::data_invalid);
  EXPECT_EQ(make_frame(std::string(kMaxFrameBytes + 1, 'x')).error().code,
            ErrorCode::resource_exhausted);
}

}  // namespace
}  // namespace millrace::exec
