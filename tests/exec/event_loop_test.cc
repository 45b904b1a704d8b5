#include "engine/exec/event_loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <thread>

#include "engine/base/process.h"
#include "engine/base/unique_fd.h"

namespace millrace::exec {
namespace {

using namespace std::chrono_literals;

constexpr Duration kNoWait{0};
constexpr Duration kPatience = 30s;

class EventLoopTest : public testing::Test {
 protected:
  EventLoopTest() {
    int ends[2];
    EXPECT_EQ(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends));
    ours_ = UniqueFd(ends[0]);
    theirs_ = UniqueFd(ends[1]);
  }
  void write_byte() { ASSERT_EQ(1, write(theirs_.get(), "x", 1)); }
  void read_byte() {
    char byte = 0;
    ASSERT_EQ(1, read(ours_.get(), &byte, 1));
  }

  UniqueFd ours_, theirs_;
  EventLoop loop_;
};

TEST_F(EventLoopTest, ActsOnceARoundWhileSomethingCanBeRead) {
  int acted = 0;
  const auto watch = loop_.watch(ours_.get(), [&] { ++acted; });
  loop_.run_round(kNoWait);
  EXPECT_EQ(0, acted);
  write_byte();
  for (int round = 1; round <= 3; ++round) {  // nothing has read the byte
    loop_.run_round(kPatience);
    EXPECT_EQ(round, acted);
  }
  read_byte();
  loop_.run_round(kNoWait);
  EXPECT_EQ(3, acted);
  write_byte();
  loop_.run_round(kPatience);
  EXPECT_EQ(4, acted);
}

TEST_F(EventLoopTest, OneRoundActsOnAllThatIsReady) {
  int pipes[2];
  ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC | O_NONBLOCK));
  const UniqueFd reading(pipes[0]), writing(pipes[1]);
  int messages = 0, outputs = 0, posted = 0;
  const auto socket = loop_.watch(ours_.get(), [&] { ++messages; });
  const auto output = loop_.watch(reading.get(), [&] { ++outputs; });
  write_byte();
  ASSERT_EQ(1, write(writing.get(), "x", 1));
  loop_.post([&] { ++posted; });
  loop_.run_round(kPatience);
  EXPECT_EQ(1, messages);
  EXPECT_EQ(1, outputs);
  EXPECT_EQ(1, posted);
}

TEST_F(EventLoopTest, AWatchThatIsOffDoesNotActUntilItIsOnAgain) {
  int acted = 0;
  EventLoop::Watch watch;
  watch = loop_.watch(ours_.get(), [&] {
    ++acted;
    watch.set_on(false);
  });
  write_byte();
  loop_.run_round(kPatience);
  loop_.run_round(kNoWait);
  EXPECT_EQ(1, acted);
  watch.set_on(true);
  loop_.run_round(kPatience);
  EXPECT_EQ(2, acted);
}

// What is ready when a runner ends may belong to it.
TEST_F(EventLoopTest, AWatchThatIsGoneDoesNotAct) {
  int acted = 0;
  std::optional<EventLoop::Watch> watch(loop_.watch(ours_.get(), [&] { ++acted; }));
  write_byte();
  loop_.post([&] { watch.reset(); });  // first in the round
  loop_.run_round(kPatience);
  loop_.run_round(kNoWait);
  EXPECT_EQ(0, acted);
  read_byte();  // the descriptor is open
}

TEST_F(EventLoopTest, AWatchMayEndInItsOwnAction) {
  int acted = 0;
  std::optional<EventLoop::Watch> watch;
  watch.emplace(loop_.watch(ours_.get(), [&] {
    watch.reset();
    ++acted;
  }));
  write_byte();
  loop_.run_round(kPatience);
  loop_.run_round(kNoWait);
  EXPECT_EQ(1, acted);
}

TEST_F(EventLoopTest, ActsWhenTheOtherEndIsClosed) {
  int acted = 0;
  const auto watch = loop_.watch(ours_.get(), [&] { ++acted; });
  theirs_.reset();
  loop_.run_round(kPatience);
  EXPECT_EQ(1, acted);
}

TEST_F(EventLoopTest, ActsWhenAProcessEnds) {
  ProcessSpec spec;
  spec.argv = {"/bin/true"};
  const auto pid = start_process(spec);
  ASSERT_TRUE(pid.ok());
  const UniqueFd process = watch_process(*pid);
  int acted = 0;
  const auto watch = loop_.watch(process.get(), [&] { ++acted; });
  loop_.run_round(kPatience);
  EXPECT_EQ(1, acted);
  EXPECT_EQ(0, reap(*pid));
}

TEST_F(EventLoopTest, ActsOnceWhenADescriptorThatWasFullCanBeWrittenTo) {
  auto watch = loop_.watch(ours_.get(), [] {});
  const std::array<char, 65536> bytes{};
  while (write(ours_.get(), bytes.data(), bytes.size()) > 0) {
  }
  int first = 0, second = 0;
  watch.when_writable([&] { ++first; });
  watch.when_writable([&] { ++second; });
  loop_.run_round(kNoWait);
  EXPECT_EQ(0, first);
  std::array<char, 65536> read_bytes;
  while (read(theirs_.get(), read_bytes.data(), read_bytes.size()) > 0) {
  }
  loop_.run_round(kPatience);
  loop_.run_round(kNoWait);
  EXPECT_EQ(1, first);
  EXPECT_EQ(0, second);
}

TEST_F(EventLoopTest, WhatAnotherThreadPostsEndsTheWaitAndRunsInOrder) {
  std::vector<int> order;
  std::jthread other([&] {
    for (int i = 0; i < 100; ++i) loop_.post([&order, i] { order.push_back(i); });
  });
  while (order.size() < 100) loop_.run_round(std::nullopt);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(i, order[static_cast<std::size_t>(i)]);
}

}  // namespace
}  // namespace millrace::exec
