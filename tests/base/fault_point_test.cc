#include "engine/base/fault_point.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace millrace {
namespace {

/// Of this program again, armed, which passes `journal.committed` five times.
int status_of_a_process(const std::string& fault) {
  const pid_t child = fork();
  if (child == 0) {
    setenv("MILLRACE_FAULT", fault.c_str(), 1);
    const char* filter = "--gtest_filter=FaultPointTest.AreHarmlessUnarmed";
    execl("/proc/self/exe", "fault_point_test", filter, "--gtest_brief=1", nullptr);
    _exit(127);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status;
}

// Armed, this is also what the tests below run in a process of its own.
TEST(FaultPointTest, AreHarmlessUnarmed) {
  int passes = 0;
  for (; passes < 5; ++passes) pass(FaultPoint::journal_committed);
  EXPECT_EQ(passes, 5);
}

bool was_killed(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL; }
bool went_through(int status) { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }

TEST(FaultPointTest, EndsTheProcessAtThatPassOfThatPlace) {
  EXPECT_TRUE(was_killed(status_of_a_process("journal.committed")));
  EXPECT_TRUE(was_killed(status_of_a_process("journal.committed:5")));
  EXPECT_TRUE(went_through(status_of_a_process("journal.committed:6")));
  EXPECT_TRUE(went_through(status_of_a_process("attempt.sent:1")));
  EXPECT_TRUE(went_through(status_of_a_process("no.such.place:1")));
  EXPECT_TRUE(went_through(status_of_a_process("")));
}

TEST(FaultPointTest, HappensOnceWithAToken) {
  const std::string token =
      (std::filesystem::temp_directory_path() / ("fault-" + std::to_string(getpid()))).string();
  EXPECT_TRUE(was_killed(status_of_a_process("journal.committed:2:" + token)));
  EXPECT_TRUE(std::filesystem::exists(token));
  EXPECT_TRUE(went_through(status_of_a_process("journal.committed:2:" + token)));
  std::filesystem::remove(token);
}

}  // namespace
}  // namespace millrace
