// ApiTest: an Api on a World, and a client on loopback.
#pragma once

#include <gtest/gtest.h>

#ifndef CPPHTTPLIB_OPENSSL_SUPPORT
#define CPPHTTPLIB_OPENSSL_SUPPORT
#endif
#ifndef CPPHTTPLIB_ZLIB_SUPPORT
#define CPPHTTPLIB_ZLIB_SUPPORT
#endif
#ifndef CPPHTTPLIB_BROTLI_SUPPORT
#define CPPHTTPLIB_BROTLI_SUPPORT
#endif
#include <httplib.h>

#include "engine/api/api.h"
#include "engine/follow/feed.h"
#include "tests/api/world.h"

namespace millrace::testing {

struct Answer {
  int status = 0;
  std::string body;
  httplib::Headers headers;
  Json json() const { return Json::parse(body).value_or(Json()); }
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

/// A tiny dashboard, so that these tests need no Node.js.
std::span<const api::Asset> test_assets();
Catalog test_catalog();

class ApiTest : public ::testing::Test {
 protected:
  ApiTest();
  ~ApiTest() override;
  /// With the world as it stands; the engine answers from now on.
  void start(Script script = {}, api::ApiHooks hooks = {}, api::ApiConfig config = {});
  /// Starts the API on `world_`, and lets the engine answer.
  void serve(api::ApiConfig config, api::ApiHooks hooks);

  Answer get(const std::string& path, httplib::Headers headers = {});
  Answer send(const std::string& method, const std::string& path, const std::string& body,
              httplib::Headers headers = {{"Content-Type", "application/json"}});
  Answer post(const std::string& path, const Json& body,
              httplib::Headers headers = {{"Content-Type", "application/json"}}) {
    return send("POST", path, body.dump(), std::move(headers));
  }
  /// Sends bytes as they are on a connection of its own, and reads until the server closes or a
  /// second passes.
  std::string raw(const std::string& bytes);
  /// Triggers and waits for the end.
  std::string finished_run(const std::string& dag);
  httplib::Client client() const;

  Catalog catalog_;
  std::unique_ptr<World> world_;
  std::unique_ptr<follow::Feed> feed_;
  std::unique_ptr<api::Api> api_;
};

}  // namespace millrace::testing
