// Any bytes on a connection to the REST API: Beast's parser, our guard, paths, queries and
// bodies, over a store that knows a DAG and a run of it. Spelled as http_exchange.h says. No engine
// answers, so nothing waits for one.
#include <cstddef>
#include <cstdint>
#include <memory>

#include "engine/follow/feed.h"
#include "engine/store/command.h"
#include "tests/api/fixture.h"
#include "tests/fuzz/http_exchange.h"

namespace {

using namespace millrace;
using millrace::testing::World;

class Offered {
 public:
  Offered() : catalog_(millrace::testing::test_catalog()) {
    world_.add_dag(millrace::testing::make_dag("etl", {"extract", "load:extract"}),
                   "dags/etl.yaml");
    world_.submit(TriggerRun{.dag = "etl"});
    world_.advance(std::chrono::seconds{10});
    api::ApiConfig config;
    config.http.port = 0;
    config.http.workers = 4;
    config.answer_wait = std::chrono::milliseconds{0};
    api::ApiHooks hooks;
    hooks.assets = millrace::testing::test_assets();
    hooks.artifact_path = [](std::string_view digest) -> Result<std::filesystem::path> {
      return not_found("no artifact " + std::string(digest));
    };
    hooks.lint = [](std::string_view text, std::string_view) {
      return Json::object({{"ok", text.empty()}, {"diagnostics", Json::array()}});
    };
    api_ = std::make_unique<api::Api>(config, world_.stores(), catalog_, world_.clock(), feed_, 42,
                                      std::move(hooks));
    feed_.start();
    if (!api_->start()) std::abort();
  }
  std::uint16_t port() const { return static_cast<std::uint16_t>(api_->port()); }

 private:
  Catalog catalog_;
  // Begins at the same moment each time, so that the corpus can name its run.
  World world_{{}, from_micros(1'000'000'000'000'000)};
  follow::Feed feed_{world_.stores(), world_.clock()};
  std::unique_ptr<api::Api> api_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::try_on<Offered>(data, size);
  return 0;
}
