#include "tests/chaos/battle.h"

#include <fstream>
#include <map>
#include <numeric>
#include <pqxx/pqxx>
#include <tuple>

#include "engine/pg/database.h"
#include "engine/pg/pg_store.h"
#include "tests/chaos/faults.h"
#include "tests/chaos/load.h"

namespace millrace::chaos {
namespace {

namespace fs = std::filesystem;

constexpr int kMostOpenRuns = 12;
constexpr Seconds kPatience{120};
/// A rare fault comes so often, and first after half of it.
constexpr std::chrono::minutes kRarely{8};

/// What must work for the battle to mean anything.
template <typename T>
T required(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

/// A fault that found the database away made none; another is drawn.
int make(const Fault& fault, Battlefield& field) {
  try {
    return fault.make(field);
  } catch (const pqxx::failure&) {
    return 0;
  }
}

const Fault& draw(Rng& rng) {
  const auto& faults = all_faults();
  const int sum = std::accumulate(faults.begin(), faults.end(), 0,
                                  [](int n, const Fault& fault) { return n + fault.weight; });
  auto left = static_cast<int>(rng.below(static_cast<std::uint64_t>(sum)));
  for (const auto& fault : faults)
    if ((left -= fault.weight) < 0) return fault;
  return faults.back();
}

/// The machine of the processes that we start from now on, until the end.
class LivesOn {
 public:
  explicit LivesOn(const Machine& machine) {
    for (const auto& entry : machine.environment()) {
      const auto equals = entry.find('=');
      names_.push_back(entry.substr(0, equals));
      setenv(names_.back().c_str(), entry.substr(equals + 1).c_str(), 1);
    }
  }
  ~LivesOn() {
    for (const auto& name : names_) unsetenv(name.c_str());
  }
  LivesOn(const LivesOn&) = delete;
  LivesOn& operator=(const LivesOn&) = delete;

 private:
  std::vector<std::string> names_;
};

oracle::Witness read_witness(const fs::path& effects) {
  oracle::Witness witness;
  std::ifstream lines(effects);
  for (std::string what, mark; lines >> what >> mark;)
    (what == "begin" ? witness.begun : witness.ended).insert(mark);
  return witness;
}

/// `see(dag, event)` for each of the journal that belongs to a run.
template <typename See>
void read_journal(Stores stores, const See& see) {
  std::map<Uuid, std::string> dags;
  for (std::int64_t seq = 0;;) {
    const auto events = required(stores.journal.read(seq, 1000));
    if (events.empty()) return;
    seq = events.back().seq;
    for (const auto& event : events) {
      if (const auto* created = std::get_if<RunCreated>(&event.body))
        dags[event.run] = created->dag.text();
      if (!event.run.is_nil()) see(dags[event.run], event);
    }
  }
}

/// Only commands write marks; the other attempts are taken on trust.
void trust_the_others(Stores stores, oracle::Witness& witness) {
  std::map<std::tuple<Uuid, TaskRef, int>, int> calls;  // of an attempt; it goes on when deferred
  read_journal(stores, [&](const std::string& dag, const Event& event) {
    const auto* started = std::get_if<AttemptStarted>(&event.body);
    if (started == nullptr) return;
    const int call = calls[{event.run, started->ref, started->attempt}]++;
    const char name = static_cast<char>('a' + started->ref.task);
    if (dag == "light" || dag == "tables" || dag == "strays" || dag == "vandals" ||
        dag == "mixed" || dag == "stubborn" || (dag == "flaky" && name == 'b') ||
        (dag == "waits" && name == 'a'))
      witness.ended.insert(oracle::mark_of(event.run, std::string(1, name), started->ref.map_index,
                                           started->attempt, started->epoch, call));
  });
}

/// Nothing but a hanging command takes as long as its timeout, whatever the clocks say.
std::vector<std::string> ended_by_a_clock(Stores stores) {
  std::vector<std::string> complaints;
  read_journal(stores, [&](const std::string& dag, const Event& event) {
    const auto* failed = std::get_if<TaskFailed>(&event.body);
    const auto* retried = std::get_if<AttemptFailed>(&event.body);
    const bool timeout = (failed != nullptr && failed->error.code == ErrorCode::timeout) ||
                         (retried != nullptr && retried->error.code == ErrorCode::timeout);
    if (timeout && !may_time_out(dag))
      complaints.push_back("event " + std::to_string(event.seq) + " ends an attempt of '" + dag +
                           "', which cannot have reached its timeout");
  });
  return complaints;
}

/// What a task did not write is another's.
std::vector<std::string> foreign_outputs(Stores stores) {
  std::vector<std::string> complaints;
  read_journal(stores, [&](const std::string& dag, const Event& event) {
    const auto* done = std::get_if<TaskSucceeded>(&event.body);
    if (done != nullptr && has_no_outputs(dag, done->ref.task) && done->outputs.size() > 0)
      complaints.push_back("event " + std::to_string(event.seq) + ": a task of '" + dag +
                           "' has outputs that it did not write: " + done->outputs.dump());
  });
  return complaints;
}

std::vector<std::string> lines_of(const fs::path& file, const std::string& what) {
  std::vector<std::string> complaints;
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) complaints.push_back(what + line);
  return complaints;
}

bool all_ended(const PrivateCluster& cluster) {
  try {
    pqxx::connection connection(cluster.dsn());
    pqxx::nontransaction query(connection);
    return query
        .exec1(
            "SELECT (SELECT count(*) FROM millrace.run) = (SELECT count(DISTINCT run) FROM "
            "millrace.run_end) AND NOT EXISTS (SELECT FROM millrace.command c WHERE NOT "
            "EXISTS (SELECT FROM millrace.command_result r WHERE r.command = c.command))")[0]
        .as<bool>();
  } catch (const pqxx::failure&) {
    return false;
  }
}

}  // namespace

int BattleReport::fault_count() const {
  return std::accumulate(faults.begin(), faults.end(), 0,
                         [](int n, const auto& entry) { return n + entry.second; });
}

BattleReport fight(const BattleOptions& options) {
  fs::remove_all(options.folder);
  fs::create_directories(options.folder);
  const fs::path effects = options.folder / "effects", dags = options.folder / "dags";
  write_dags(dags, effects);
  write_bad_dags(dags, options.folder / "locks", options.folder / "overlaps");
  Machine database_machine(options.folder / "machine");
  const LivesOn machine_of_what_starts(database_machine);
  const auto cluster = required(PrivateCluster::start(options.folder / "postgres"));
  BattleReport report;
  const auto say = [&](const std::string& line) {
    if (options.progress) options.progress(line);
  };
  std::map<std::string, std::string> accepted;
  {
    Engines engines(options.folder, cluster->dsn(), dags, options.namespaces);
    Load load(engines, kMostOpenRuns);
    Battlefield field{.engines = engines,
                      .cluster = *cluster,
                      .database_machine = database_machine,
                      .load = load,
                      .folder = options.folder,
                      .rng = Rng(options.seed),
                      .next_point = options.seed};
    time_until([&] { return load.ended() > 5; }, kPatience);

    const auto inject = [&](const Fault& fault) {
      const int ended = load.ended();
      const int made = make(fault, field);
      report.faults[fault.name] += made;
      if (made > 0) say(fault.name + ": " + std::to_string(made));
      // Between two faults something gets done, as a rule: what never runs cannot be broken.
      time_until([&] { return load.ended() > ended; }, Seconds{0.3});
    };
    const auto inject_some = [&](const auto& which) {
      for (const auto& fault : all_faults())
        if (which(fault)) inject(fault);
    };
    const auto begin = std::chrono::steady_clock::now(), end = begin + options.time;
    auto next_rare = begin + kRarely / 2;
    if (options.each_once) inject_some([](const Fault& fault) { return fault.weight != kRare; });
    while (!options.each_once && std::chrono::steady_clock::now() < end) {
      inject(draw(field.rng));
      if (std::chrono::steady_clock::now() < next_rare) continue;
      inject_some([](const Fault& fault) { return fault.weight == kRare; });
      next_rare += kRarely;
    }

    say("no more faults");
    load.stop();
    if (!time_until([&] { return all_ended(*cluster); }, kPatience))
      report.complaints.emplace_back("not everything came to an end");
    const auto codes = engines.stop();
    for (std::size_t i = 0; i < codes.size(); ++i)
      if (codes[i] != 0)
        report.complaints.push_back("engine " + std::to_string(i) + " ended with exit code " +
                                    std::to_string(codes[i]));
    if (const std::string key = load.broken_key(); !key.empty())
      report.complaints.push_back("idempotency key '" + key + "' made two runs");
    accepted = load.accepted();
    report.seconds = std::move(field.seconds);
    report.points = std::move(field.points);
    report.complaints.insert(report.complaints.end(), field.complaints.begin(),
                             field.complaints.end());
  }

  report.runs_accepted = static_cast<int>(accepted.size());
  DatabaseOptions database_options;
  database_options.dsn = cluster->dsn();
  const auto database = required(Database::open(database_options));
  PgStore store(*database);
  for (const auto& list :
       {ended_by_a_clock(store.stores()), foreign_outputs(store.stores()),
        lines_of(options.folder / "overlaps", "two attempts of one task at a time: ")})
    report.complaints.insert(report.complaints.end(), list.begin(), list.end());
  oracle::Witness witness = read_witness(effects);
  trust_the_others(store.stores(), witness);
  oracle::Expectations expectations;
  for (const auto& [run, dag] : accepted) {
    const Uuid id = required(Uuid::parse(run));
    expectations.commands.push_back(id);
    expectations.runs_by_key[run].insert(id);
  }
  expectations.witness = &witness;
  report.judgement = oracle::judge(store.stores(), expectations);
  return report;
}

}  // namespace millrace::chaos
