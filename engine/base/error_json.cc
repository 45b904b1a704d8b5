#include "engine/base/error_json.h"

namespace millrace {

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

}  // namespace millrace
