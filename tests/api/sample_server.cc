// api_sample_server [PORT]: the API and the dashboard on a sample world, until its standard input
// ends. The first line it prints is its address.
#include <cstdlib>
#include <iostream>

#include "engine/api/api.h"
#include "engine/base/log.h"
#include "engine/follow/feed.h"
#include "tests/api/fixture.h"
#include "tests/api/sample.h"

int main(int argc, char** argv) {
  using namespace millrace;
  log::configure(log::Severity::warning, log::Format::text);
  const bool empty = argc > 2 && std::string_view(argv[2]) == "empty";
  auto world =
      empty ? std::make_unique<millrace::testing::World>() : millrace::testing::sample_world();
  if (!empty) millrace::testing::add_serving(*world);
  const Catalog catalog = millrace::testing::test_catalog();
  api::ApiHooks hooks;
  hooks.assets = api::web_assets();
  api::ApiConfig config;
  config.http.port = argc > 1 ? std::atoi(argv[1]) : 0;
  follow::Feed feed(world->stores(), world->clock());
  api::Api api(config, world->stores(), catalog, world->clock(), feed, system_entropy(),
               std::move(hooks));
  world->on_step([&] { feed.look(); });
  feed.start();
  if (const auto status = api.start(); !status) {
    std::cerr << status.error().to_string() << "\n";
    return 1;
  }
  world->go_live();
  std::cout << "http://127.0.0.1:" << api.port() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) {
  }
  world->stop();
  api.stop();
  feed.stop();
  return 0;
}
