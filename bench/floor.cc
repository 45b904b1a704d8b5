#include "bench/floor.h"

#include <libpq-fe.h>
#include <spawn.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "bench/report.h"

namespace millrace::bench {
namespace {

using Seconds = std::chrono::duration<double>;
using SteadyClock = std::chrono::steady_clock;

Status execute(PGconn* connection, const char* sql) {
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection, sql), PQclear);
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return {};
  return unavailable(PQerrorMessage(connection));
}

Status spawn_and_wait() {
  char program[] = "/bin/true";
  char* argv[] = {program, nullptr};
  char* environment[] = {nullptr};
  pid_t child = 0;
  if (posix_spawn(&child, program, nullptr, nullptr, argv, environment) != 0)
    return unavailable("cannot start /bin/true");
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0 ? Status{} : Status{unavailable("/bin/true failed")};
}

}  // namespace

Result<double> commit_ms(const std::string& dsn, int commits) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(dsn.c_str()), PQfinish);
  if (PQstatus(connection.get()) != CONNECTION_OK)
    return unavailable(PQerrorMessage(connection.get()));
  MR_CHECK(execute(connection.get(), "CREATE TABLE IF NOT EXISTS public.bench_floor (n int)"));
  std::vector<double> samples;
  for (int i = 0; i < commits; ++i) {
    const auto before = SteadyClock::now();
    MR_CHECK(execute(connection.get(), "INSERT INTO public.bench_floor VALUES (1)"));
    samples.push_back(Seconds(SteadyClock::now() - before).count() * 1e3);
  }
  MR_CHECK(execute(connection.get(), "DROP TABLE public.bench_floor"));
  return median(std::move(samples));
}

Result<double> spawns_per_s(int processes_per_loop) {
  constexpr int kLoops = 2;
  std::atomic<bool> failed = false;
  std::vector<std::thread> loops;
  const auto before = SteadyClock::now();
  for (int loop = 0; loop < kLoops; ++loop)
    loops.emplace_back([&] {
      for (int i = 0; i < processes_per_loop; ++i)
        if (!spawn_and_wait()) failed = true;
    });
  for (auto& loop : loops) loop.join();
  if (failed) return unavailable("/bin/true could not be started, or failed");
  return kLoops * processes_per_loop / Seconds(SteadyClock::now() - before).count();
}

}  // namespace millrace::bench
