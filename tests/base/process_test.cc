#include "engine/base/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace millrace {
namespace {

/// What `sh -c script` prints; `spec` says how it is started.
std::string printed(ProcessSpec spec, const std::string& script) {
  int pipes[2];
  EXPECT_EQ(0, pipe2(pipes, O_CLOEXEC));
  const UniqueFd reading(pipes[0]);
  UniqueFd writing(pipes[1]);
  spec.argv = {"sh", "-c", script};
  if (spec.environment.empty()) spec.environment = own_environment();
  spec.descriptors.push_back({STDOUT_FILENO, writing.get()});
  const auto pid = start_process(spec);
  EXPECT_TRUE(pid.ok()) << pid.error().message;
  writing.reset();
  std::string out;
  char buffer[4096];
  for (ssize_t size = 0; (size = read(reading.get(), buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(size));
  if (pid) EXPECT_EQ(0, reap(*pid));
  return out;
}

TEST(Process, GetsArgumentsEnvironmentAndFolder) {
  ProcessSpec spec;
  spec.environment = {"ONE=1", "PATH=/usr/bin:/bin"};
  spec.folder = "/usr";
  EXPECT_EQ("1 /usr unset\n", printed(spec, "echo $ONE $(pwd) ${HOME-unset}"));
}

TEST(Process, HasTheDescriptorsThatItIsGivenAndNoOther) {
  const UniqueFd ours(open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  const UniqueFd file(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  ProcessSpec spec;
  spec.descriptors = {{0, ours.get()}, {7, file.get()}, {5, -1}};
  // ls itself opens one more, for the folder.
  EXPECT_EQ("/dev/null /dev/zero\n0 1 2 3 7\n",
            printed(spec,
                    "echo $(readlink /proc/self/fd/0 /proc/self/fd/7); "
                    "echo $(ls /proc/self/fd)"));
}

TEST(Process, ItsDescriptorsMayBeGivenCrosswise) {
  const UniqueFd one(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd two(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  ProcessSpec spec;
  spec.descriptors = {{one.get(), two.get()}, {two.get(), one.get()}};
  EXPECT_EQ("/dev/zero /dev/null\n",
            printed(spec, "echo $(readlink /proc/self/fd/" + std::to_string(one.get()) +
                              " /proc/self/fd/" + std::to_string(two.get()) + ")"));
}

TEST(Process, LeadsAGroupOrASession) {
  ProcessSpec spec;
  // Fields 5 and 6 of the stat file: process group and session.
  const std::string script =
      "set -- $(cat /proc/$$/stat); [ $5 = $$ ] && echo group; "
      "[ $6 = $$ ] && echo session; true";
  EXPECT_EQ("group\n", printed(spec, script));
  spec.group = ProcessSpec::Group::own_session;
  EXPECT_EQ("group\nsession\n", printed(spec, script));
}

TEST(Process, IgnoresAndBlocksNoSignal) {
  struct sigaction ignore {
  }, before{};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGHUP, &ignore, &before);
  sigset_t blocked, old;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  pthread_sigmask(SIG_BLOCK, &blocked, &old);
  const std::string seen = printed({}, "grep -E 'Sig(Blk|Ign)' /proc/self/status | cut -f2");
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  sigaction(SIGHUP, &before, nullptr);
  EXPECT_EQ("0000000000000000\n0000000000000000\n", seen);
  // Ours are as they were.
  struct sigaction now {};
  sigaction(SIGHUP, nullptr, &now);
  EXPECT_EQ(before.sa_handler, now.sa_handler);
}

TEST(Process, RunsAsAnotherUserWithoutOurGroups) {
  if (geteuid() != 0) {
    // Without the right to change the user it is an error.
    ProcessSpec spec;
    spec.argv = {"true"};
    spec.user = ProcessUser{1, 1};
    EXPECT_EQ(ErrorCode::permission_denied, start_process(spec).error().code);
    return;
  }
  ProcessSpec spec;
  spec.user = ProcessUser{65534, 65534};
  EXPECT_EQ("65534 65534 65534\n", printed(spec, "echo $(id -u) $(id -g) $(id -G)"));
  EXPECT_EQ(0u, geteuid());  // of every thread of ours
  std::thread([] { EXPECT_EQ(0u, geteuid()); }).join();
}

TEST(Process, TellsWhyItCannotStart) {
  ProcessSpec spec;
  spec.environment = own_environment();
  EXPECT_EQ(ErrorCode::invalid_argument, start_process(spec).error().code);
  spec.argv = {"/no/such/program"};
  EXPECT_EQ("cannot run '/no/such/program': No such file or directory",
            start_process(spec).error().message);
  spec.argv = {"no-such-program-on-path"};
  EXPECT_EQ(ErrorCode::not_found, start_process(spec).error().code);
  spec.argv = {"true"};
  spec.folder = "/no/such/folder";
  EXPECT_EQ("cannot run 'true': there is no folder '/no/such/folder'",
            start_process(spec).error().message);
  spec.folder = "";
  spec.argv = {"/etc/passwd"};
  EXPECT_EQ(ErrorCode::permission_denied, start_process(spec).error().code);
  EXPECT_EQ(-1, waitpid(-1, nullptr, WNOHANG)) << "a child is left";
}

TEST(Process, EndsWithTheThreadThatStartedIt) {
  pid_t pid = 0;
  std::thread([&pid] {
    ProcessSpec spec;
    spec.argv = {"sleep", "1000"};
    spec.environment = own_environment();
    spec.signal_on_parent_death = SIGTERM;
    const auto started = start_process(spec);
    ASSERT_TRUE(started.ok());
    pid = *started;
  }).join();
  ASSERT_TRUE(wait_for_exit(pid, std::chrono::seconds{10}));
  EXPECT_EQ("signal 15 (Terminated)", describe_exit(reap(pid)));
}

TEST(Process, WaitsForAnyProcess) {
  EXPECT_FALSE(wait_for_exit(getpid(), std::chrono::milliseconds{1}));
  ProcessSpec spec;
  spec.argv = {"sh", "-c", "exit 3"};
  spec.environment = own_environment();
  const auto pid = start_process(spec);
  ASSERT_TRUE(pid.ok());
  EXPECT_TRUE(wait_for_exit(*pid, std::chrono::seconds{10}));
  EXPECT_EQ("exit code 3", describe_exit(reap(*pid)));
  EXPECT_TRUE(wait_for_exit(*pid, std::chrono::seconds{10}));  // gone
  EXPECT_FALSE(watch_process(*pid));
}

TEST(Process, ReadsWhatAProgramPrints) {
  EXPECT_EQ("one\ntwo\n", output_of({"printf", "one\\ntwo\\n"}, 100).value_or(""));
  EXPECT_EQ("'false' ended with exit code 1", output_of({"false"}, 100).error().message);
  EXPECT_EQ("'yes' writes more than 100 bytes", output_of({"yes"}, 100).error().message);
  EXPECT_EQ(ErrorCode::not_found, output_of({"no-such-program-on-path"}, 100).error().code);
}

TEST(Process, StartsFromManyThreadsAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([i] {
      for (int n = 0; n < 10; ++n)
        EXPECT_EQ(std::to_string(i) + "\n", printed({}, "echo " + std::to_string(i)));
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace
}  // namespace millrace
