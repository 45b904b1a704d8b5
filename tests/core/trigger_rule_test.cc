// Trigger rules against a table of every multiset of up to three upstream states, taken from
// Airflow 3's published behaviour.
#include "engine/core/trigger_rule.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

namespace millrace {
namespace {

const std::map<std::string, Readiness> kNames = {{"wait", Readiness::wait},
                                                 {"run", Readiness::run},
                                                 {"skip", Readiness::skip},
                                                 {"upstream_failed", Readiness::upstream_failed}};

/// Adds one upstream instance, written as a letter of the table.
void add(UpstreamCounts& upstream, char state, bool failures_are_cancellations) {
  if (state == 's') ++upstream.success;
  if (state == 'k') ++upstream.skipped;
  if (state == 'u') ++upstream.upstream_failed;
  if (state == 'f') ++(failures_are_cancellations ? upstream.cancelled : upstream.failed);
}

TEST(TriggerRule, EqualsAirflowsForUpToThreeUpstreamStates) {
  std::ifstream table(std::string(MILLRACE_SOURCE_DIR) + "/tests/cases/trigger_rules.tsv");
  int rows = 0;
  for (std::string line; std::getline(table, line);) {
    if (line.starts_with('#')) continue;
    std::istringstream columns(line);
    std::string name, states, becomes;
    columns >> name >> states >> becomes;
    const auto rule = trigger_rule_from(name);
    ASSERT_TRUE(rule) << line;
    ASSERT_TRUE(kNames.contains(becomes)) << line;
    for (const bool cancelled : {false, true}) {
      UpstreamCounts upstream;
      for (const char state : states) add(upstream, state, cancelled);
      const bool all_done = states.find('o') == std::string::npos;
      EXPECT_EQ(judge(*rule, upstream, all_done), kNames.at(becomes)) << line;
    }
    ++rows;
  }
  EXPECT_EQ(rows, 12 * 55);
}

}  // namespace
}  // namespace millrace
