// The documents are golden files, every reference in them leads somewhere, and what is sent is what
// they say.
#include <cstdlib>

#include "engine/base/file.h"
#include "engine/http/endpoint.h"
#include "tests/api/fixture.h"

namespace millrace::testing {
namespace {

void expect_golden(const std::string& path, const std::string& text) {
  const std::filesystem::path file = std::filesystem::path(MILLRACE_SOURCE_DIR) / path;
  if (std::getenv("MILLRACE_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file_atomic(file, text).ok()) << path;
    return;
  }
  const auto golden = read_file(file, 4u << 20);
  ASSERT_TRUE(golden.ok()) << golden.error().to_string();
  EXPECT_TRUE(*golden == text) << path
                               << " is not what the declarations say; './run golden' rewrites it";
}

void each_value(const Json& json, const std::function<void(std::string_view, const Json&)>& visit) {
  for (const auto& [name, value] : json.members()) {
    visit(name, value);
    each_value(value, visit);
  }
  for (const auto& item : json.items()) each_value(item, visit);
}

TEST(DocumentsTest, AreAsTheDeclarationsSay) {
  expect_golden("docs/openapi.json", api::openapi_document().dump_pretty() + "\n");
  expect_golden("docs/api.md", api::reference_page());
  expect_golden("web/src/api/api.gen.ts", api::typescript_client());
}

TEST(DocumentsTest, OpenApiIsConsistent) {
  const Json document = api::openapi_document();
  EXPECT_EQ("3.1.0", document["openapi"].as_string());
  std::vector<std::string> ids;
  each_value(document, [&](std::string_view name, const Json& value) {
    if (name == "$ref") {
      const auto target = value.as_string();
      ASSERT_TRUE(target.starts_with("#/components/")) << target;
      const auto rest = target.substr(13);
      const auto slash = rest.find('/');
      EXPECT_TRUE(document["components"][rest.substr(0, slash)].contains(rest.substr(slash + 1)))
          << target;
    }
    if (name == "operationId") ids.push_back(value.as_string());
  });
  std::sort(ids.begin(), ids.end());
  EXPECT_TRUE(std::adjacent_find(ids.begin(), ids.end()) == ids.end());
  // Each {variable} of a path is declared, and required.
  for (const auto& [path, methods] : document["paths"].members())
    for (const auto& [method, operation] : methods.members()) {
      std::size_t variables = 0, declared = 0;
      for (const char c : path) variables += c == '{' ? 1 : 0;
      for (const auto& parameter : operation["parameters"].items())
        if (parameter["in"].as_view() == "path")
          declared += parameter["required"].as_bool() ? 1 : 0;
      EXPECT_EQ(variables, declared) << method << " " << path;
      EXPECT_TRUE(operation["responses"].size() > 0) << path;
    }
}

class AnswersTest : public ApiTest {
 protected:
  /// Judges a value by a schema of the document; the subset that our documents use.
  std::string mismatch(const Json& schema, const Json& value) {
    if (const Json* ref = schema.find("$ref"))
      return mismatch(document_["components"]["schemas"][ref->as_string().substr(21)], value);
    if (const Json* any = schema.find("anyOf")) {
      for (const auto& one : any->items())
        if (mismatch(one, value).empty()) return {};
      return "none of anyOf: " + value.dump();
    }
    if (const Json* mapping = schema["discriminator"].find("mapping")) {
      const Json* kind = mapping->find(value["kind"].as_view());
      if (kind == nullptr) return "of no kind: " + value.dump();
      return mismatch(Json::object({{"$ref", *kind}}), value);
    }
    const Json& type = schema["type"];
    if (type.is_array())
      return value.is_null() || value.is_number() ? "" : "no number: " + value.dump();
    const auto name = type.as_view();
    if (name == "string" && !value.is_string()) return "no string: " + value.dump();
    if (name == "boolean" && !value.is_bool()) return "no boolean: " + value.dump();
    if (name == "integer" && !value.is_integer()) return "no integer: " + value.dump();
    if (name == "array") {
      if (!value.is_array()) return "no array: " + value.dump();
      for (const auto& item : value.items())
        if (auto wrong = mismatch(schema["items"], item); !wrong.empty()) return wrong;
    }
    if (name == "object") return object_mismatch(schema, value);
    return {};
  }
  std::string object_mismatch(const Json& schema, const Json& value) {
    if (!value.is_object()) return "no object: " + value.dump();
    for (const auto& field : schema["required"].items())
      if (!value.contains(field.as_view())) return "lacks " + field.as_string();
    for (const auto& [name, field] : value.members()) {
      const Json* known = schema["properties"].find(name);
      if (known == nullptr) {
        if (schema.contains("properties")) return "has an undeclared " + name;
        continue;
      }
      if (auto wrong = mismatch(*known, field); !wrong.empty()) return name + ": " + wrong;
    }
    return {};
  }

  Json document_ = api::openapi_document();
};

TEST_F(AnswersTest, AreWhatTheDocumentSays) {
  start();
  const auto run = finished_run("etl");
  const std::vector<std::pair<std::string, std::string>> paths = {
      {"/api/v1/dags", "/api/v1/dags?recent=2"},
      {"/api/v1/dags/{dag}", "/api/v1/dags/etl"},
      {"/api/v1/dag-errors", "/api/v1/dag-errors"},
      {"/api/v1/runs", "/api/v1/runs"},
      {"/api/v1/runs/{run}", "/api/v1/runs/" + run},
      {"/api/v1/runs/{run}/tasks", "/api/v1/runs/" + run + "/tasks"},
      {"/api/v1/runs/{run}/tasks/{task}", "/api/v1/runs/" + run + "/tasks/load"},
      {"/api/v1/runs/{run}/tasks/{task}/attempts", "/api/v1/runs/" + run + "/tasks/load/attempts"},
      {"/api/v1/runs/{run}/artifacts", "/api/v1/runs/" + run + "/artifacts"},
      {"/api/v1/models", "/api/v1/models"},
      {"/api/v1/deployments", "/api/v1/deployments"},
      {"/api/v1/alerts", "/api/v1/alerts"},
      {"/api/v1/operators", "/api/v1/operators"},
      {"/healthz", "/healthz"},
      {"/readyz", "/readyz"},
  };
  for (const auto& [pattern, path] : paths) {
    const auto answer = get(path);
    EXPECT_EQ(200, answer.status) << path;
    const auto& schema = document_["paths"][pattern]["get"]["responses"]["200"]["content"]
                                  ["application/json"]["schema"];
    EXPECT_FALSE(schema.is_null()) << pattern;
    EXPECT_EQ("", mismatch(schema, answer.json())) << path << "\n" << answer.body;
  }
  EXPECT_EQ(document_, get("/api/v1/openapi.json").json());
}

TEST_F(AnswersTest, EventsAreWhatTheDocumentSays) {
  start();
  finished_run("etl");
  const auto last = world_->stores().journal.last_seq().value_or(0);
  const std::string end = "\nid: " + std::to_string(last) + "\n";
  std::string text;
  auto http = client();
  (void)http.Get("/api/v1/events?after=0", [&](const char* data, std::size_t size) {
    text.append(data, size);
    return text.find(end) == std::string::npos || !text.ends_with("\n\n");
  });
  const auto& schema = document_["paths"]["/api/v1/events"]["get"]["responses"]["200"]["content"]
                                ["text/event-stream"]["schema"];
  EXPECT_EQ("#/components/schemas/StreamEvent", schema["$ref"].as_string());
  std::int64_t events = 0;
  for (std::size_t at = 0; (at = text.find("\ndata: ", at)) != std::string::npos; ++at) {
    const auto json = Json::parse(text.substr(at + 7, text.find('\n', at + 7) - at - 7));
    ASSERT_TRUE(json.ok());
    EXPECT_EQ("", mismatch(schema, *json)) << json->dump();
    ++events;
  }
  EXPECT_EQ(last, events);
  EXPECT_NE(std::string::npos, text.find("\"task\":\"load\",\"map_index\":-1")) << text;
}

TEST_F(AnswersTest, MetricsCountRunsTasksAndRequests) {
  api::ApiHooks hooks;
  hooks.metrics = [] { return std::string("millrace_batch_events 3\n"); };
  start({}, hooks);
  finished_run("etl");
  finished_run("etl");
  // An answer is counted once it is sent: its receiver may be first.
  const std::string both = "millrace_http_responses_total{status=\"201\"} 2\n";
  auto answer = get("/metrics");
  for (int i = 0; i < 1000 && answer.body.find(both) == std::string::npos; ++i)
    answer = get("/metrics");
  EXPECT_EQ("text/plain; version=0.0.4; charset=utf-8", answer.header("Content-Type"));
  for (const std::string line :
       {"millrace_runs_finished_total{dag=\"etl\",status=\"success\"} 2\n",
        "millrace_tasks_ended_total{dag=\"etl\",state=\"success\"} 4\n",
        "millrace_runs_created_total{dag=\"etl\"} 2\n",
        "millrace_task_duration_seconds_count{dag=\"etl\"} 4\n", "millrace_runs_open 0\n",
        "millrace_store_up 1\n", both.c_str(), "millrace_batch_events 3\n"})
    EXPECT_NE(std::string::npos, answer.body.find(line)) << line << answer.body;
}

TEST_F(AnswersTest, HooksThatAreMissingAreNotOffered) {
  start();
  EXPECT_EQ(501, get("/api/v1/dag-schema.json").status);
  EXPECT_EQ(501, post("/api/v1/lint", Json::object({{"text", "dag: x"}})).status);
}

TEST_F(AnswersTest, LintTakesJsonAndYaml) {
  api::ApiHooks hooks;
  hooks.lint = [](std::string_view text, std::string_view file) {
    return Json::object({{"file", file}, {"bytes", text.size()}});
  };
  start({}, hooks);
  const auto json = post("/api/v1/lint", Json::object({{"text", "dag: x"}, {"file", "a.yaml"}}));
  EXPECT_EQ(6, json.json()["bytes"].as_int()) << json.body;
  EXPECT_EQ("a.yaml", json.json()["file"].as_string());
  EXPECT_EQ(4, send("POST", "/api/v1/lint", "a: 1", {{"Content-Type", "application/yaml"}})
                   .json()["bytes"]
                   .as_int());
  EXPECT_EQ(400, post("/api/v1/lint", Json::object()).status);
}

TEST_F(AnswersTest, LintNamesEachWrongFieldOfItsRequest) {
  api::ApiHooks hooks;
  hooks.lint = [](std::string_view, std::string_view) { return Json::object(); };
  start({}, hooks);
  const auto answer =
      post("/api/v1/lint", Json::object({{"text", 7}, {"fle", "a.yaml"}, {"file", 7}}));
  EXPECT_EQ(400, answer.status);
  std::vector<std::string> places;
  const Json errors = answer.json()["errors"];
  for (const auto& error : errors.items()) places.push_back(error["pointer"].as_string());
  std::ranges::sort(places);
  EXPECT_EQ((std::vector<std::string>{"/file", "/fle", "/text"}), places) << answer.body;
}

}  // namespace
}  // namespace millrace::testing
