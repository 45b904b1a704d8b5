// The documents of the model server are golden files, and what they list is answered.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/base/file.h"
#include "tests/serve/fixtures.h"

namespace millrace::serve {
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

TEST(ServingDocuments, AreAsTheDeclarationsSay) {
  expect_golden("docs/openapi-serving.json", serving_openapi().dump_pretty() + "\n");
  expect_golden("docs/serving-api.md", serving_reference_page());
}

TEST(ServingDocuments, EveryOperationIsAnswered) {
  const TempFolder dir;
  World world;
  const std::string artifact = world.add_model("m", model_text("linear", {"x"}, {2}, 1));
  world.promote("m", artifact);
  const auto server = start_server(world, quick_config(dir.path()));
  ASSERT_TRUE(serves_revision(*server, "m", 1));
  HttpClient client(server->port());
  EXPECT_EQ(serving_openapi(), client.get("/v2/openapi.json").json());

  const Json document = serving_openapi();
  EXPECT_EQ("3.1.0", document["openapi"].as_string());
  std::size_t operations = 0;
  std::vector<std::string> ids;
  for (const auto& [pattern, methods] : document["paths"].members())
    for (const auto& [method, operation] : methods.members()) {
      std::string path = pattern;
      for (const auto& [name, value] : {std::pair("{model}", "m"), std::pair("{version}", "1")})
        if (const auto at = path.find(name); at != path.npos)
          path.replace(at, std::string_view(name).size(), value);
      const bool infers = path.ends_with("/infer");
      const auto reply =
          method == "get" ? client.get(path) : client.post(path, infers ? one_row({20.5}) : "[]");
      EXPECT_EQ(200, reply.status) << method << " " << path << "\n" << reply.body;
      ids.push_back(operation["operationId"].as_string());
      ++operations;
    }
  EXPECT_GE(operations, 15u);
  std::ranges::sort(ids);
  EXPECT_EQ(ids.end(), std::ranges::adjacent_find(ids));
}

TEST(ServingDocuments, ExtraParametersAndASlashAtTheEndAreIgnored) {
  const TempFolder dir;
  World world;
  const auto server = start_server(world, quick_config(dir.path()));
  HttpClient client(server->port());
  EXPECT_EQ(200, client.get("/v2/health/live?probe=1").status);
  EXPECT_EQ(200, client.get("/v2/health/live/").status);
  EXPECT_EQ(404, client.get("/v2/health/live/x").status);
}

}  // namespace
}  // namespace millrace::serve
