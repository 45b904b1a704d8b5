// Verbs about models, over the API. rollback and release need a running engine; models also works
// without one.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <set>

#include "engine/app/connection.h"
#include "engine/app/shared_options.h"
#include "engine/app/show.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/http/target.h"

namespace millrace {
namespace {

/// The artifact of the version that a person names by number, "v4" or "4", or by the start of its
/// digest (at least eight digits).
Result<std::string> artifact_of(const Options& options, const ApiClient& client,
                                const std::string& model, const std::string& version) {
  if (version.size() == 64) return version;
  MR_TRY(const Json versions, client.get("/api/v1/models/" + http::percent_encode(model) +
                                         "/versions" + namespace_query(options)));
  const std::string number = version.starts_with('v') ? version.substr(1) : version;
  std::set<std::string> found;
  for (const Json& each : versions.items()) {
    const std::string artifact = each["artifact"].as_string();
    const bool by_digest = version.size() >= 8 && artifact.starts_with(version);
    if (by_digest || std::to_string(each["version"].as_int()) == number) found.insert(artifact);
  }
  if (found.size() == 1) return *found.begin();
  return not_found("model '" + model + "' has " + (found.empty() ? "no" : "more than one") +
                   " version '" + version + "'; name it by its number or by its digest");
}

struct ModelWords {
  std::string model;
  std::string version;  // a number, or the start of a digest; "": none is named
  std::string reason;
};

Result<int> release(const Options& options, const ModelWords& words) {
  MR_TRY(const ApiClient client, connect(options));
  MR_TRY(const std::string artifact, artifact_of(options, client, words.model, words.version));
  MR_TRY(const Json answer,
         client.post("/api/v1/models/" + http::percent_encode(words.model) + "/release" +
                         namespace_query(options),
                     Json::object({{"artifact", artifact}, {"reason", words.reason}})));
  if (options.json) return print_json(answer);
  std::printf("version %s of model %s may be deployed again\n", artifact.substr(0, 12).c_str(),
              words.model.c_str());
  return 0;
}

Result<int> roll_back(const Options& options, const ModelWords& words) {
  MR_TRY(const ApiClient client, connect(options));
  Json body = Json::object();
  if (!words.version.empty()) {
    MR_TRY(const std::string artifact, artifact_of(options, client, words.model, words.version));
    body.set("artifact", artifact);
  }
  if (!words.reason.empty()) body.set("reason", words.reason);
  MR_TRY(const Json answer, client.post("/api/v1/models/" + http::percent_encode(words.model) +
                                            "/rollback" + namespace_query(options),
                                        body));
  if (options.json) return print_json(answer);
  std::printf("model %s is rolled back\n", words.model.c_str());
  return 0;
}

Result<int> list_models(const Options& options) {
  MR_TRY(const Connection connection, connect_to_read(options));
  const ApiClient& client = connection.client;
  MR_TRY(const Json models, client.get("/api/v1/models" + namespace_query(options)));
  if (options.json) return print_json(models);
  const auto version = [](const Json& v) {
    return v.is_object()
               ? "v" + std::to_string(v["version"].as_int()) + " " + v["algorithm"].as_string()
               : "-";
  };
  TerminalTable table({"MODEL", "VERSIONS", "CHAMPION", "AUC", "CANDIDATE", "WEIGHT", "LAST GOOD",
                       "UPDATED (UTC)"});
  for (const auto& m : models.items())
    table.add({name_of_row(m, "model"), std::to_string(m["versions"].as_int()),
               version(m["champion"]), four_decimals(m["champion"]["metrics"]["auc"]),
               version(m["candidate"]), Json(m["weight"].as_double()).dump() + " %",
               version(m["last_good"]), short_time(m["updated_at"])});
  std::fputs(table.empty() ? "no models\n" : table.to_string().c_str(), stdout);
  return 0;
}

}  // namespace

VerbAction declare_models(CLI::App& verb, Options& options) {
  add_namespace_filter(verb, options);
  return [&options] { return list_models(options); };
}

VerbAction declare_rollback(CLI::App& verb, Options& options) {
  auto words = std::make_shared<ModelWords>();
  verb.add_option("model", words->model, "Name of the model")->required();
  add_namespace_option(verb, options);
  verb.add_option("--reason", words->reason, "Reason, stored in the journal");
  verb.add_option("--artifact", words->version,
                  "Act only while this version, by digest or number, gets the traffic");
  return [&options, words] { return roll_back(options, *words); };
}

VerbAction declare_release(CLI::App& verb, Options& options) {
  auto words = std::make_shared<ModelWords>();
  verb.add_option("model", words->model, "Name of the model")->required();
  add_namespace_option(verb, options);
  verb.add_option("version", words->version, "Number of the version, or the start of its digest")
      ->required();
  verb.add_option("--reason", words->reason, "Reason, stored in the journal")->required();
  return [&options, words] { return release(options, *words); };
}

}  // namespace millrace
