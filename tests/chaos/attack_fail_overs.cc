#include <algorithm>
#include <map>
#include <pqxx/pqxx>
#include <stdexcept>
#include <thread>

#include "engine/base/clock.h"
#include "engine/cluster/private_cluster.h"
#include "engine/pg/database.h"
#include "engine/pg/pg_store.h"
#include "tests/chaos/attacks.h"
#include "tests/chaos/dense_dags.h"
#include "tests/chaos/due_dates.h"
#include "tests/chaos/engines.h"
#include "tests/chaos/leadership.h"
#include "tests/oracle/oracle.h"

namespace millrace::chaos {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Seconds kPatience{60};

template <typename T>
T required(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

/// Not started again as long as this lives, so that the other engine has to take over.
class Down {
 public:
  Down(Engines& engines, std::size_t engine) : engines_(engines), engine_(engine) {
    engines_.keep_down(engine_, true);
  }
  ~Down() { engines_.keep_down(engine_, false); }
  Down(const Down&) = delete;
  Down& operator=(const Down&) = delete;

 private:
  Engines& engines_;
  std::size_t engine_;
};

class FailOvers {
 public:
  FailOvers(const AttackOptions& options, AttackReport& report)
      : options_(options),
        report_(report),
        rng_(options.seed),
        start_(std::chrono::floor<std::chrono::minutes>(SystemClock().now())) {
    write_dense_dags(options.folder / "dags", start_);
    cluster_ = required(PrivateCluster::start(options.folder / "postgres"));
    engines_ = std::make_unique<Engines>(options.folder, cluster_->dsn(), options.folder / "dags");
  }

  /// Returns when every DAG has its first run.
  void begin() {
    const auto all_have_begun = [&] {
      return ask("SELECT count(DISTINCT dag) FROM millrace.run") ==
             std::to_string(dense_dags().size());
    };
    if (!time_until(all_have_begun, kPatience))
      throw std::runtime_error("not every schedule has begun; see " + options_.folder.string());
    ready_ = SystemClock().now();
    first_epoch_ = current_term(*cluster_).epoch;
  }

  void once();
  void end();

 private:
  struct Kind {
    const char* name;
    void (FailOvers::*make)(std::size_t leader, const Term& term);
  };
  static const std::vector<Kind>& kinds();

  void kill_leader(std::size_t leader, const Term& term);
  void kill_both(std::size_t leader, const Term& term);
  void kill_with_runners(std::size_t leader, const Term& term);
  void stop_cleanly(std::size_t leader, const Term& term);
  void freeze(std::size_t leader, const Term& term);
  void part_from_database(std::size_t leader, const Term& term);
  void lose_answer_and_kill(std::size_t leader, const Term& term);
  void kill_successor_at_a_point(std::size_t leader, const Term& term);

  void wait_for_successor(const Term& term);
  std::size_t wait_for_leader();
  void wait_for_a_moment();
  void count_times();
  Time last_date(const DenseDag& dag) const;
  std::map<std::string, std::vector<DatedRun>> read_runs() const;
  void compare_with_grid();
  void judge();
  std::string ask(const std::string& sql) const;
  void complain(const std::string& what) {
    report_.complaints.push_back("fail-over " + std::to_string(report_.made) + ": " + what);
  }

  const AttackOptions& options_;
  AttackReport& report_;
  Rng rng_;
  const Time start_;
  std::unique_ptr<PrivateCluster> cluster_;
  std::unique_ptr<Engines> engines_;
  Time ready_{}, last_due_{};
  std::int64_t first_epoch_ = 0;
  std::vector<double> seconds_;
};

// --- the ways in which a leader goes -------------------------------------------------------------

const std::vector<FailOvers::Kind>& FailOvers::kinds() {
  static const std::vector<Kind> kKinds = {
      {"kill -9", &FailOvers::kill_leader},
      {"kill -9 of both engines, started at once", &FailOvers::kill_both},
      {"kill -9 with its runners, started at once", &FailOvers::kill_with_runners},
      {"SIGTERM", &FailOvers::stop_cleanly},
      {"SIGSTOP until another leads", &FailOvers::freeze},
      {"cut off from the database", &FailOvers::part_from_database},
      {"kill -9 after a lost answer to a commit", &FailOvers::lose_answer_and_kill},
      {"kill -9, and the successor at a fault point", &FailOvers::kill_successor_at_a_point},
  };
  return kKinds;
}

void FailOvers::kill_leader(std::size_t leader, const Term& term) {
  const Down down(*engines_, leader);
  engines_->kill_engine(leader);
  wait_for_successor(term);
}

void FailOvers::kill_both(std::size_t leader, const Term& term) {
  engines_->kill_engine(1 - leader);
  engines_->kill_engine(leader);
  wait_for_successor(term);
}

void FailOvers::kill_with_runners(std::size_t leader, const Term& term) {
  engines_->kill_with_runners(leader);
  wait_for_successor(term);
}

void FailOvers::stop_cleanly(std::size_t leader, const Term& term) {
  if (const pid_t pid = engines_->pid(leader); pid > 0) kill(pid, SIGTERM);
  wait_for_successor(term);
}

/// It wakes up up to a second after it was deposed, and must not write any more.
void FailOvers::freeze(std::size_t leader, const Term& term) {
  const Frozen frozen(engines_->pid(leader));
  wait_for_successor(term);
  std::this_thread::sleep_for(Seconds{rng_.uniform()});
}

void FailOvers::part_from_database(std::size_t leader, const Term& term) {
  Proxy& proxy = engines_->proxy(leader);
  proxy.hold(true);
  wait_for_successor(term);
  std::this_thread::sleep_for(Seconds{rng_.uniform()});
  proxy.hold(false);
}

/// The batch is stored, and the leader dies before it knows.
void FailOvers::lose_answer_and_kill(std::size_t leader, const Term& term) {
  Proxy& proxy = engines_->proxy(leader);
  const int before = proxy.answers_lost();
  proxy.lose_next_answer();
  time_until([&] { return proxy.answers_lost() > before; }, Seconds{3});
  report_.counts["answers to a commit lost"] += proxy.answers_lost() - before;
  kill_leader(leader, term);
}

/// The standby dies when it has taken over, in the middle of its first dates.
void FailOvers::kill_successor_at_a_point(std::size_t leader, const Term& term) {
  static constexpr const char* kPoints[] = {"office.taken", "step.planned", "journal.committed",
                                            "attempts.starting"};
  const std::size_t standby = 1 - leader;
  const fs::path token = options_.folder / ("token-" + std::to_string(report_.made));
  const std::string point = kPoints[rng_.below(std::size(kPoints))];
  const std::uint64_t passes = point == "office.taken" ? 1 : 1 + rng_.below(4);
  const pid_t old = engines_->pid(standby);
  engines_->kill_engine(
      standby, {"MILLRACE_FAULT=" + point + ":" + std::to_string(passes) + ":" + token.string()});
  time_until([&] { return engines_->pid(standby) != old && !engines_->api(standby).empty(); },
             Seconds{10});
  {
    const Down down(*engines_, leader);
    engines_->kill_engine(leader);
    wait_for_successor(term);
  }
  if (time_until([&] { return fs::exists(token); }, Seconds{3}))
    ++report_.counts["died at " + point];
}

// --- the course ----------------------------------------------------------------------------------

void FailOvers::wait_for_successor(const Term& term) {
  const auto taken = wait_for_another_term(*cluster_, term);
  if (!taken) complain("no engine led within ten seconds");
  seconds_.push_back(taken.value_or(Seconds{10}).count());
}

std::size_t FailOvers::wait_for_leader() {
  std::optional<std::size_t> leader;
  time_until(
      [&] { return (leader = engines_->with_owner(current_term(*cluster_).owner)).has_value(); },
      Seconds{10});
  return leader.value_or(0);
}

/// Half of the faults come while a date falls due, the others at any time.
void FailOvers::wait_for_a_moment() {
  std::this_thread::sleep_for(Seconds{rng_.uniform()});
  if (rng_.below(2) == 0) return;
  const Time now = SystemClock().now();
  const auto to_second = std::chrono::ceil<seconds>(now) - now;
  std::this_thread::sleep_for(to_second + milliseconds{rng_.below(60)});
}

void FailOvers::once() {
  const std::size_t leader = wait_for_leader();
  wait_for_a_moment();
  const Term term = current_term(*cluster_);
  if (term.owner.empty() || engines_->with_owner(term.owner) != leader) return;  // it just went
  const Kind& kind = kinds()[static_cast<std::size_t>(report_.made) % kinds().size()];
  (this->*kind.make)(leader, term);
  ++report_.made;
  ++report_.counts[kind.name];
  if (wait_for_leader() != leader) ++report_.counts["the other engine took over"];
}

void FailOvers::end() {
  last_due_ = std::chrono::floor<seconds>(SystemClock().now());
  count_times();
  // The date of each schedule that was due last has its run, and no run of a due date is open.
  const std::string due = "'" + format_rfc3339(last_due_) + "'::timestamptz";
  const auto all_have_ended = [&] {
    return std::ranges::all_of(dense_dags(), [&](const DenseDag& dag) {
      return ask("SELECT max(logical_date) >= '" + format_rfc3339(last_date(dag)) +
                 "' AND count(*) FILTER (WHERE logical_date <= " + due +
                 " AND status IS DISTINCT FROM 'success') = 0 FROM millrace.run LEFT JOIN "
                 "millrace.run_end USING (run) WHERE run.dag = '" +
                 dag.name + "'") == "t";
    });
  };
  if (!time_until(all_have_ended, kPatience))
    complain("a run is missing, open or not successful a minute after the last fail-over");
  for (const int code : engines_->stop())
    if (code != 0) complain("an engine ended with exit code " + std::to_string(code));
  compare_with_grid();
  judge();
}

void FailOvers::count_times() {
  std::ranges::sort(seconds_);
  const auto in_ms = [](double time) { return static_cast<std::int64_t>(time * 1000); };
  report_.counts["time: all, s"] = std::chrono::duration_cast<seconds>(last_due_ - ready_).count();
  report_.counts["time: fail-over, median, ms"] = in_ms(seconds_[seconds_.size() / 2]);
  report_.counts["time: fail-over, longest, ms"] = in_ms(seconds_.back());
  report_.counts["terms"] = current_term(*cluster_).epoch - first_epoch_;
}

/// Of those that are due at the end.
Time FailOvers::last_date(const DenseDag& dag) const {
  return start_ + (last_due_ - start_) / dag.step * dag.step;
}

/// The journal is the source; the tables only add the leader that created a run.
std::map<std::string, std::vector<DatedRun>> FailOvers::read_runs() const {
  std::map<std::string, std::int64_t> epochs;
  pqxx::connection connection(cluster_->dsn());
  pqxx::nontransaction query(connection);
  for (const auto& row :
       query.exec("SELECT run, min(epoch) FROM millrace.journal WHERE run IS NOT NULL GROUP BY 1"))
    epochs[row[0].as<std::string>()] = row[1].as<std::int64_t>();
  const auto database = required(Database::open({.dsn = cluster_->dsn()}));
  PgStore store(*database);
  std::map<std::string, std::vector<DatedRun>> runs;
  for (std::int64_t seq = 0;;) {
    const auto events = required(store.stores().journal.read(seq, 1000));
    if (events.empty()) return runs;
    seq = events.back().seq;
    for (const auto& event : events)
      if (const auto* created = std::get_if<RunCreated>(&event.body))
        runs[created->dag.name].push_back(
            {created->logical_date.value_or(Time{}), epochs[event.run.to_string()]});
  }
}

void FailOvers::compare_with_grid() {
  const auto runs = read_runs();
  for (const auto& dag : dense_dags()) {
    const auto& of_dag = runs.at(dag.name);
    const Time oldest = std::ranges::min(of_dag, {}, &DatedRun::date).date;
    const auto found =
        compare_dates(dag.name, of_dag,
                      {.first = dag.catchup ? start_ : oldest,
                       .last = last_date(dag),
                       .step = dag.step,
                       .may_skip_between_terms = !dag.catchup && dag.step < seconds{10}});
    report_.counts["dates: due"] += found.due;
    report_.counts["dates: missing"] += found.missing;
    report_.counts["dates: doubled"] += found.doubled;
    report_.counts["dates: skipped between terms, without catchup"] += found.skipped;
    report_.complaints.insert(report_.complaints.end(), found.complaints.begin(),
                              found.complaints.end());
  }
}

void FailOvers::judge() {
  const auto database = required(Database::open({.dsn = cluster_->dsn()}));
  PgStore store(*database);
  oracle::Expectations expectations;
  expectations.at_rest = false;  // the schedules went on until the engines stopped
  const auto judgement = oracle::judge(store.stores(), expectations);
  report_.counts["events in the journal"] = judgement.tally.events;
  if (judgement.violation) complain(judgement.violation->text());
}

std::string FailOvers::ask(const std::string& sql) const {
  try {
    pqxx::connection connection(cluster_->dsn());
    pqxx::nontransaction query(connection);
    const auto rows = query.exec(sql);
    return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
  } catch (const pqxx::undefined_table&) {
    return "";  // the first engine has not made it yet
  }
}

}  // namespace

AttackReport fail_over(const AttackOptions& options) {
  fs::remove_all(options.folder);
  fs::create_directories(options.folder);
  AttackReport report;
  report.name = "fail-overs under dense schedules";
  FailOvers attack(options, report);
  attack.begin();
  while (report.made < options.times) {
    attack.once();
    if (report.made % 10 == 0) options.progress(std::to_string(report.made) + " fail-overs");
  }
  attack.end();
  return report;
}
}  // namespace millrace::chaos
