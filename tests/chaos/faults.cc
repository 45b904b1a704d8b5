#include "tests/chaos/faults.h"

#include <signal.h>

#include <algorithm>
#include <memory>
#include <pqxx/pqxx>

#include "engine/base/fault_point.h"
#include "tests/chaos/faults_machine.h"
#include "tests/chaos/leadership.h"
#include "tests/chaos/load.h"

namespace millrace::chaos {
namespace {

using std::chrono::milliseconds;

constexpr const char* kZombieEnds = "last program of a deposed engine";

void rest(milliseconds time) { std::this_thread::sleep_for(time); }

std::size_t any_engine(Battlefield& field) { return field.rng.below(Engines::kCount); }

/// How long until another term has begun, by another owner.
void measure_failover(Battlefield& field, const Term& before) {
  const auto taken = wait_for_another_term(field.cluster, before);
  field.seconds["fail-over"].push_back(taken.value_or(Seconds{10}).count());
}

// --- engines and runners -------------------------------------------------------------------------

int kill_runner(Battlefield& field) {
  const std::size_t engine = wait_for_leader(field);
  const pid_t parent = field.engines.pid(engine);
  const auto runners = field.engines.runners(engine);
  if (runners.empty()) return 0;
  const pid_t victim = runners[field.rng.below(runners.size())];
  if (kill(victim, SIGKILL) != 0) return 0;
  // The engine has seen it when it has buried the process.
  const auto seen = time_until([&] { return kill(victim, 0) != 0; }, Seconds{5});
  // An engine that dies meanwhile, at a fault point that was set before, buries nobody.
  if (field.engines.pid(engine) == parent)
    field.seconds["runner death"].push_back(seen.value_or(Seconds{5}).count());
  return 1;
}

int kill_all_runners(Battlefield& field) {
  int killed = 0;
  for (const pid_t runner : field.engines.runners(wait_for_leader(field)))
    killed += kill(runner, SIGKILL) == 0;
  return killed;
}

struct Hanging {
  std::size_t engine = 0;
  pid_t runner = 0, program = 0;
};

/// A runner whose attempt hangs (load.h). Other programs are left to a runner for a moment when
/// their parents die.
std::optional<Hanging> hanging_attempt(Battlefield& field) {
  for (std::size_t engine = 0; engine < Engines::kCount; ++engine)
    for (const pid_t runner : field.engines.runners(engine))
      for (const pid_t program : children_of(runner))
        if (program_of(program) == "sleep" && age_of(program) < 0.5 &&
            was_started_with(program, "MILLRACE_DAG_ID=hang"))
          return Hanging{engine, runner, program};
  return std::nullopt;
}

/// Stopped, it answers nothing: its deadline ends it, and what it had started with it.
int freeze_runner(Battlefield& field) {
  std::optional<Hanging> hanging;
  time_until([&] { return (hanging = hanging_attempt(field)).has_value(); }, Seconds{5});
  if (!hanging) return 0;
  const double age = age_of(hanging->program);
  if (kill(hanging->runner, SIGSTOP) != 0) return 0;
  const auto gone = [&] { return !is_alive(hanging->runner) && !is_alive(hanging->program); };
  const auto taken = time_until(gone, Seconds{10});
  field.seconds["hung runner, beyond the deadline"].push_back(
      age + taken.value_or(Seconds{10}).count() - kHangTimeout.count());
  return 1;
}

int kill_leader(Battlefield& field) {
  const std::size_t leader = wait_for_leader(field);
  const Term term = current_term(field.cluster);
  field.engines.kill_engine(leader);
  measure_failover(field, term);
  return 1;
}

int kill_standby(Battlefield& field) {
  field.engines.kill_engine(1 - wait_for_leader(field));
  rest(milliseconds{100});
  return 1;
}

int kill_both(Battlefield& field) {
  for (std::size_t i = 0; i < Engines::kCount; ++i) field.engines.kill_engine(i);
  rest(milliseconds{300});
  return 2;
}

/// What the attempts have started lives on: the next engine finds it.
int kill_leader_with_runners(Battlefield& field) {
  const std::size_t leader = wait_for_leader(field);
  const Term term = current_term(field.cluster);
  field.engines.kill_with_runners(leader);
  measure_failover(field, term);
  return 1;
}

int cancel_and_retry(Battlefield& field) { return field.load.cancel_and_retry(field.rng, 1); }
int cancel_twice(Battlefield& field) { return field.load.cancel_and_retry(field.rng, 2); }

/// Stopped until another leads and for `longer`; awake again, it must be refused, and must end what
/// it runs.
int freeze_leader(Battlefield& field, Seconds longer) {
  std::optional<Hanging> hanging;
  std::size_t leader = wait_for_leader(field);
  const auto leader_has_one = [&] {
    return (hanging = hanging_attempt(field)) && hanging->engine == leader;
  };
  const bool watched = time_until(leader_has_one, Seconds{3}).has_value();
  const Term term = current_term(field.cluster);
  {
    const Frozen frozen(field.engines.pid(leader));
    if (!frozen.stopped()) return 0;
    measure_failover(field, term);
    std::this_thread::sleep_for(longer);
  }
  if (!watched) return 1;
  const auto ended = time_until([&] { return !is_alive(hanging->program); }, Seconds{10});
  field.seconds[kZombieEnds].push_back(ended.value_or(Seconds{10}).count());
  if (!ended) field.complaints.emplace_back("a deposed engine let a program go on");
  return 1;
}

int freeze_leader_shortly(Battlefield& field) {
  return freeze_leader(field, Seconds{field.rng.uniform()});
}
int freeze_leader_for_a_minute(Battlefield& field) { return freeze_leader(field, Seconds{60}); }

/// Both engines wait for it; the first that passes there as often as said ends.
int fail_at_a_point(Battlefield& field) {
  const std::string point(kFaultPointNames[field.next_point++ % kFaultPointNames.size()]);
  const std::filesystem::path token = field.folder / ("token-" + std::to_string(field.rng.next()));
  const std::string armed = "MILLRACE_FAULT=" + point + ":" +
                            std::to_string(1 + field.rng.below(4)) + ":" + token.string();
  for (std::size_t i = 0; i < Engines::kCount; ++i) field.engines.kill_engine(i, {armed});
  const auto died = time_until([&] { return std::filesystem::exists(token); }, Seconds{10});
  field.points[point] += died.has_value();
  std::filesystem::remove(token);
  return 2 + died.has_value();
}

// --- PostgreSQL ----------------------------------------------------------------------------------

int terminate_backends(Battlefield& field, const std::string& limit) {
  pqxx::connection connection(field.cluster.dsn());
  pqxx::nontransaction query(connection);
  const auto rows = query.exec(
      "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity WHERE "
      "backend_type = 'client backend' AND pid <> pg_backend_pid() ORDER BY random() " +
      limit + ") AS chosen");
  return static_cast<int>(rows.size());
}

int end_one_backend(Battlefield& field) { return terminate_backends(field, "LIMIT 1"); }
int end_all_backends(Battlefield& field) { return terminate_backends(field, ""); }

int signal_postmaster(Battlefield& field, int signal) {
  const pid_t pid = field.cluster.postmaster();
  if (pid <= 0 || kill(pid, signal) != 0) return 0;
  time_until([&] { return field.cluster.postmaster() != pid; }, Seconds{10});
  (void)field.cluster.ensure_running();
  return 1;
}

int stop_postgres_fast(Battlefield& field) { return signal_postmaster(field, SIGINT); }
int stop_postgres_immediately(Battlefield& field) { return signal_postmaster(field, SIGQUIT); }
int kill_postgres(Battlefield& field) { return signal_postmaster(field, SIGKILL); }

int exhaust_connections(Battlefield& field) {
  std::vector<std::unique_ptr<pqxx::connection>> held;
  try {
    for (int i = 0; i < 100; ++i)
      held.push_back(std::make_unique<pqxx::connection>(field.cluster.dsn()));
  } catch (const pqxx::broken_connection&) {
  }
  rest(milliseconds{500});
  // Those that the engines hold go as well: they have to come back through the crowd.
  pqxx::nontransaction query(*held.front());
  query.exec(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE "
      "'millrace%' AND pid <> pg_backend_pid() LIMIT 3");
  rest(milliseconds{500});
  return 1;
}

/// An idle transaction keeps dead rows from being removed meanwhile.
int pin_old_rows(Battlefield& field) {
  pqxx::connection connection(field.cluster.dsn());
  pqxx::transaction<pqxx::isolation_level::repeatable_read> transaction(connection);
  transaction.exec("SELECT count(*) FROM millrace.run");
  rest(milliseconds{1000});
  return 1;
}

// --- the network ---------------------------------------------------------------------------------

int cut_connections(Battlefield& field) {
  field.engines.proxy(any_engine(field)).cut();
  rest(milliseconds{50});
  return 1;
}

int lose_an_answer(Battlefield& field) {
  Proxy& proxy = field.engines.proxy(wait_for_leader(field));
  const int before = proxy.answers_lost();
  proxy.lose_next_answer();
  time_until([&] { return proxy.answers_lost() > before; }, Seconds{1});
  return proxy.answers_lost() - before;
}

int part_leader_from_database(Battlefield& field) {
  const std::size_t leader = wait_for_leader(field);
  const Term term = current_term(field.cluster);
  Proxy& proxy = field.engines.proxy(leader);
  proxy.hold(true);
  try {
    measure_failover(field, term);
  } catch (...) {
    proxy.hold(false);
    throw;
  }
  rest(milliseconds{field.rng.below(500)});
  proxy.hold(false);
  return 1;
}

std::vector<Fault> process_and_network_faults() {
  return {
      {"runner: kill -9", 60, kill_runner},
      {"runner: kill -9 of all", 10, kill_all_runners},
      {"runner: SIGSTOP", 3, freeze_runner},
      {"engine: kill -9 of the leader", 4, kill_leader},
      {"engine: kill -9 of the standby", 6, kill_standby},
      {"engine: kill -9 of both", 2, kill_both},
      {"engine: kill -9 of the leader and its runners", 6, kill_leader_with_runners},
      {"user: a run is cancelled, and retried at once", 12, cancel_and_retry},
      {"user: a run is cancelled twice, and retried", 6, cancel_twice},
      {"engine: SIGSTOP of the leader, SIGCONT when deposed", 3, freeze_leader_shortly},
      {"engine: SIGSTOP of the leader for a minute", kRare, freeze_leader_for_a_minute},
      {"engine or runner: killed at a fault point", 6, fail_at_a_point},
      {"PostgreSQL: a backend is terminated", 40, end_one_backend},
      {"PostgreSQL: all backends are terminated", 8, end_all_backends},
      {"PostgreSQL: fast restart", 1, stop_postgres_fast},
      {"PostgreSQL: immediate stop", 1, stop_postgres_immediately},
      {"PostgreSQL: kill -9", 1, kill_postgres},
      {"PostgreSQL: no connection left", 1, exhaust_connections},
      {"PostgreSQL: an idle transaction pins old rows", 1, pin_old_rows},
      {"network: all connections of an engine are cut", 40, cut_connections},
      {"network: the answer to a commit is lost", 40, lose_an_answer},
      {"network: the leader is parted from the database", 3, part_leader_from_database},
  };
}

}  // namespace

std::optional<std::size_t> leading_engine(const Battlefield& field) {
  return field.engines.with_owner(current_term(field.cluster).owner);
}

std::size_t wait_for_leader(Battlefield& field) {
  std::optional<std::size_t> leader;
  time_until([&] { return (leader = leading_engine(field)).has_value(); }, Seconds{10});
  return leader.value_or(0);
}

const std::vector<Fault>& all_faults() {
  static const std::vector<Fault> kFaults = [] {
    std::vector<Fault> faults = machine_faults();
    const std::vector<Fault> others = process_and_network_faults();
    faults.insert(faults.end(), others.begin(), others.end());
    return faults;
  }();
  return kFaults;
}

}  // namespace millrace::chaos
