#include "bench/counters.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <sstream>
#include <vector>

namespace millrace::bench {
namespace {

struct Process {
  int parent = 0;
  double seconds = 0;
};

/// "PID (name) state parent …": name may hold anything, so what counts stands after the last ')'.
Process read_process(const std::filesystem::path& folder) {
  std::ifstream file(folder / "stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  Process process;
  if (text.empty()) return process;
  std::istringstream fields(text.substr(text.rfind(')') + 2));
  std::vector<std::string> words;
  for (std::string word; fields >> word;) words.push_back(word);
  if (words.size() < 15) return process;
  process.parent = std::atoi(words[1].c_str());
  for (std::size_t i = 11; i < 15; ++i)  // utime, stime, and those of children
    process.seconds += std::atof(words[i].c_str()) / static_cast<double>(sysconf(_SC_CLK_TCK));
  return process;
}

}  // namespace

Result<Counters> counters(const std::string& dsn) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(dsn.c_str()), PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(
      PQexec(connection.get(),
             "SELECT (SELECT count(*) FROM millrace.run_end),"
             "(SELECT count(*) FROM millrace.task_instance WHERE state = 'success'),"
             "pg_current_wal_lsn() - '0/0',"
             "(SELECT coalesce(sum(n_dead_tup), 0) FROM pg_stat_user_tables"
             " WHERE schemaname = 'millrace')"),
      PQclear);
  if (PQresultStatus(result.get()) != PGRES_TUPLES_OK)
    return unavailable(PQerrorMessage(connection.get()));
  const auto number = [&](int column) { return std::atoll(PQgetvalue(result.get(), 0, column)); };
  return Counters{number(0), number(1), number(2), number(3)};
}

double cpu_seconds() {
  std::map<int, Process> processes;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") == std::string::npos)
      processes[std::atoi(name.c_str())] = read_process(entry.path());
  }
  double seconds = 0;
  for (const auto& [pid, process] : processes) {
    int at = pid;
    while (at != getpid() && processes.contains(at)) at = processes[at].parent;
    if (at == getpid()) seconds += process.seconds;
  }
  return seconds;
}

}  // namespace millrace::bench
