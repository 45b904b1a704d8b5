#include "engine/core/attempt.h"

namespace millrace {

std::string AttemptInfo::idempotency_key() const {
  return run_id + "/" + task_id + "/" + std::to_string(map_index);
}

Json to_json(const AttemptInfo& info) {
  Json out = Json::object({{"dag_id", info.dag_id},
                           {"run_id", info.run_id},
                           {"task_id", info.task_id},
                           {"map_index", info.map_index},
                           {"attempt", info.attempt},
                           {"epoch", info.epoch},
                           {"trace_id", info.trace_id},
                           {"owner", info.owner},
                           {"base_dir", info.base_dir},
                           {"checkpoint", info.checkpoint}});
  if (info.has_interval) {
    out.set("logical_date", format_rfc3339(info.logical_date));
    out.set("data_interval_start", format_rfc3339(info.data_interval_start));
    out.set("data_interval_end", format_rfc3339(info.data_interval_end));
  }
  return out;
}

Result<AttemptInfo> attempt_info_from_json(const Json& json) {
  AttemptInfo info;
  info.dag_id = json["dag_id"].as_string();
  info.run_id = json["run_id"].as_string();
  info.task_id = json["task_id"].as_string();
  info.map_index = static_cast<int>(json["map_index"].as_int(-1));
  info.attempt = static_cast<int>(json["attempt"].as_int(1));
  info.epoch = json["epoch"].as_int();
  info.trace_id = json["trace_id"].as_string();
  info.owner = json["owner"].as_string();
  info.base_dir = json["base_dir"].as_string();
  info.checkpoint = json["checkpoint"];
  info.has_interval = json.contains("logical_date");
  if (info.has_interval) {
    MR_TRY(info.logical_date, parse_rfc3339(json["logical_date"].as_view()));
    MR_TRY(info.data_interval_start, parse_rfc3339(json["data_interval_start"].as_view()));
    MR_TRY(info.data_interval_end, parse_rfc3339(json["data_interval_end"].as_view()));
  }
  return info;
}

}  // namespace millrace
