#include "engine/base/error_json.h"

namespace millrace {

Json to_json(const Error& error) {
  Json out = Json::object({{"code", traits(error.code).name}, {"message", error.message}});
  if (!error.where.empty()) out.set("where", error.where);
  out.set("transient", error.transient());
  if (error.permanent) out.set("permanent", true);
  if (error.out_of_memory) out.set("out_of_memory", true);
  if (error.exit_code) out.set("exit_code", *error.exit_code);
  if (error.signal) out.set("signal", *error.signal);
  if (error.retry_after) out.set("retry_after_ms", error.retry_after->count());
  return out;
}

Error error_from_json(const Json& json) {
  Error error =
      make_error(error_code_from_name(json["code"].as_view()), json["message"].as_string());
  error.where = json["where"].as_string();
  if (json["transient"].is_bool()) error.transient_override = json["transient"].as_bool();
  error.permanent = json["permanent"].as_bool(false);
  error.out_of_memory = json["out_of_memory"].as_bool(false);
  if (json["exit_code"].is_integer())
    error.exit_code = static_cast<int>(json["exit_code"].as_int());
  if (json["signal"].is_integer()) error.signal = static_cast<int>(json["signal"].as_int());
  if (json["retry_after_ms"].is_integer())
    error.retry_after = std::chrono::milliseconds(json["retry_after_ms"].as_int());
  return error;
}

}  // namespace millrace
