// What keeps a database from serving Millrace well, each with its cure. Only looks; changes
// nothing.
#pragma once

#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/pg/database.h"

namespace millrace {

struct HealthFinding {
  std::string what;  // "leader"
  bool ok = true;
  std::string detail;  // how it is; if it is not well: why that is bad, and the cure
};

/// From where on something is a finding.
struct HealthLimits {
  Duration clock_difference = std::chrono::seconds{2};
  double connections_in_use = 0.9;  // share of those that the server allows
  Duration oldest_transaction = std::chrono::minutes{10};
  Duration oldest_command = std::chrono::seconds{10};
  Duration longest_lease = std::chrono::minutes{1};
};

/// Server settings, clocks, leader, inbox, connections, old transactions, history; in this order.
/// `clock` is this machine's. Errors: the database does not answer, or holds no Millrace yet
/// (`not_found`).
Result<std::vector<HealthFinding>> examine(Database& database, const Clock& clock,
                                           const HealthLimits& limits = {});

}  // namespace millrace
