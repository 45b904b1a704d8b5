// The faults: each a name and what it does to the engines or to PostgreSQL.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/cluster/private_cluster.h"
#include "tests/chaos/engines.h"
#include "tests/chaos/load.h"

namespace millrace::chaos {

/// What faults work on, and what they measure.
struct Battlefield {
  Engines& engines;
  PrivateCluster& cluster;
  Machine& database_machine;
  Load& load;
  std::filesystem::path folder;
  Rng rng;
  std::map<std::string, std::vector<double>> seconds{};  // measured times, by what was measured
  std::map<std::string, int> points{};                   // fault points at which a process died
  std::size_t next_point = 0;                            // of kFaultPointNames
  std::vector<std::string> complaints{};                 // what a fault found broken at once
};

/// The weight of a fault that takes too long to be drawn: a long battle has it now and then.
inline constexpr int kRare = 0;

struct Fault {
  std::string name;
  int weight;  // how often, against the others
  /// How many faults it made; it returns when the next one may come. Throws pqxx::failure where it
  /// needs the database and that is away: then it made none.
  std::function<int(Battlefield&)> make;
};

/// Rare ones as well.
const std::vector<Fault>& all_faults();

/// The engine that leads, as the database says; none between two terms.
std::optional<std::size_t> leading_engine(const Battlefield& field);
/// Waits for one; the first engine if there is none for ten seconds.
std::size_t wait_for_leader(Battlefield& field);

}  // namespace millrace::chaos
