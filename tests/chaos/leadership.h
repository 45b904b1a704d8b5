// Who leads, as the database says, and a process that is stopped for a time.
#pragma once

#include <signal.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "engine/cluster/private_cluster.h"
#include "tests/chaos/engines.h"

namespace millrace::chaos {

struct Term {
  std::int64_t epoch = 0;
  std::string owner;  // "" between two terms
};

/// Throws pqxx::failure when the database does not answer.
Term current_term(const PrivateCluster& cluster);
/// Waits until another owner has a later term; how long that took, or none after ten seconds.
std::optional<Seconds> wait_for_another_term(const PrivateCluster& cluster, const Term& before);

/// Stopped as long as this lives, whatever is thrown.
class Frozen {
 public:
  explicit Frozen(pid_t pid) : pid_(pid), stopped_(pid > 0 && kill(pid, SIGSTOP) == 0) {}
  ~Frozen() {
    if (stopped_) kill(pid_, SIGCONT);
  }
  Frozen(const Frozen&) = delete;
  Frozen& operator=(const Frozen&) = delete;
  bool stopped() const { return stopped_; }

 private:
  pid_t pid_;
  bool stopped_;
};

}  // namespace millrace::chaos
