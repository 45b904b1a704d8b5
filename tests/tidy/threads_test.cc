#include "tests/tidy/threads.h"

#include <gtest/gtest.h>

namespace millrace::tidy {
namespace {

// ------------------------------------------------------------------------------ the project's own

TEST(TidyThreads, MutexesAreAnnotated) {
  const Findings found = check_mutexes(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyThreads, EachMutexGuardsAMember) {
  const Findings found = check_guards(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyThreads, ThreadsAreServices) {
  const Findings found = check_threads(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyThreads, OneFileStartsProcesses) {
  const Findings found = check_processes(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

// ----------------------------------------------------------------------- each rule finds its
// sample

Tree thread_sample(std::string path, std::string_view text) {
  return {{make_source(std::move(path), text)}, {}};
}

TEST(TidyThreadsSample, Mutexes) {
  const std::string_view text = "\nstd::mutex m;\nconst std::lock_guard lock(m);\n";
  const Findings found = check_mutexes(thread_sample("engine/x/a.cc", text));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_TRUE(found[0].starts_with("engine/x/a.cc:2:")) << found[0];
  EXPECT_TRUE(check_mutexes(thread_sample("engine/base/mutex.h", text)).empty());
  EXPECT_TRUE(check_mutexes(thread_sample("tests/x/a.cc", text)).empty());
  EXPECT_TRUE(check_mutexes(thread_sample("engine/x/a.cc", "// a std::mutex is not\n")).empty());
}

TEST(TidyThreadsSample, Guards) {
  EXPECT_EQ(check_guards(thread_sample("engine/x/a.h", "  Mutex mutex_;\n  int a_ = 0;\n")).size(),
            1u);
  EXPECT_EQ(check_guards(thread_sample("engine/x/a.h",
                                       "  mutable Mutex one_;\n  int a_ GUARDED_BY(two_) = 0;\n"))
                .size(),
            1u);
  EXPECT_TRUE(check_guards(thread_sample("engine/x/a.h",
                                         "  Mutex mutex_;\n  int a_ GUARDED_BY(mutex_) = 0;\n"))
                  .empty());
  EXPECT_TRUE(
      check_guards(thread_sample("engine/x/a.h", "  Mutex write_mutex_;  // of the socket\n"))
          .empty());
  EXPECT_TRUE(
      check_guards(thread_sample("engine/x/a.h", "  explicit Lock(Mutex& mutex);\n")).empty());
}

TEST(TidyThreadsSample, Threads) {
  EXPECT_EQ(check_threads(thread_sample("engine/x/a.h", "  std::thread thread_;\n")).size(), 1u);
  EXPECT_EQ(check_threads(thread_sample("engine/x/a.cc", "std::jthread t(f);\n")).size(), 1u);
  EXPECT_EQ(check_threads(thread_sample("engine/x/a.cc", "worker.detach();\n")).size(), 1u);
  EXPECT_TRUE(check_threads(thread_sample("engine/base/service.h", "std::jthread t;\n")).empty());
  EXPECT_TRUE(check_threads(
                  thread_sample("engine/x/a.cc", "int n = std::thread::hardware_concurrency();\n"))
                  .empty());
}

TEST(TidyThreadsSample, Processes) {
  EXPECT_EQ(check_processes(thread_sample("engine/x/a.cc", "pid = ::fork();\n")).size(), 1u);
  EXPECT_EQ(check_processes(thread_sample("operators/x/a.cc", "std::system(\"ls\");\n")).size(),
            1u);
  EXPECT_EQ(
      check_processes(thread_sample("engine/x/a.cc", "posix_spawnp(&p, a, b, c, d, e);\n")).size(),
      1u);
  EXPECT_TRUE(check_processes(thread_sample("engine/base/process.cc", "clone(f, s);\n")).empty());
  EXPECT_TRUE(check_processes(thread_sample("engine/x/a.cc", "auto b = a.clone();\n")).empty());
  EXPECT_TRUE(check_processes(thread_sample("tests/x/a.cc", "fork();\n")).empty());
}

}  // namespace
}  // namespace millrace::tidy
