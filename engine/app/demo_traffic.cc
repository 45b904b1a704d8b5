// The replay: real flights, as requests to the model server, with their true outcomes afterwards.
#include <array>
#include <atomic>
#include <thread>

#include "engine/app/demo.h"
#include "engine/base/log.h"
#include "engine/data/session.h"
#include "engine/data/sql.h"
#include "engine/http/client.h"

namespace millrace::demo {

struct Traffic::Flight {
  std::string id, entity;
  std::string request;  // body of a V2 infer request
  double late = 0;      // the truth
};

namespace {

/// What a client sends. It cannot know gate_delay when it asks, and fills in the customary 999.
constexpr std::array kFeatures = {"hour",       "weekday",       "distance",
                                  "gate_delay", "origin_rate",   "destination_rate",
                                  "route_rate", "origin_flights"};
constexpr int kSenders = 3;

std::string infer_body(const std::string& id, const std::string& entity, const data::Table& table,
                       std::size_t row) {
  Json inputs = Json::array();
  for (const char* feature : kFeatures) {
    Json value = std::string_view(feature) == "gate_delay" ? Json(999.0) : table.at(row, feature);
    inputs.push_back(Json::object({{"name", feature},
                                   {"shape", Json::array({1, 1})},
                                   {"datatype", "FP64"},
                                   {"data", Json::array({std::move(value)})}}));
  }
  return Json::object({{"id", id},
                       {"parameters", Json::object({{"entity", entity}})},
                       {"inputs", std::move(inputs)}})
      .dump();
}

}  // namespace

Traffic::Traffic(Node& node) : node_(node) {
  service_.start([this] { follow(); });
}

std::optional<Uuid> Traffic::run_with_canary() const {
  Stores stores = node_.stores();
  const auto deployment = stores.serving.deployment({kDefaultNamespace, kModel});
  if (!deployment || deployment->candidate.empty()) return std::nullopt;
  const auto open = stores.runs.open_runs();
  if (!open) return std::nullopt;
  for (const auto& run : *open)
    if (run.dag == kDag) return run.run;
  return std::nullopt;
}

void Traffic::follow() {
  Uuid loaded;
  std::vector<Flight> flights;
  while (!service_.stopping()) {
    const auto run = run_with_canary();
    if (!run) {
      service_.pause(std::chrono::milliseconds{50});
      continue;
    }
    if (*run != loaded) {
      auto read = load(*run);
      if (!read) {
        log::warning("no flights to replay",
                     {{"run", run->to_string()}, {"error", read.error().message}});
        service_.pause(std::chrono::milliseconds{500});
        continue;
      }
      flights = *std::move(read);
      loaded = *run;
    }
    replay(flights);
  }
}

Result<std::vector<Traffic::Flight>> Traffic::load(const Uuid& run) const {
  MR_TRY(const auto artifacts, node_.stores().registry.artifacts(run));
  std::string digest;
  for (const auto& artifact : artifacts)
    if (artifact.task == "traffic" && artifact.kind == "table") digest = artifact.digest;
  if (digest.empty()) return not_found("the run has made no traffic");
  MR_TRY(const auto path, node_.artifact_path(digest));
  MR_TRY(data::Session session, data::Session::open({.files = {path}}));
  MR_TRY(const data::Table table,
         session.query("SELECT * FROM read_parquet(" + data::quote_literal(path.string()) +
                       ") ORDER BY date LIMIT 20000"));
  std::vector<Flight> flights;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    Flight flight;
    flight.id = run.to_string() + "-" + std::to_string(row);
    flight.entity = table.at(row, "origin").as_string() + "-" +
                    table.at(row, "destination").as_string() + "-" +
                    table.at(row, "date").as_string();
    flight.request = infer_body(flight.id, flight.entity, table, row);
    const Json& label = table.at(row, "label");
    flight.late = label.is_bool() ? (label.as_bool() ? 1 : 0) : label.as_double();
    flights.push_back(std::move(flight));
  }
  if (flights.empty()) return not_found("the month has no flights");
  return flights;
}

void Traffic::replay(const std::vector<Flight>& flights) {
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> over = false;
  std::vector<std::thread> senders;
  for (int i = 0; i < kSenders; ++i)
    senders.emplace_back([&] {
      while (!over && !service_.stopping()) send(flights[next++ % flights.size()]);
    });
  while (run_with_canary() && service_.pause(std::chrono::milliseconds{50})) continue;
  over = true;
  for (auto& sender : senders) sender.join();
}

void Traffic::send(const Flight& flight) {
  const std::string base = "http://127.0.0.1:" + std::to_string(node_.serve_port()) +
                           "/v2/models/" + std::string(kModel);
  const auto post = [&](const std::string& url, const std::string& body) {
    http::ClientRequest request;
    request.method = "POST";
    request.url = url;
    request.headers = {{"Content-Type", "application/json"}};
    request.body = body;
    const auto response = http::send(request, [] { return false; });
    return response && response->status == 200;
  };
  ++sent_;
  if (!post(base + "/infer", flight.request)) {
    ++failed_;
    return;
  }
  const Json outcome = Json::array({Json::object({{"id", flight.id}, {"outcome", flight.late}})});
  post(base + "/outcomes", outcome.dump());
}

}  // namespace millrace::demo
