// The other process of the tests: a runner with fake operators; or, with "engine" as its first
// argument, an engine that starts one attempt and waits to be killed.
#include <poll.h>
#include <unistd.h>

#include <cstring>

#include "engine/exec/runner_main.h"
#include "engine/exec/runner_pool.h"
#include "tests/exec/fake_operators.h"

namespace {

using namespace millrace;

class NoLogs final : public LogStore {
 public:
  Status append(std::span<const LogChunk>) override { return {}; }
  Result<std::string> read(const Uuid&, std::string_view, int, int, std::int64_t,
                           std::size_t) override {
    return std::string();
  }
  Result<std::int64_t> length(const Uuid&, std::string_view, int, int) override { return 0; }
};

int engine_main(const char* work_dir, const char* pid_file, bool own_session, const char* mark) {
  const Catalog catalog = test::fake_catalog();
  test::NoArtifacts artifacts;
  NoLogs logs;
  const SystemClock clock;
  RunnerPoolConfig config;
  config.argv = {"/proc/self/exe"};
  config.work_dir = work_dir;
  config.mark = mark;
  RunnerPool pool(config, {catalog, artifacts, logs, clock, {}});
  StartAttempt start;
  start.op = "leave_child";
  start.with = Json::object({{"pid_file", pid_file},
                             {"own_session", own_session},
                             {"hang", true},
                             {"bare", own_session}});
  pool.start({start});
  while (true) poll(nullptr, 0, -1);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc >= 5 && std::strcmp(argv[1], "engine") == 0)
    return engine_main(argv[2], argv[3], std::strcmp(argv[4], "own_session") == 0,
                       argc == 6 ? argv[5] : "");
  // This one ends before it says hello.
  if (argc == 2 && std::strcmp(argv[1], "broken") == 0) return 4;
  const Catalog catalog = test::fake_catalog();
  test::NoArtifacts artifacts;
  const SystemClock clock;
  return runner_main(catalog, artifacts, clock);
}
