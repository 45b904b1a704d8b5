// A journal that is sound in itself, beside tables that say something else.
#include <gtest/gtest.h>

#include "engine/base/digest.h"
#include "tests/oracle/forge.h"

namespace millrace::oracle {
namespace {

using Change = std::function<void(std::vector<Event>&)>;

/// What the oracle says of the tables once the journal is seen to say something else.
std::string said(Forge& forge, const Change& change) {
  forge.show(change);
  const Judgement judgement = judge(forge.stores(), forge.expectations());
  return judgement.violation ? judgement.violation->text() : "";
}

std::vector<Effect>& effects_of_ingest(Forge& forge, std::vector<Event>& events) {
  return body_of<TaskSucceeded>(events, forge.first, Forge::kIngest).effects;
}

TEST(OracleRows, ATaskRowMustBeTheFold) {
  Forge forge;
  const std::string text = said(forge, [&](auto& events) {
    body_of<TaskFailed>(events, forge.second, Forge::kTrain).error.message = "another reason";
  });
  EXPECT_EQ("projections: the row of task train differs", text);
}

TEST(OracleRows, ARowOfATaskThatDidNotEndIsRefused) {
  Forge forge;
  forge.show([&](auto& events) {
    events.erase(find_event<RunFinished>(events, forge.second));
    events.erase(find_event<TaskFailed>(events, forge.second, Forge::kTrain));
  });
  Expectations expected = forge.expectations();
  expected.at_rest = false;
  expected.limits.process_slots = 0;  // the task that did not end keeps its slot
  const Judgement judgement = judge(forge.stores(), expected);
  ASSERT_TRUE(judgement.violation);
  EXPECT_EQ(Rule::projections, judgement.violation->rule) << judgement.violation->text();
}

TEST(OracleRows, ARunRowMustBeTheFold) {
  Forge forge;
  const std::string text = said(forge, [&](auto& events) {
    find_event<RunFinished>(events, forge.first)->at += std::chrono::seconds{1};
  });
  EXPECT_EQ("projections: the row of run " + forge.first.to_string() + " differs", text);
}

TEST(OracleRows, ADagRowMustBeTheFold) {
  Forge forge;
  const std::string text = said(forge, [&](auto& events) {
    events.push_back({0, {}, events.back().at, DagPaused{"example", true, {}}});
  });
  EXPECT_EQ("projections: the row of DAG example differs", text);
}

/// Each effect of the sound history: the journal has one more of it than the tables, or one less.
class EffectRows : public ::testing::TestWithParam<std::size_t> {};

TEST_P(EffectRows, AreNeitherLostNorDoubled) {
  Forge forge;
  const std::string lost = said(forge, [&](auto& events) {
    auto& effects = effects_of_ingest(forge, events);
    Effect more = effects[GetParam()];
    const std::string fresh = sha256_hex("never seen");
    if (auto* e = std::get_if<PublishArtifact>(&more)) e->digest = fresh;
    if (auto* e = std::get_if<RegisterModel>(&more)) e->artifact = fresh;
    if (auto* e = std::get_if<UpdateDataset>(&more)) e->artifact = fresh;
    effects.push_back(more);
  });
  EXPECT_EQ(0u, lost.find("effects_once: ")) << lost;
  const std::string doubled = said(forge, [&](auto& events) {
    auto& effects = effects_of_ingest(forge, events);
    effects.erase(effects.begin() + static_cast<std::ptrdiff_t>(GetParam()));
  });
  const bool is_dataset = GetParam() == 6;  // its last update is all there is: none is doubled
  const bool is_version = GetParam() == 1 || GetParam() == 2;  // that gets traffic afterwards
  const std::string rule = is_version ? "registered_traffic: " : "effects_once: ";
  EXPECT_EQ(is_dataset ? "" : rule, doubled.substr(0, rule.size()));
}

INSTANTIATE_TEST_SUITE_P(All, EffectRows, ::testing::Range<std::size_t>(0, 10));

}  // namespace
}  // namespace millrace::oracle
