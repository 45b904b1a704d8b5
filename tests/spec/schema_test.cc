#include "engine/spec/schema.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "engine/base/file.h"
#include "engine/spec/load.h"
#include "engine/spec/yaml.h"
#include "operators/catalog.h"
#include "tests/spec/schema_validator.h"

namespace millrace {
namespace {

Json yaml(std::string_view text) {
  spec::Report report{"x.yaml"};
  const auto root = spec::parse_yaml(text, report);
  EXPECT_TRUE(root);
  return root ? spec::to_json(*root, report) : Json();
}

std::vector<std::string> problems(std::string_view text) {
  static const Json schema = dag_json_schema(builtin_catalog());
  return schema_problems(schema, yaml(text));
}

using Problems = std::vector<std::string>;

TEST(Schema, AcceptsEveryValidCase) {
  const auto folder = std::filesystem::path(MILLRACE_SOURCE_DIR) / "tests/cases/valid";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    const auto text = read_file(entry.path(), 1u << 20);
    ASSERT_TRUE(text);
    EXPECT_EQ(problems(*text), Problems()) << entry.path();
  }
  EXPECT_GE(files, 3);
}

TEST(Schema, ChecksWithByItsOperator) {
  EXPECT_EQ(
      problems("{dag: x, tasks: {a: {operator: train, with: {model: m, data: d, label: l}}}}"),
      Problems());
  EXPECT_EQ(
      problems(
          "{dag: x, tasks: {a: {operator: train, with: {model: m, data: d, label: l, algorithm: "
          "\"${{ item }}\"}}}}"),
      Problems());
  EXPECT_EQ(problems("{dag: x, tasks: {a: {operator: train, with: {model: m, data: d, label: l, "
                     "algorithm: forest}}}}"),
            Problems{"/tasks/a/with/algorithm: anyOf"});
  EXPECT_EQ(problems("{dag: x, tasks: {a: {operator: train, with: {data: d}}}}"),
            Problems{"/tasks/a/with: required"});
  EXPECT_EQ(problems("{dag: x, tasks: {a: {operator: command, with: {run: x, argv: [y]}}}}"),
            Problems{"/tasks/a/with: oneOf"});
  EXPECT_EQ(problems("{dag: x, tasks: {a: {operator: wait, with: {}}}}"),
            Problems{"/tasks/a/with: oneOf"});
  EXPECT_EQ(problems("{dag: x, tasks: {a: {operator: wait}}}"), Problems{"/tasks/a: required"});
  EXPECT_EQ(problems("{dag: x, tasks: {a: {operator: train}}}"), Problems{"/tasks/a: required"});
  EXPECT_EQ(problems("{dag: x, tasks: {a: {operator: noop, with: {data: d}}}}"),
            Problems{"/tasks/a/with/data: not allowed"});
}

TEST(Schema, RefusesUnknownKeysAndValuesOutOfRange) {
  EXPECT_EQ(problems("{dag: x, onwer: me, tasks: {a: {operator: noop}}}"),
            Problems{"/onwer: not allowed"});
  EXPECT_EQ(problems("{dag: x, tasks: {a: {operator: nop}}}"),
            Problems{"/tasks/a/operator: oneOf"});
  EXPECT_EQ(problems("{dag: x, tasks: {a: {operator: noop, timeout: 5 minutes}}}"),
            Problems{"/tasks/a/timeout: pattern"});
  EXPECT_EQ(problems("{dag: x, tasks: {}}"), Problems{"/tasks: minProperties"});
}

TEST(Schema, ATaskThatUsesATemplateHasOtherKeys) {
  EXPECT_EQ(problems("{dag: x, tasks: {a: {template: t, if: true, with: {n: 1}, doc: d}}}"),
            Problems());
  EXPECT_EQ(problems("{dag: x, tasks: {a: {template: t, retries: 1}}}"),
            Problems{"/tasks/a/retries: not allowed"});
  const Json schema = template_json_schema(builtin_catalog());
  EXPECT_EQ(schema_problems(schema, yaml("{template: t, inputs: {n: 1, m: {type: string}}, tasks: "
                                         "{a: {operator: noop}, b: {template: u}}}")),
            Problems());
  EXPECT_EQ(schema_problems(schema, yaml("{template: t, params: {}, tasks: {a: {operator: nop}}}")),
            (Problems{"/params: not allowed", "/tasks/a/operator: oneOf"}));
}

// Whatever lint takes, an editor with the schema must not mark.
TEST(Schema, TakesWhatLintTakes) {
  for (const char* text :
       {"{dag: x, tags: a, tasks: {a: {operator: noop}}}",
        "{dag: 2024, params: , tasks: {a: {operator: noop, needs: , with: , timeout: 1.5h}}}",
        "{dag: x, tasks: {2024: {operator: noop}, b: {operator: noop, needs: 2024}}}",
        "{dag: x, tasks: {a: {operator: command, with: {argv: [echo, 1.10, true]}}}}",
        "{dag: x, tasks: {a: {operator: command, with: {run: x, env: {A: 1.10, B: , C: yes}}}}}",
        "{dag: x, tasks: {a: {operator: fail, with: {attempts: \"2\", message: 404}}}}"}) {
    EXPECT_EQ(problems(text), Problems()) << text;
    const LoadedDag loaded = load_dag(text, "x.yaml", builtin_catalog());
    for (const auto& problem : loaded.diagnostics) ADD_FAILURE() << to_string(problem);
  }
  EXPECT_EQ(problems("{dag: x, tags: [a, a], tasks: {a: {operator: noop}}}"),
            Problems{"/tags: oneOf"});
  EXPECT_EQ(problems("{dag: x, tasks: {\"a b\": {operator: noop}}}"),
            Problems{"/tasks: propertyNames"});
}

const std::vector<std::string> kValues = {"",
                                          "true",
                                          "1",
                                          "0",
                                          "1.5",
                                          "-1",
                                          "a",
                                          "\"1\"",
                                          "[a]",
                                          "[a, b]",
                                          "[1, x]",
                                          "[]",
                                          "{}",
                                          "30s",
                                          "1.5h",
                                          "1.h",
                                          "500us",
                                          "1h30m",
                                          "5 m",
                                          "1w",
                                          "512MiB",
                                          "1.5GB",
                                          "2kB",
                                          "3KiB",
                                          "7B",
                                          "2001-02-01",
                                          "always",
                                          "internal",
                                          "[internal, conflict]",
                                          "skip",
                                          "linear",
                                          "@daily",
                                          "UTC",
                                          "2001-02-01T03:00:00Z",
                                          "2001-02-01T03:00:00+02:00",
                                          "integer",
                                          "\"${{ failure() }}\"",
                                          "noop",
                                          "process",
                                          "thread",
                                          "{max: 2}",
                                          "{a: 1}",
                                          "{type: integer, default: 1}"};
const std::vector<std::pair<const char*, const char*>> kPlaces = {
    {"{KEY: VALUE, tasks: {a: {operator: noop}}}", "dag"},
    {"{dag: x, KEY: VALUE, tasks: {a: {operator: noop}}}",
     "doc owner namespace tags schedule max_active_runs on params defaults"},
    {"{dag: x, params: {p: {KEY: VALUE}}, tasks: {a: {operator: noop}}}",
     "type default minimum maximum enum description"},
    {"{dag: x, params: {p: VALUE}, tasks: {a: {operator: noop}}}", "KEY"},
    {"{dag: x, on: {KEY: VALUE}, tasks: {a: {operator: noop}}}", "dataset"},
    {"{dag: x, on: {event: {type: t, KEY: VALUE}}, tasks: {a: {operator: noop}}}", "if"},
    {"{dag: x, schedule: {cron: \"@daily\", KEY: VALUE}, tasks: {a: {operator: noop}}}",
     "timezone dst catchup overlap start end"},
    {"{dag: x, tasks: {a: {operator: noop, retries: {KEY: VALUE}}}}",
     "max backoff initial max_delay jitter rules also_on"},
    {"{dag: x, tasks: {a: {operator: noop, retries: {rules: [{on: {exit_code: 1}, KEY: VALUE}]}}}}",
     "never max backoff initial max_delay jitter"},
    {"{dag: x, tasks: {a: {operator: noop, retries: {rules: [{on: {KEY: VALUE}}]}}}}",
     "exit_code error message"},
    {"{dag: x, tasks: {a: {operator: noop, foreach: {KEY: VALUE}}}}", "items"},
    {"{dag: x, tasks: {a: {operator: noop, foreach: {items: [1], KEY: VALUE}}}}", "max_active"},
    {"{dag: x, defaults: {KEY: VALUE}, tasks: {a: {operator: noop}}}",
     "retries on_exhausted timeout kill_grace memory priority"},
    {"{dag: x, tasks: {a: {operator: noop, KEY: VALUE}, always: {operator: noop}}}",
     "doc needs with if trigger_rule continue_on_error foreach retries on_exhausted at_most_once "
     "timeout kill_grace memory priority executor"}};

// Each key with values of every kind: where lint finds no error, the schema must find none either.
TEST(Schema, TakesEachValueOfEachKeyThatLintTakes) {
  int taken = 0;
  for (const auto& [shape, keys] : kPlaces) {
    std::istringstream words(keys);
    for (std::string key; words >> key;)
      for (const auto& value : kValues) {
        std::string text = shape;
        if (const auto at = text.find("KEY"); at != std::string::npos) text.replace(at, 3, key);
        text.replace(text.find("VALUE"), 5, value);
        const LoadedDag loaded = load_dag(text, "x.yaml", builtin_catalog());
        if (!loaded.spec) continue;
        ++taken;
        EXPECT_EQ(problems(text), Problems()) << text;
      }
  }
  EXPECT_GT(taken, 150);
}

}  // namespace
}  // namespace millrace
