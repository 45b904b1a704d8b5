// Every protection is taken away once, and its absence must be noticed: else either the protection
// is idle or the oracle is blind.
#include <gtest/gtest.h>

#include <ostream>
#include <set>

#include "engine/base/log.h"
#include "tests/sim/world.h"

namespace millrace::sim {
namespace {

struct Loss {
  std::string name;
  Removed removed;
  std::set<std::string> rules;  // any of which may be the first to break
};
void PrintTo(const Loss& loss, std::ostream* out) { *out << loss.name; }

const std::vector<Loss> kLosses = {
    // A failure that is recorded twice counts twice against the retries.
    {"EpochFence",
     Removed::epoch_fence,
     {"newest_epoch", "transition_table", "current_attempt", "one_outcome", "known_run",
      "retry_limit"}},
    {"ExactlyOnceAppend",
     Removed::exactly_once_append,
     {"one_outcome", "transition_table", "known_run", "current_attempt", "command_once",
      "retry_limit"}},
    // With a foreign result a slot may be freed too early, or never.
    {"AttemptFence", Removed::attempt_fence, {"current_attempt", "really_happened", "run_ended"}},
    {"EffectTransaction", Removed::effect_transaction, {"effects_once"}},
    {"ProjectionTransaction", Removed::projection_transaction, {"projections"}},
    // A trigger that is carried out twice creates its run twice, once the first is forgotten.
    {"CommandOnce", Removed::command_once, {"command_once", "known_run"}},
    {"HandOverAge", Removed::hand_over_age, {"command_once", "known_run", "one_run_per_key"}},
    {"IdempotencyKey", Removed::idempotency_key, {"one_run_per_key"}},
    {"OneRunPerDate", Removed::one_run_per_date, {"one_run_per_date"}},
    {"SlotLimit", Removed::slot_limit, {"slots"}},
    {"Deadline", Removed::deadline, {"run_ended"}},
    {"LeaseExpiry", Removed::lease_expiry, {"one_leader"}},
    {"SelfFence", Removed::self_fence, {"one_leader"}},
    {"DurableFirst", Removed::durable_first, {"durable_first"}},
    // Attempts of the dead engine are never closed: for the journal they keep their slots. Runs
    // that are not known any more let others begin.
    {"Recovery", Removed::recovery, {"run_ended", "active_runs", "slots", "overlap"}},
};

class RemovedProtection : public ::testing::TestWithParam<Loss> {
 protected:
  static void SetUpTestSuite() { log::configure(log::Severity::error, log::Format::text); }
};

TEST_P(RemovedProtection, IsNoticed) {
  constexpr std::uint64_t kMostSeeds = 60;
  for (std::uint64_t seed = 1; seed <= kMostSeeds; ++seed) {
    const Verdict verdict = simulate({.seed = seed, .removed = GetParam().removed});
    if (verdict.violation.empty()) continue;
    EXPECT_TRUE(GetParam().rules.contains(rule_of(verdict)))
        << "seed " << seed << ": " << verdict.violation;
    RecordProperty("seeds", std::to_string(seed));
    return;
  }
  FAIL() << "nothing was noticed in " << kMostSeeds << " seeds";
}

std::string case_name(const ::testing::TestParamInfo<Loss>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Each, RemovedProtection, ::testing::ValuesIn(kLosses), case_name);

}  // namespace
}  // namespace millrace::sim
