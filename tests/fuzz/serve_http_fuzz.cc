// Any bytes on a connection to the model server: Beast's parser, target, routes, and the bodies of
// inference and outcomes. Spelled as http_exchange.h says.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "tests/fuzz/http_exchange.h"
#include "tests/serve/fixtures.h"

namespace {

using namespace millrace::serve;

/// A server with a champion and a candidate of one model.
class Served {
 public:
  Served() {
    const std::vector<std::string> features = {"hour", "distance"};
    const auto champion =
        world_.add_model("flights", model_text("logistic", features, {0.1, 0.001}, -1));
    const auto candidate =
        world_.add_model("flights", model_text("logistic", features, {0.2, 0.002}, -2));
    world_.promote("flights", champion);
    world_.traffic("flights", candidate, 0.5);
    server_ = start_server(world_, quick_config(spool_.path()));
  }
  std::uint16_t port() const { return server_->port(); }

 private:
  millrace::TempFolder spool_;
  World world_;
  std::unique_ptr<ModelServer> server_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  millrace::fuzz::try_on<Served>(data, size);
  return 0;
}
