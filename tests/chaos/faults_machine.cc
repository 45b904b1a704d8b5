#include "tests/chaos/faults_machine.h"

#include <thread>

namespace millrace::chaos {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

/// Long enough that attempts begin, end, wait and are tried again under the wrong time.
void let_things_happen(Battlefield& field) {
  std::this_thread::sleep_for(milliseconds{500 + field.rng.below(1500)});
}

/// Wrong by an hour for a while, and then right again: set twice.
int set_clock(Battlefield& field, Machine& machine) {
  machine.set_clock(field.rng.below(2) == 0 ? hours{1} : -hours{1});
  let_things_happen(field);
  machine.set_clock({});
  return 2;
}

int set_clock_of_the_leader(Battlefield& field) {
  return set_clock(field, field.engines.machine(wait_for_leader(field)));
}

/// The engines' leases are counted by it.
int set_clock_of_postgres(Battlefield& field) { return set_clock(field, field.database_machine); }

int fill_disk_of_postgres(Battlefield& field) {
  const int before = field.database_machine.writes_refused();
  field.database_machine.fill_disk(true);
  let_things_happen(field);
  field.database_machine.fill_disk(false);
  (void)field.cluster.ensure_running();  // it ends where it cannot write its log
  return field.database_machine.writes_refused() > before;
}

}  // namespace

std::vector<Fault> machine_faults() {
  return {
      {"clock: the leader's is set by an hour and set right", 3, set_clock_of_the_leader},
      {"clock: PostgreSQL's is set by an hour and set right", 3, set_clock_of_postgres},
      {"PostgreSQL: its disk is full", 3, fill_disk_of_postgres},
  };
}

}  // namespace millrace::chaos
