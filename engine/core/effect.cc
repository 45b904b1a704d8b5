#include "engine/core/effect.h"

#include "engine/base/digest.h"

namespace millrace {
namespace {

// One list of fields for each effect; reading and writing both walk it.
template <typename Self, typename F>
void fields(PublishArtifact*, Self& e, F f) {
  f("digest", e.digest), f("artifact_kind", e.kind), f("name", e.name), f("bytes", e.bytes),
      f("rows", e.rows), f("schema", e.schema), f("inputs", e.inputs);
}
template <typename Self, typename F>
void fields(RegisterModel*, Self& e, F f) {
  f("model", e.model), f("artifact", e.artifact), f("algorithm", e.algorithm),
      f("metrics", e.metrics), f("params", e.params), f("manifest", e.manifest);
}
template <typename Self, typename F>
void fields(RecordEvaluation*, Self& e, F f) {
  f("model", e.model), f("champion", e.champion), f("challenger", e.challenger),
      f("decision", e.decision), f("report", e.report);
}
template <typename Self, typename F>
void fields(SetTraffic*, Self& e, F f) {
  f("model", e.model), f("candidate", e.candidate), f("weight", e.weight), f("reason", e.reason);
}
template <typename Self, typename F>
void fields(PromoteModel*, Self& e, F f) {
  f("model", e.model), f("artifact", e.artifact), f("reason", e.reason);
}
template <typename Self, typename F>
void fields(RollbackModel*, Self& e, F f) {
  f("model", e.model), f("reason", e.reason), f("evidence", e.evidence);
  f("artifact", e.artifact), f("candidate_only", e.candidate_only), f("blameless", e.blameless);
}
template <typename Self, typename F>
void fields(ReleaseModel*, Self& e, F f) {
  f("model", e.model), f("artifact", e.artifact), f("reason", e.reason);
}
template <typename Self, typename F>
void fields(UpdateDataset*, Self& e, F f) {
  f("dataset", e.dataset), f("artifact", e.artifact), f("rows", e.rows);
}
template <typename Self, typename F>
void fields(RaiseAlert*, Self& e, F f) {
  f("severity", e.severity), f("title", e.title), f("text", e.text), f("owner", e.owner);
}

template <typename T>
constexpr std::string_view kEffectKind = "";
template <>
constexpr std::string_view kEffectKind<PublishArtifact> = "publish_artifact";
template <>
constexpr std::string_view kEffectKind<RegisterModel> = "register_model";
template <>
constexpr std::string_view kEffectKind<RecordEvaluation> = "record_evaluation";
template <>
constexpr std::string_view kEffectKind<SetTraffic> = "set_traffic";
template <>
constexpr std::string_view kEffectKind<PromoteModel> = "promote_model";
template <>
constexpr std::string_view kEffectKind<RollbackModel> = "rollback_model";
template <>
constexpr std::string_view kEffectKind<ReleaseModel> = "release_model";
template <>
constexpr std::string_view kEffectKind<UpdateDataset> = "update_dataset";
template <>
constexpr std::string_view kEffectKind<RaiseAlert> = "raise_alert";

Json field_json(const std::vector<std::string>& values) {
  Json out = Json::array();
  for (const auto& value : values) out.push_back(value);
  return out;
}
template <typename T>
Json field_json(const T& value) {
  return Json(value);
}

void read(std::string& to, const Json& from) { to = from.as_string(); }
void read(bool& to, const Json& from) { to = from.as_bool(to); }
void read(double& to, const Json& from) { to = from.as_double(to); }
void read(std::int64_t& to, const Json& from) { to = from.as_int(to); }
void read(Json& to, const Json& from) { to = from; }
void read(std::vector<std::string>& to, const Json& from) {
  for (const auto& item : from.items()) to.push_back(item.as_string());
}

Status check_digest(std::string_view field, std::string_view digest, bool may_be_empty) {
  if (is_sha256_hex(digest) || (may_be_empty && digest.empty())) return {};
  return invalid_argument("effect field '" + std::string(field) + "' is '" +
                          std::string(digest.substr(0, 80)) +
                          "'; expected an artifact digest of 64 hex digits");
}

Status check_name(std::string_view field, const std::string& name) {
  if (!name.empty()) return {};
  return invalid_argument("effect field '" + std::string(field) + "' is empty; it must name one");
}

Status check(const PublishArtifact& e) { return check_digest("digest", e.digest, false); }
Status check(const RegisterModel& e) {
  MR_CHECK(check_name("model", e.model));
  MR_CHECK(check_digest("manifest", e.manifest, true));
  return check_digest("artifact", e.artifact, false);
}
Status check(const RecordEvaluation& e) {
  MR_CHECK(check_name("model", e.model));
  MR_CHECK(check_digest("champion", e.champion, true));
  return check_digest("challenger", e.challenger, false);
}
Status check(const SetTraffic& e) {
  MR_CHECK(check_name("model", e.model));
  if (!(e.weight >= 0 && e.weight <= 100))
    return invalid_argument("the traffic weight for model '" + e.model + "' is " +
                            std::to_string(e.weight) + "; it is a percentage from 0 to 100");
  return check_digest("candidate", e.candidate, false);
}
Status check(const PromoteModel& e) {
  MR_CHECK(check_name("model", e.model));
  return check_digest("artifact", e.artifact, false);
}
Status check(const RollbackModel& e) {
  MR_CHECK(check_name("model", e.model));
  return check_digest("artifact", e.artifact, true);
}
Status check(const ReleaseModel& e) {
  MR_CHECK(check_name("model", e.model));
  if (e.reason.empty())
    return invalid_argument("a version is released only with a reason; none was given");
  return check_digest("artifact", e.artifact, false);
}
Status check(const UpdateDataset& e) {
  MR_CHECK(check_name("dataset", e.dataset));
  return check_digest("artifact", e.artifact, true);
}
Status check(const RaiseAlert&) { return {}; }

template <typename T>
Result<Effect> read_as(const Json& json) {
  T effect;
  fields(static_cast<T*>(nullptr), effect, [&](std::string_view name, auto& member) {
    if (const Json* given = json.find(name)) read(member, *given);
  });
  MR_CHECK(check(effect));
  return Effect{std::move(effect)};
}

template <typename... Ts>
Result<Effect> read_effect(const Json& json, std::variant<Ts...>*) {
  Result<Effect> out = invalid_argument("'" + json["kind"].as_string() + "' is not an effect");
  const auto try_kind = [&](std::string_view kind, auto&& read) {
    if (json["kind"].as_view() == kind) out = read();
  };
  (try_kind(kEffectKind<Ts>, [&] { return read_as<Ts>(json); }), ...);
  return out;
}

}  // namespace

Status check_effect(const Effect& effect) {
  return std::visit([](const auto& e) { return check(e); }, effect);
}

Json to_json(const Effect& effect) {
  return std::visit(
      [](const auto& e) {
        using T = std::decay_t<decltype(e)>;
        Json out = Json::object({{"kind", Json(kEffectKind<T>)}});
        fields(static_cast<T*>(nullptr), e, [&](std::string_view name, const auto& member) {
          out.set(name, field_json(member));
        });
        return out;
      },
      effect);
}

Result<Effect> effect_from_json(const Json& json) {
  return read_effect(json, static_cast<Effect*>(nullptr));
}

}  // namespace millrace
