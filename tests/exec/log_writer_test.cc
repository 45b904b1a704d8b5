#include "engine/exec/log_writer.h"

#include <gtest/gtest.h>

#include <condition_variable>

#include "engine/store/mem_store.h"

namespace millrace::exec {
namespace {

class LogWriterTest : public ::testing::Test {
 protected:
  LogPiece chunk(std::string text, std::int64_t offset) {
    LogChunk out;
    out.run = Uuid{1, 2};
    out.task = "t";
    out.attempt = 1;
    out.offset = offset;
    out.text = std::move(text);
    return {out};
  }
  std::string stored() { return *store_.stores().logs.read(Uuid{1, 2}, "t", -1, 1, 0, 1000); }
  PendingReport result() { return {1, AttemptResult{AttemptKey{}, Outcome{Done{}}}}; }
  void wait_for_release() {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds{60}, [this] { return released_ > 0; }));
  }
  LogWriter::Release release() {
    return [this](std::vector<PendingReport> results) {
      const std::lock_guard lock(mutex_);
      released_ += results.size();
      seen_at_release_ = stored();
      changed_.notify_all();
    };
  }

  SystemClock clock_;
  MemStore store_{clock_};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t released_ = 0;
  std::string seen_at_release_;
};

TEST_F(LogWriterTest, ReleasesAResultWhenItsLogCanBeRead) {
  LogWriter writer(store_.stores().logs, release());
  writer.push(chunk("ab", 0));
  writer.push_last(chunk("cd", 2), result());
  wait_for_release();
  EXPECT_EQ(seen_at_release_, "abcd");
}

// A deferred attempt that goes on, twice: each call counts its bytes from 0.
TEST_F(LogWriterTest, WritesBehindWhatWasPrintedBeforeADeferral) {
  LogWriter writer(store_.stores().logs, release());
  writer.push(chunk("ab", 0));
  for (const auto& [first, second] : {std::pair("cd", "e"), std::pair("f", "gh")}) {
    const auto earlier = std::make_shared<std::optional<std::int64_t>>();
    LogPiece begins = chunk(first, 0), ends = chunk(second, std::ssize(std::string(first)));
    begins.earlier = ends.earlier = earlier;
    writer.push(begins);
    writer.push(ends);
  }
  writer.push_last(std::nullopt, result());
  wait_for_release();
  EXPECT_EQ(seen_at_release_, "abcdefgh");
}

TEST_F(LogWriterTest, WritesAResumedAttemptsLogOnceTheStoreIsBack) {
  std::atomic<bool> away = true;
  store_.set_fault_hook([&](std::string_view call) {
    return away && call == "logs.length" ? Fault::fail_before : Fault::none;
  });
  LogWriter writer(store_.stores().logs, release());
  writer.push(chunk("ab", 0));
  LogPiece later = chunk("cd", 0);
  later.earlier = std::make_shared<std::optional<std::int64_t>>();
  writer.push_last(later, result());
  wait_for_release();
  away = false;
  while (writer.backlog_bytes() > 0) std::this_thread::yield();
  EXPECT_EQ(stored(), "abcd");
}

TEST_F(LogWriterTest, ReleasesResultsWhileTheStoreIsAwayAndWritesLater) {
  std::atomic<bool> away = true;
  store_.set_fault_hook([&](std::string_view call) {
    return away && call == "logs.append" ? Fault::fail_before : Fault::none;
  });
  {
    LogWriter writer(store_.stores().logs, release());
    writer.push_last(chunk("ab", 0), result());
    wait_for_release();
    EXPECT_EQ(stored(), "");
    away = false;
    while (writer.backlog_bytes() > 0) std::this_thread::yield();
  }
  EXPECT_EQ(stored(), "ab");
}

TEST_F(LogWriterTest, WritesWhatIsQueuedBeforeItEnds) {
  {
    LogWriter writer(store_.stores().logs, release());
    for (int i = 0; i < 5000; ++i) writer.push(chunk("x", i));
  }
  EXPECT_EQ(store_.stores().logs.read(Uuid{1, 2}, "t", -1, 1, 0, 10'000)->size(), 5000u);
}

}  // namespace
}  // namespace millrace::exec
