#include "engine/exec/attempt_log.h"

#include <gtest/gtest.h>

namespace millrace::exec {
namespace {

StartAttempt some_attempt() {
  StartAttempt start;
  start.key.run = Uuid{1, 2};
  start.key.ref = {0, 4};
  start.key.attempt = 3;
  start.info.task_id = "train";
  return start;
}

TEST(AttemptLog, NamesItsAttemptAndCountsBytes) {
  AttemptLog log(some_attempt(), 1000);
  EXPECT_FALSE(log.used());
  EXPECT_FALSE(log.take(Time{}, true).has_value());
  log.append("one\n");
  const auto first = log.take(from_micros(5), false);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->chunk.task, "train");
  EXPECT_EQ(first->chunk.map_index, 4);
  EXPECT_EQ(first->chunk.attempt, 3);
  EXPECT_EQ(first->chunk.at, from_micros(5));
  log.append("two\n");
  const auto second = log.take(Time{}, true);
  EXPECT_EQ(second->chunk.offset, 4);
  EXPECT_EQ(second->chunk.text, "two\n");
  EXPECT_TRUE(log.used());
}

TEST(AttemptLog, OfAnAttemptThatGoesOnComesBehindWhatItPrintedBefore) {
  StartAttempt start = some_attempt();
  AttemptLog fresh(start, 1000);
  fresh.append("one");
  EXPECT_EQ(fresh.take(Time{}, true)->earlier, nullptr);
  start.info.checkpoint = Json::object({{"step", 2}});
  AttemptLog resumed(start, 1000);
  resumed.append("two");
  const auto first = resumed.take(Time{}, false);
  resumed.append("three");
  const auto second = resumed.take(Time{}, true);
  ASSERT_NE(first->earlier, nullptr);
  EXPECT_EQ(first->earlier, second->earlier) << "one look for both";
  EXPECT_EQ(second->chunk.offset, 3);
}

TEST(AttemptLog, KeepsACharacterTogetherThatComesInTwoPieces) {
  AttemptLog log(some_attempt(), 1000);
  log.append("gr\xc3");
  EXPECT_EQ(log.take(Time{}, false)->chunk.text, "gr");
  log.append("\xbc\xc3\x9f");
  const auto rest = log.take(Time{}, false);
  EXPECT_EQ(rest->chunk.text, "üß");
  EXPECT_EQ(rest->chunk.offset, 2);
  log.append("\xe2\x82");
  EXPECT_FALSE(log.take(Time{}, false).has_value());
  EXPECT_EQ(log.take(Time{}, true)->chunk.text, "??");
}

// Cases of the Unicode standard, tables 3-7 and 3-8.
TEST(AttemptLog, ReplacesWhatIsNoUtf8ByteForByte) {
  const auto text_of = [](std::string bytes) {
    make_text(bytes);
    return bytes;
  };
  EXPECT_EQ(text_of("a\xff"
                    "b"),
            "a?b");
  EXPECT_EQ(text_of(std::string("a\0b", 3)), "a?b");
  EXPECT_EQ(text_of("\xc0\xaf."), "??.");            // overlong
  EXPECT_EQ(text_of("\xed\xa0\x80."), "???.");       // surrogate
  EXPECT_EQ(text_of("\xf4\x90\x80\x80."), "????.");  // beyond U+10FFFF
  EXPECT_EQ(text_of("\xf0\x9f\x98\x80"), "\xf0\x9f\x98\x80");
  EXPECT_EQ(text_of("\xe2\x82z"), "??z");
}

TEST(AttemptLog, DropsWhatIsBeyondItsLimitAndSaysSoOnce) {
  AttemptLog log(some_attempt(), 10);
  log.append("12345678");
  log.append("abcdef");
  log.append("more");
  EXPECT_EQ(log.take(Time{}, true)->chunk.text,
            "12345678ab\n[millrace: the log is full at 10 bytes; what follows is dropped]\n");
  log.append("and more");
  EXPECT_FALSE(log.take(Time{}, true).has_value());
}

}  // namespace
}  // namespace millrace::exec
