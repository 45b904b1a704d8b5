#include "engine/exec/attempt_log.h"

#include <gtest/gtest.h>

#include "engine/exec/runner_process.h"

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

TEST(AttemptLog, KeepsTheBeginningAndTheEndOfALongOne) {
  AttemptLog log(some_attempt(), 20);  // ten bytes of each
  log.append("12345678");
  log.append("abcdef\n");
  for (int i = 0; i < 100; ++i) log.append("middle\n");
  EXPECT_EQ(log.take(Time{}, false)->chunk.text, "12345678ab");
  log.append("the end\n");
  const auto end = log.take(Time{}, true);
  ASSERT_TRUE(end);
  EXPECT_EQ(end->chunk.offset, 10);
  // 8 + 7 + 700 + 8 bytes; the first 10 and the last 8 are kept.
  EXPECT_EQ(end->chunk.text,
            "\n[millrace: 705 bytes are left out here: a log keeps 20 bytes]\nthe end\n");
}

TEST(AttemptLog, ALogJustWithinItsLimitIsWhole) {
  AttemptLog log(some_attempt(), 20);
  log.append("123456789\nabcdefghi\n");
  std::string text = log.take(Time{}, false)->chunk.text;
  text += log.take(Time{}, true)->chunk.text;
  EXPECT_EQ(text, "123456789\nabcdefghi\n");
}

TEST(AttemptLog, KnowsTheLineThatNamesTheError) {
  const auto last_line = [](std::string_view text) {
    AttemptLog log(some_attempt(), 1 << 20);
    log.append(text);
    return log.last_line();
  };
  EXPECT_EQ(last_line("Traceback (most recent call last):\n  File \"x.py\", line 1, in <module>\n"
                      "    1/0\nZeroDivisionError: division by zero\n"),
            "ZeroDivisionError: division by zero");
  EXPECT_EQ(last_line("cat: nothing: No such file or directory\n\n  \n"),
            "cat: nothing: No such file or directory");
  EXPECT_EQ(last_line("Error in f(x) : boom\nExecution halted\n"), "Error in f(x) : boom");
  EXPECT_EQ(last_line("no newline"), "no newline");
  EXPECT_EQ(last_line(""), "");
  EXPECT_EQ(last_line(std::string(10'000, 'x')), std::string(500, 'x') + "…");
  EXPECT_EQ(last_line("\x1b[31mred\xff\n"), "[31mred?");
}

TEST(LastLine, StandsInTheErrorOfAProgram) {
  const auto text = [](std::string message, std::string_view line, std::int64_t limit = 0) {
    return with_last_line(invalid_argument(std::move(message)), line, limit);
  };
  const std::string ended = "'python3' ended with exit code 1; its output is in the log";
  EXPECT_EQ(text(ended, "ZeroDivisionError: division by zero").message,
            "'python3' ended with exit code 1: ZeroDivisionError: division by zero");
  EXPECT_EQ(text(ended, "").message, "'python3' ended with exit code 1; it printed nothing");
  EXPECT_EQ(text("no such file", "a line").message, "no such file");
  const Error memory = text(ended, "MemoryError", 64 << 20);
  EXPECT_EQ(memory.code, ErrorCode::resource_exhausted);
  EXPECT_EQ(memory.message,
            "out of memory: the limit of the task is 64 MiB, and 'python3' ended with exit code 1: "
            "MemoryError");
  EXPECT_EQ(text(ended, "MemoryError").code, ErrorCode::invalid_argument) << "it had no limit";
}

}  // namespace
}  // namespace millrace::exec
