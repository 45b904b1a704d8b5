#include "engine/exec/protocol.h"

#include "engine/exec/frame.h"

namespace millrace::exec {
namespace {

struct ToJson {
  Json operator()(const HelloMessage& m) const {
    return Json::object({{"type", "hello"}, {"protocol", m.protocol}});
  }
  Json operator()(const StartMessage& m) const {
    return Json::object({{"type", "start"},
                         {"id", m.id},
                         {"op", m.op},
                         {"with", m.with},
                         {"info", to_json(m.info)},
                         {"work_dir", m.work_dir},
                         {"memory", m.memory_limit_bytes},
                         {"output", m.output}});
  }
  Json operator()(const QueryMessage& m) const {
    return Json::object(
        {{"type", "query"}, {"id", m.id}, {"name", m.name}, {"arguments", m.arguments}});
  }
  Json operator()(const AnswerMessage& m) const {
    Json out = Json::object({{"type", "answer"}, {"id", m.id}});
    if (m.value)
      out.set("value", *m.value);
    else
      out.set("error", to_json(m.value.error()));
    return out;
  }
  Json operator()(const CancelMessage& m) const {
    return Json::object({{"type", "cancel"}, {"id", m.id}});
  }
  Json operator()(const RecallMessage& m) const {
    return Json::object({{"type", "recall"}, {"id", m.id}});
  }
  Json operator()(const ReturnedMessage& m) const {
    return Json::object({{"type", "returned"}, {"id", m.id}});
  }
  Json operator()(const BeatMessage& m) const {
    return Json::object({{"type", "beat"}, {"rss", m.rss_bytes}});
  }
  Json operator()(const MemoryMessage&) const { return Json::object({{"type", "memory"}}); }
  Json operator()(const DoneMessage& m) const {
    return Json::object({{"type", "done"},
                         {"id", m.id},
                         {"outcome", to_json(m.outcome)},
                         {"rss", m.rss_bytes},
                         {"retire", m.retire}});
  }
};

Error not_a_message(std::string_view type) {
  return make_error(ErrorCode::data_invalid,
                    "'" + std::string(type.substr(0, 40)) + "' is no message of the protocol");
}

template <typename Message>
Result<std::string> encode_any(const Message& message) {
  return make_frame(std::visit(ToJson{}, message).dump());
}

}  // namespace

Result<std::string> encode(const RunnerMessage& message) { return encode_any(message); }
Result<std::string> encode(const EngineMessage& message) { return encode_any(message); }

Result<RunnerMessage> decode_runner_message(std::string_view payload) {
  MR_TRY(Json json, Json::parse(payload));
  const std::string_view type = json["type"].as_view();
  const std::int64_t id = json["id"].as_int();
  if (type == "beat") return RunnerMessage{BeatMessage{json["rss"].as_int()}};
  if (type == "memory") return RunnerMessage{MemoryMessage{}};
  if (type == "returned") return RunnerMessage{ReturnedMessage{id}};
  if (type == "hello")
    return RunnerMessage{HelloMessage{static_cast<int>(json["protocol"].as_int())}};
  if (type == "query")
    return RunnerMessage{QueryMessage{id, json["name"].as_string(), json["arguments"]}};
  // An outcome that does not read well (an effect with a malformed digest) is the operator's error.
  if (type == "done")
    return RunnerMessage{DoneMessage{id, outcome_from_json(json["outcome"]), json["rss"].as_int(),
                                     json["retire"].as_bool()}};
  return not_a_message(type);
}

Result<EngineMessage> decode_engine_message(std::string_view payload) {
  MR_TRY(Json json, Json::parse(payload));
  const std::string_view type = json["type"].as_view();
  const std::int64_t id = json["id"].as_int();
  if (type == "cancel") return EngineMessage{CancelMessage{id}};
  if (type == "recall") return EngineMessage{RecallMessage{id}};
  if (type == "answer") {
    if (const Json* error = json.find("error"))
      return EngineMessage{AnswerMessage{id, error_from_json(*error)}};
    return EngineMessage{AnswerMessage{id, json["value"]}};
  }
  if (type == "start") {
    MR_TRY(AttemptInfo info, attempt_info_from_json(json["info"]));
    return EngineMessage{StartMessage{id, json["op"].as_string(), json["with"], std::move(info),
                                      json["work_dir"].as_string(), json["memory"].as_int(),
                                      json["output"].as_int() == 0 ? 0 : 1}};
  }
  return not_a_message(type);
}

}  // namespace millrace::exec
