// Records: one list of fields is written and read back; what does not fit is named.
#include "engine/base/record_json.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

enum class Colour { red, green };
constexpr std::array<std::string_view, 2> names_of(Colour) { return {"red", "green"}; }

struct Place {
  int row = 0;
  int column = -1;
  friend bool operator==(const Place&, const Place&) = default;
  static constexpr auto fields() {
    return std::tuple{field("r", &Place::row, "Row"),
                      field("c", &Place::column, "Column").optional()};
  }
};

struct Move {
  static constexpr std::string_view kind = "move";
  Place to;
  double share = 0;
  std::string artifact, reason;
  std::vector<Place> path;
  std::optional<Time> at;
  Colour colour = Colour::red;
  friend bool operator==(const Move&, const Move&) = default;
  static constexpr auto fields() {
    return std::tuple{field("", &Move::to, "Where"),
                      field("share", &Move::share, "Percent").range(0, 100),
                      field("artifact", &Move::artifact, "Digest").digest().optional(),
                      field("reason", &Move::reason, "Why").optional(),
                      field("path", &Move::path, "Places on the way").optional(),
                      field("at", &Move::at, "When").optional(),
                      field("colour", &Move::colour, "Of the piece"),
                      field(
                          "doubled", [](const Move& m) { return 2 * m.share; }, "Only shown")};
  }
};

struct Stop {
  static constexpr std::string_view kind = "stop";
  std::int64_t count = 0;
  friend bool operator==(const Stop&, const Stop&) = default;
  static constexpr auto fields() { return std::tuple{field("count", &Stop::count, "How often")}; }
};
using Step = std::variant<Move, Stop>;

struct Plan {
  std::vector<Step> steps;
  static constexpr auto fields() { return std::tuple{field("steps", &Plan::steps, "In order")}; }
};

Json json(std::string_view text) { return *Json::parse(text); }
template <typename T>
std::string refusal(std::string_view text) {
  const auto read = read_record<T>(json(text));
  return read ? "" : read.error().message;
}

TEST(RecordJson, LeavesOutDefaultsWhereItStores) {
  std::string text;
  append_record(text, Move{.to = {3}, .share = 12.5});
  EXPECT_EQ(text, R"({"kind":"move","r":3,"share":12.5,"colour":"red"})");
}

TEST(RecordJson, ShowsEveryMember) {
  std::string text;
  append_record<JsonStyle::shown>(
      text,
      Move{.to = {3, 4}, .path = {{1, 2}, {5}}, .at = from_micros(1), .colour = Colour::green});
  EXPECT_EQ(json(text), json(R"({"kind":"move","r":3,"c":4,"share":0.0,"artifact":"","reason":"",
    "path":[{"r":1,"c":2},{"r":5,"c":-1}],"at":"1970-01-01T00:00:00.000001Z","colour":"green",
    "doubled":0.0})"));
}

struct Mark {
  Json value;
  static constexpr auto fields() {
    return std::tuple{field("value", &Mark::value, "How far").scalar().at_most(4)};
  }
};

TEST(RecordJson, ReadsAScalarExactlyAndRefusesAllElse) {
  // Above 2^53, where a double would lose the last digit.
  EXPECT_EQ(read_record<Mark>(json(R"({"value":9007199254740993})"))->value.as_int(),
            9'007'199'254'740'993);
  EXPECT_EQ(read_record<Mark>(json(R"({"value":"2001"})"))->value, Json("2001"));
  for (const std::string_view value : {"null", "true", "[1]", "{}"})
    EXPECT_EQ(refusal<Mark>(R"({"value":)" + std::string(value) + "}"),
              "'value' is " + std::string(value) + "; expected a text or a number");
  EXPECT_NE(refusal<Mark>(R"({"value":"20010"})"), "");
}

TEST(RecordJson, ReadsWhatItWrote) {
  Plan plan;
  plan.steps.push_back(Move{.to = {3, 4},
                            .share = 100,
                            .artifact = std::string(64, 'a'),
                            .reason = "\"why\"",
                            .path = {{1}},
                            .at = from_micros(77),
                            .colour = Colour::green});
  plan.steps.push_back(Stop{.count = -(std::int64_t{1} << 62)});
  std::string stored, shown;
  append_record(stored, plan);
  append_record<JsonStyle::shown>(shown, plan);
  for (const auto& text : {stored, shown}) {
    const auto read = read_record<Plan>(json(text));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(read->steps, plan.steps) << text;
  }
}

TEST(RecordJson, IgnoresWhatANewerVersionAdds) {
  EXPECT_EQ(refusal<Stop>(R"({"count":1,"since_tomorrow":{}})"), "");
}

TEST(RecordJson, NamesTheMemberThatDoesNotFit) {
  EXPECT_EQ(refusal<Stop>(R"({})"), "'count' is missing");
  EXPECT_EQ(refusal<Stop>(R"({"count":null})"), "'count' is null; expected an integer");
  EXPECT_EQ(refusal<Stop>(R"({"count":1.5})"), "'count' is 1.5; expected an integer");
  EXPECT_EQ(refusal<Place>(R"({"r":4294967296})"), "'r' is 4294967296; expected an integer");
  EXPECT_EQ(refusal<Plan>(R"({"steps":[{"kind":"stop","count":1},{"kind":"mvoe"}]})"),
            "'steps[1].kind' is \"mvoe\"; expected one of move, stop");
  EXPECT_EQ(refusal<Plan>(R"({"steps":[{"kind":"stop","count":"x"}]})"),
            "'steps[0].count' is \"x\"; expected an integer");
  EXPECT_EQ(refusal<Move>(R"({"r":1,"share":101,"colour":"red"})"),
            "'share' is 101; expected a number from 0 to 100");
  EXPECT_EQ(refusal<Move>(R"({"r":1,"share":1,"colour":"blue"})"),
            "'colour' is \"blue\"; expected one of red, green");
  EXPECT_EQ(refusal<Move>(R"({"r":1,"share":1,"artifact":"abc","colour":"red"})"),
            "'artifact' is \"abc\"; expected a digest of 64 hex digits");
  EXPECT_EQ(refusal<Move>(R"({"r":1,"share":1,"path":[{"r":1},3],"colour":"red"})"),
            "'path[1]' is 3; expected an object");
}

TEST(RecordJson, ChecksARecordOfMemory) {
  EXPECT_TRUE(check_record(Move{.share = 100}).ok());
  const auto refused = check_record(Move{.share = 100.5});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "'share' is 100.5; expected a number from 0 to 100");
}

}  // namespace
}  // namespace millrace
