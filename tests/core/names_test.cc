// Names in namespaces, who asked, and what older versions wrote of both.
#include "engine/core/names.h"

#include <gtest/gtest.h>

#include "engine/core/event.h"

namespace millrace {
namespace {

TEST(Names, OfOneNameInTwoNamespacesDiffer) {
  EXPECT_NE(DagKey("flights"), DagKey("team", "flights"));
  EXPECT_EQ(DagKey("flights"), DagKey("default", "flights"));
}

TEST(Names, AreReadBackFromTheirText) {
  for (const ModelKey& name : {ModelKey("flights"), ModelKey("team", "flights"),
                               ModelKey("default", "a/b"), ModelKey("team", "a/b")})
    EXPECT_EQ(ModelKey::parse(name.text()), name) << name.text();
  EXPECT_EQ(ModelKey("flights").text(), "flights");
  EXPECT_EQ(ModelKey("team", "flights").text(), "team/flights");
}

// Where a name is looked for among those that there are, its namespace may be what is wrong.
TEST(Names, ThatAreMissingAreLookedForInOtherNamespaces) {
  const std::vector<ScopedName> known = {{"default", "etl"}, {"team", "slow"}};
  EXPECT_EQ(no_such("DAG", {"default", "slow"}, known).message,
            "there is no DAG 'slow' in the namespace 'default'; the namespace 'team' has one");
  EXPECT_EQ(no_such("DAG", {"default", "team/slow"}, known).message,
            "there is no DAG 'team/slow' in the namespace 'default'; the namespace 'team' has "
            "'slow'");
  EXPECT_EQ(no_such("DAG", {"default", "elt"}, known).message,
            "there is no DAG 'elt'; did you mean 'etl'?");
  EXPECT_EQ(no_such("DAG", {"team", "etl"}, known).message,
            "there is no DAG 'etl' in the namespace 'team'; the namespace 'default' has one");
  EXPECT_EQ(no_such("DAG", {"none", "x"}, known).message,
            "there is no DAG 'x' in the namespace 'none'");
}

EventBody read(std::string_view text) { return *event_from_json(*Json::parse(text)); }

TEST(StoredEvents, OfTheDefaultNamespaceDoNotNameIt) {
  const EventBody body = DagPaused{"x", true, {"engine", ""}};
  EXPECT_EQ(to_json(body).dump(), R"({"kind":"dag_paused","dag":"x","paused":true,"origin":{}})");
}

TEST(StoredEvents, KeepTheirNamespaceAndPrincipal) {
  Origin origin{"ada", "why"};
  origin.principal.token = "t1";
  origin.principal.roles = {"operator"};
  origin.on_behalf_of = "grace";
  const EventBody body = DagPaused{{"team", "x"}, true, origin};
  const auto back = std::get<DagPaused>(read(to_json(body).dump()));
  EXPECT_EQ(back.dag, DagKey("team", "x"));
  EXPECT_EQ(back.origin.principal.who, "ada");
  EXPECT_EQ(back.origin.principal.token, "t1");
  EXPECT_EQ(back.origin.principal.roles, std::vector<std::string>{"operator"});
  EXPECT_EQ(back.origin.on_behalf_of, "grace");
  EXPECT_EQ(back.origin.reason, "why");
}

// What version 8 of the schema wrote: no namespace, and the actor as clients named themselves.
TEST(StoredEvents, OfEarlierVersionsAreReadable) {
  const auto by = [](const std::string& actor) {
    return std::get<DagPaused>(read(R"({"kind":"dag_paused","dag":"x","paused":true,"origin":)"
                                    R"({"actor":")" +
                                    actor + R"(","reason":"why"}})"));
  };
  EXPECT_EQ(by("grace").dag, DagKey("x"));
  EXPECT_EQ(by("grace").origin.principal.who, "local") << "nothing had proved the name";
  EXPECT_EQ(by("grace").origin.on_behalf_of, "grace");
  EXPECT_EQ(by("grace").origin.reason, "why");
  EXPECT_EQ(by("schedule").origin.principal.who, "schedule") << "a part of the engine";
  EXPECT_EQ(by("schedule").origin.on_behalf_of, "");
  EXPECT_EQ(by("api").origin.principal.who, "local");
  EXPECT_EQ(by("api").origin.on_behalf_of, "");
}

}  // namespace
}  // namespace millrace
