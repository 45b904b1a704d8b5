// Which DAGs an event or new content starts. An `if` reads the event as CloudEvents 1.0 names its
// attributes: id, source, type, subject, time, data.
#include "engine/core/planner/triggers.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

using Ids = std::vector<DagKey>;

const std::string kNamespace(kDefaultNamespace);

const std::string kDigestA(64, 'a'), kDigestB(64, 'b');

DagSpec on_event(const std::string& id, const std::string& type, const std::string& condition) {
  DagSpec spec;
  spec.id = id;
  spec.on_event = Json::object({{"type", type}});
  if (!condition.empty()) spec.on_event.set("if", condition);
  return spec;
}

DagSpec on_datasets(const std::string& id, std::vector<std::string> datasets) {
  DagSpec spec;
  spec.id = id;
  spec.datasets = std::move(datasets);
  return spec;
}

struct Match {
  const char* name;
  const char* type;
  const char* condition;
  bool expected;  // by com.example.file, with {"data": {"rows": 7, "kind": "csv"}}
};
const Match kMatches[] = {
    {"TheType", "com.example.file", "", true},
    {"AnotherType", "com.example.files", "", false},
    {"TypesAreToldApartByCase", "com.example.File", "", false},
    {"ACondition", "com.example.file", "${{ event.data.rows > 5 }}", true},
    {"AConditionWithoutBraces", "com.example.file", "event.data.rows > 5", true},
    {"AFalseCondition", "com.example.file", "event.data.rows > 7", false},
    {"ATruthyValue", "com.example.file", "event.data.kind", true},
    {"AnAttribute", "com.example.file", "event.source == '/bucket'", true},
    {"WhatIsNotThere", "com.example.file", "event.subject", false},
    {"ABrokenCondition", "com.example.file", "event.data.rows >", false},
    {"AnEmptyExpression", "com.example.file", "${{ }}", false},
};

class EventMatch : public ::testing::TestWithParam<Match> {};

TEST_P(EventMatch, StartsTheDag) {
  Triggers triggers;
  triggers.watch(on_event("x", GetParam().type, GetParam().condition));
  const PublishEvent event{"com.example.file",
                           Json::object({{"id", "1"},
                                         {"source", "/bucket"},
                                         {"type", "com.example.file"},
                                         {"data", Json::object({{"rows", 7}, {"kind", "csv"}})}})};
  EXPECT_EQ(triggers.started_by(kNamespace, event), GetParam().expected ? Ids{"x"} : Ids{});
}

INSTANTIATE_TEST_SUITE_P(All, EventMatch, ::testing::ValuesIn(kMatches),
                         [](const auto& match) { return match.param.name; });

TEST(TriggersTest, TheNewestVersionOfADagCounts) {
  Triggers triggers;
  triggers.watch(on_event("b", "news", ""));
  triggers.watch(on_event("a", "news", ""));
  EXPECT_EQ(triggers.started_by(kNamespace, PublishEvent{"news"}), (Ids{"a", "b"}));
  triggers.watch(on_event("a", "olds", ""));
  EXPECT_EQ(triggers.started_by(kNamespace, PublishEvent{"news"}), Ids{"b"});
  triggers.watch(on_datasets("b", {}));
  EXPECT_EQ(triggers.started_by(kNamespace, PublishEvent{"news"}), Ids{});
}

TEST(TriggersTest, NewContentStartsTheDagsThatListTheDataset) {
  Triggers triggers;
  triggers.watch(on_datasets("b", {"flights", "weather"}));
  triggers.watch(on_datasets("a", {"flights"}));
  EXPECT_EQ(triggers.started_by("flights", kDigestA), (Ids{"a", "b"}));
  EXPECT_EQ(triggers.started_by("weather", kDigestA), Ids{"b"});
  EXPECT_EQ(triggers.started_by("trains", kDigestA), Ids{});
  triggers.watch(on_datasets("b", {"trains"}));
  EXPECT_EQ(triggers.started_by("flights", kDigestB), Ids{"a"});
}

TEST(TriggersTest, TheSameContentAgainIsNoUpdate) {
  Triggers triggers;
  triggers.watch(on_datasets("a", {"flights"}));
  triggers.restore_dataset("flights", kDigestA);
  EXPECT_EQ(triggers.started_by("flights", kDigestA), Ids{});
  EXPECT_EQ(triggers.started_by("flights", kDigestB), Ids{"a"});
  EXPECT_EQ(triggers.started_by("flights", kDigestB), Ids{});
  EXPECT_EQ(triggers.started_by("flights", ""), Ids{"a"})
      << "of content without a digest it is not known";
  EXPECT_EQ(triggers.started_by("flights", ""), Ids{"a"});
}

DagSpec in_team(DagSpec spec) {
  spec.namespace_ = "team";
  return spec;
}

TEST(TriggersTest, AnEventStartsTheDagsOfItsNamespace) {
  Triggers triggers;
  triggers.watch(on_event("a", "news", ""));
  triggers.watch(in_team(on_event("a", "news", "")));
  EXPECT_EQ(triggers.started_by(kNamespace, PublishEvent{"news"}), Ids{"a"});
  EXPECT_EQ(triggers.started_by("team", PublishEvent{"news"}), (Ids{{"team", "a"}}));
  EXPECT_EQ(triggers.started_by("other", PublishEvent{"news"}), Ids{});
}

TEST(TriggersTest, DatasetsOfOneNameInTwoNamespacesHaveTheirOwnContentAndDags) {
  Triggers triggers;
  triggers.watch(on_datasets("a", {"flights"}));
  triggers.watch(in_team(on_datasets("a", {"flights"})));
  EXPECT_EQ(triggers.started_by("flights", kDigestA), Ids{"a"});
  EXPECT_EQ(triggers.started_by({"team", "flights"}, kDigestA), (Ids{{"team", "a"}}));
  EXPECT_EQ(triggers.started_by("flights", kDigestA), Ids{}) << "the same content again";
}

}  // namespace
}  // namespace millrace
