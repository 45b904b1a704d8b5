#include "engine/core/outcome.h"

namespace millrace {
namespace {

Json effects_json(const std::vector<Effect>& effects) {
  Json out = Json::array();
  for (const auto& effect : effects) out.push_back(to_json(effect));
  return out;
}

Result<std::vector<Effect>> effects_from(const Json& json) {
  std::vector<Effect> out;
  for (const auto& item : json.items()) {
    MR_TRY(Effect effect, effect_from_json(item));
    out.push_back(std::move(effect));
  }
  return out;
}

struct OutcomeWriter {
  Json operator()(const Done& done) const {
    return Json::object(
        {{"outcome", "done"}, {"outputs", done.outputs}, {"effects", effects_json(done.effects)}});
  }
  Json operator()(const Skip& skip) const {
    return Json::object({{"outcome", "skip"}, {"reason", skip.reason}});
  }
  Json operator()(const Defer& defer) const {
    return Json::object({{"outcome", "defer"},
                         {"after_us", defer.after.count()},
                         {"event", defer.event},
                         {"checkpoint", defer.checkpoint},
                         {"effects", effects_json(defer.effects)}});
  }
  Json operator()(const Fail& fail) const {
    return Json::object({{"outcome", "fail"},
                         {"error", to_json(fail.error)},
                         {"outputs", fail.outputs},
                         {"effects", effects_json(fail.effects)}});
  }
};

}  // namespace

Json to_json(const Error& error) {
  Json out = Json::object({{"code", traits(error.code).name}, {"message", error.message}});
  if (!error.where.empty()) out.set("where", error.where);
  out.set("transient", error.transient());
  if (error.retry_after) out.set("retry_after_ms", error.retry_after->count());
  return out;
}

Error error_from_json(const Json& json) {
  Error error =
      make_error(error_code_from_name(json["code"].as_view()), json["message"].as_string());
  error.where = json["where"].as_string();
  if (json["transient"].is_bool()) error.transient_override = json["transient"].as_bool();
  if (json["retry_after_ms"].is_integer())
    error.retry_after = std::chrono::milliseconds(json["retry_after_ms"].as_int());
  return error;
}

Json to_json(const Result<Outcome>& outcome) {
  if (outcome) return std::visit(OutcomeWriter{}, *outcome);
  return Json::object({{"outcome", "error"}, {"error", to_json(outcome.error())}});
}

Result<Outcome> outcome_from_json(const Json& json) {
  const auto kind = json["outcome"].as_view();
  if (kind == "error") return error_from_json(json["error"]);
  if (kind == "skip") return Outcome{Skip{json["reason"].as_string()}};
  MR_TRY(auto effects, effects_from(json["effects"]));
  if (kind == "done") return Outcome{Done{json["outputs"], std::move(effects)}};
  if (kind == "defer")
    return Outcome{Defer{Duration{json["after_us"].as_int()}, json["event"].as_string(),
                         json["checkpoint"], std::move(effects)}};
  if (kind == "fail")
    return Outcome{Fail{error_from_json(json["error"]), json["outputs"], std::move(effects)}};
  return invalid_argument("'" + std::string(kind) + "' is not an outcome");
}

}  // namespace millrace
