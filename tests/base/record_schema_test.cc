// Schemas of records: one list of fields gives JSON Schema, TypeScript and the words of docs. The
// expected schemas are written by hand after JSON Schema 2020-12 and OpenAPI 3.1, section 4.8.25
// (discriminator).
#include "engine/base/record_schema.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

enum class Hue { red, green };
constexpr std::array<std::string_view, 2> names_of(Hue) { return {"red", "green"}; }
constexpr std::string_view title_of(Hue) { return "Hue"; }

struct Square {
  int row = 0;
  static constexpr auto fields() {
    return std::tuple{field("r", &Square::row, "Row").shown_as("row")};
  }
};

struct Shift {
  static constexpr std::string_view kind = "shift_piece";
  static constexpr std::string_view record_doc = "A piece moved.";
  Square to;
  double share = 5;
  std::string reason, path = "/secret";
  std::optional<Time> at;
  std::vector<Hue> colours;
  static constexpr auto fields() {
    return std::tuple{field("", &Shift::to, "Where"),
                      field("share", &Shift::share, "Percent").range(0, 100),
                      field("reason", &Shift::reason, "Why").at_most(10).optional(),
                      field("path", &Shift::path, "Only for us").optional().internal(),
                      field("at", &Shift::at, "When").optional(),
                      field("colours", &Shift::colours, "Of the pieces").optional(),
                      field(
                          "doubled", [](const Shift& m) { return 2 * m.share; }, "Only shown")};
  }
};

struct Halt {
  static constexpr std::string_view kind = "halt";
  static constexpr auto fields() { return std::tuple<>{}; }
};
using Motion = std::variant<Shift, Halt>;

struct Form {
  std::optional<int> index;
  Json params;
  std::string date;
  bool force = false;
  static constexpr auto fields() {
    return std::tuple{field("index", &Form::index, "Which").range(0, 9),
                      field("params", &Form::params, "Values").object().optional(),
                      field("date", &Form::date, "When").date_time(),
                      field("force", &Form::force, "At once").optional()};
  }
};

Json tree(std::string_view text) { return *Json::parse(text); }

TEST(RecordSchema, ARecordIsWhatOthersSee) {
  const auto type = type_info<Shift>();
  EXPECT_EQ(named_schema_of(type), tree(R"({"type":"object","description":"A piece moved.",
    "properties":{
      "kind":{"type":"string","enum":["shift_piece"],"description":"Which kind it is"},
      "row":{"type":"integer","format":"int64","description":"Row"},
      "share":{"type":["number","null"],"minimum":0,"maximum":100,"description":"Percent"},
      "reason":{"type":"string","description":"Why"},
      "at":{"anyOf":[{"type":"string","format":"date-time"},{"type":"null"}],"description":"When"},
      "colours":{"type":"array","items":{"$ref":"#/components/schemas/Hue"},
        "description":"Of the pieces"},
      "doubled":{"type":["number","null"],"description":"Only shown"}},
    "required":["kind","row","share","reason","at","colours","doubled"],
    "additionalProperties":false})"))
      << named_schema_of(type).dump();
  // And so it is written.
  const Json shown = record_json<JsonStyle::shown>(Shift{});
  for (const auto& field : type.record->fields) EXPECT_TRUE(shown.contains(field.name));
  EXPECT_EQ(shown.size(), type.record->fields.size());
}

TEST(RecordSchema, AVariantTellsItsKindsApart) {
  const auto type = variant_info<Motion>("Motion", "What happened.");
  EXPECT_EQ(schema_of(type), tree(R"({"$ref":"#/components/schemas/Motion"})"));
  EXPECT_EQ(named_schema_of(type), tree(R"({"description":"What happened.",
    "oneOf":[{"$ref":"#/components/schemas/ShiftPiece"},{"$ref":"#/components/schemas/Halt"}],
    "discriminator":{"propertyName":"kind","mapping":{
      "shift_piece":"#/components/schemas/ShiftPiece","halt":"#/components/schemas/Halt"}}})"));
  EXPECT_EQ(typescript_declaration_of(type),
            "/** What happened. */\nexport type Motion = ShiftPiece | Halt;\n");
  EXPECT_EQ(typescript_declaration_of(type.kinds[1]),
            "export interface Halt {\n  /** Which kind it is */\n  kind: 'halt';\n}\n");
}

TEST(RecordSchema, AnEnumerationHasAName) {
  const auto type = type_info<std::optional<Hue>>();
  EXPECT_EQ(typescript_of(type), "Hue | null");
  EXPECT_EQ(typescript_declaration_of(type), "export type Hue = 'red' | 'green';\n");
  EXPECT_EQ(describe(type), "one of red, green, or null");
  EXPECT_EQ(named_schema_of(type), tree(R"({"type":"string","enum":["red","green"]})"));
}

TEST(RecordSchema, ABodyTellsWhatMayBeAbsent) {
  const auto fields = body_fields<Form>();
  ASSERT_EQ(fields.size(), 4u);
  EXPECT_FALSE(fields[0].required);  // an optional one
  EXPECT_EQ(schema_of(fields[0].type),
            tree(R"({"type":"integer","format":"int64","minimum":0,"maximum":9})"));
  EXPECT_EQ(typescript_of(fields[1].type), "Record<string, unknown>");
  EXPECT_TRUE(fields[1].default_value.is_null());
  EXPECT_TRUE(fields[2].required);
  EXPECT_EQ(schema_of(fields[2].type), tree(R"({"type":"string","format":"date-time"})"));
  EXPECT_EQ(fields[3].default_value, Json(false));
}

TEST(RecordSchema, ReadingObeysTheSameRules) {
  const auto refusal = [](std::string_view text) {
    const auto read = read_record<Form>(tree(text));
    return read ? std::string() : read.error().message;
  };
  EXPECT_EQ(refusal(R"({"date":"2001-02-03"})"), "");
  EXPECT_EQ(refusal(R"({"date":"soon"})"), "'date' is \"soon\"; expected a time (RFC 3339)");
  EXPECT_EQ(refusal(R"({"date":"2001-02-03","params":[]})"), "'params' is []; expected an object");
  EXPECT_EQ(refusal(R"({"date":"2001-02-03","index":10})"),
            "'index' is 10; expected a number from 0 to 9");
  const auto long_text = read_record<Shift>(tree(R"({"r":1,"share":1,"reason":"12345678901"})"));
  ASSERT_FALSE(long_text.ok());
  EXPECT_EQ(long_text.error().message,
            "'reason' is \"12345678901\"; expected a text of at most 10 bytes");
}

}  // namespace
}  // namespace millrace
