// What others see of events: names instead of indices, times as RFC 3339, every member present.
#include "engine/follow/event_view.h"

#include "tests/follow/journal.h"

namespace millrace::testing {
namespace {

using namespace follow;

class EventViewTest : public FollowTest {};

Json view(const Event& event, const DagNames& names) {
  std::string text;
  append_view(text, event, names);
  return *Json::parse(text);
}

const DagNames kFlights{"flights", "v1", {"load", "train"}};

TEST_F(EventViewTest, ATaskIsNamedByItsId) {
  Event one = event(Uuid{1, 2}, AttemptFailed{{1, 3}, 2, unavailable("away"), from_micros(5)});
  one.seq = 7;
  EXPECT_EQ(view(one, kFlights), *Json::parse(R"({"kind":"attempt_failed","seq":7,
    "at":"1970-01-01T00:00:01Z","run":")" + Uuid{1, 2}.to_string() +
                                              R"(","namespace":"default","dag":"flights",
    "task":"train","map_index":3,"attempt":2,
    "error":{"code":"unavailable","message":"away","where":"","transient":true,"permanent":false,
      "out_of_memory":false,"exit_code":null,"signal":null,"retry_after_ms":null},
    "retry_at":"1970-01-01T00:00:00.000005Z"})"))
      << view(one, kFlights).dump();
}

TEST_F(EventViewTest, InstancesOfAListAreNamedToo) {
  const Json shown =
      view(event(Uuid{1, 2}, TasksCleared{{{0, -1}, {1, 4}}, {"ann", ""}}), kFlights);
  EXPECT_EQ(shown["tasks"], *Json::parse(R"([{"task":"load","map_index":-1},
                                             {"task":"train","map_index":4}])"));
  EXPECT_EQ("ann", shown["origin"]["who"].as_string());
  const Json expanded = view(event(Uuid{1, 2}, TaskExpanded{1, Json::array({1, 2})}), kFlights);
  EXPECT_EQ("train", expanded["task"].as_string());
  EXPECT_FALSE(expanded.contains("t"));
}

TEST_F(EventViewTest, WhatIsOnlyStoredStaysInside) {
  const Json shown = view(
      event(
          {},
          DagRegistered{
              "flights", "v1", Json::object({{"id", "flights"}}), "flights.yaml", "/home/ann", {}}),
      {});
  EXPECT_FALSE(shown.contains("spec"));
  EXPECT_FALSE(shown.contains("base_dir"));
  EXPECT_FALSE(shown.contains("run"));
  EXPECT_EQ("flights", shown["dag"].as_string());
}

TEST_F(EventViewTest, OfAForgottenRunTheNamesAreEmpty) {
  const Json shown = view(event(Uuid{1, 2}, TaskQueued{{1, -1}}), {});
  EXPECT_EQ("", shown["task"].as_string("?"));
  EXPECT_EQ("", shown["dag"].as_string("?"));
}

TEST_F(EventViewTest, NamesComeFromEventsOrFromTheStore) {
  const Uuid run = start_run();
  RunNames names(stores().runs);
  EXPECT_EQ("train", (*names.of(run))->task(1));  // asked
  EXPECT_EQ("", (*names.of(run))->task(2));
  EXPECT_EQ("", (*names.of(Uuid{9, 9}))->dag);
  RunCreated created;
  created.dag = "flights";
  created.version = "v1";
  names.take(event(Uuid{3, 3}, created));
  EXPECT_EQ(1u, names.open_runs());
  EXPECT_EQ("load", (*names.of(Uuid{3, 3}))->task(0));
  names.take(event(Uuid{3, 3}, RunFinished{}));
  EXPECT_EQ(0u, names.open_runs());
  EXPECT_EQ("flights", names.dag_of(event(Uuid{3, 3}, RunFinished{})));
}

TEST_F(EventViewTest, EveryKindHasASchema) {
  const auto type = type_info<StreamEvent>();
  EXPECT_EQ(std::variant_size_v<EventBody> + 1, type.kinds.size());
  for (const auto& kind : type.kinds) {
    EXPECT_FALSE(kind.record->name.empty());
    EXPECT_FALSE(kind.record->doc.empty()) << kind.record->name;
    for (const auto& field : kind.record->fields) EXPECT_GT(field.name.size(), 1u) << field.doc;
  }
}

}  // namespace
}  // namespace millrace::testing
