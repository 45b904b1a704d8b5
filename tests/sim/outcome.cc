#include "tests/sim/outcome.h"

#include "engine/base/digest.h"
#include "tests/sim/dags.h"

namespace millrace::sim {
namespace {

constexpr std::int64_t kMostLegs = 3;

Json list_of(std::uint64_t size) {
  Json out = Json::array();
  for (std::uint64_t i = 0; i < size; ++i) out.push_back(static_cast<long>(i));
  return out;
}

/// Few models and many changes, so that each meets the work of others.
std::vector<Effect> draw_effects(const std::string& dag, const std::string& mark, Rng& rng) {
  std::vector<Effect> effects;
  if (rng.below(3) > 0) return effects;
  const std::string artifact = sha256_hex(mark);
  const std::string model = rng.below(2) ? "m" : "n";
  if (rng.below(2)) effects.push_back(PublishArtifact{artifact, "model", "model", 1, -1, {}, {}});
  effects.push_back(RegisterModel{model, artifact, "fake", Json::object(), Json::object(), ""});
  RollbackModel back{model, "simulated", Json::object()};
  switch (rng.below(8)) {
    case 0:
      effects.push_back(RecordEvaluation{model, "", artifact, rng.below(2) ? "promote" : "refuse",
                                         Json::object()});
      break;
    case 1:
      effects.push_back(PromoteModel{model, artifact, "simulated"});
      break;
    case 2:
      effects.push_back(SetTraffic{model, artifact, 5, "simulated"});
      break;
    case 3:
      effects.push_back(back);
      break;
    case 4:
      effects.push_back(RaiseAlert{"warning", mark, "", ""});
      break;
    case 5:
      back.candidate_only = true;
      back.blameless = rng.below(2) == 0;
      effects.push_back(back);
      break;
    case 6:  // refused, and then let in again
      effects.push_back(RecordEvaluation{model, "", artifact, "refuse", Json::object()});
      effects.push_back(ReleaseModel{model, artifact, "simulated"});
      break;
    default:
      break;
  }
  // Of one DAG alone, which does not wait for it: a ring of DAGs would feed itself for ever.
  if (dag == kDatasetMaker && rng.below(3) == 0)
    effects.insert(effects.end(), {UpdateDataset{"data", artifact, 1}, SetWatermark{"data", mark}});
  return effects;
}

/// Every class of failure that a rule can name.
Error draw_failure(Rng& rng) {
  Error error = make_error(ErrorCode::program_failed, "'run' failed");
  switch (rng.below(6)) {
    case 0:
      error.exit_code = 75;
      return error;
    case 1:
      error.exit_code = 1;
      return error;
    case 2:
      error.signal = 9;
      return error;
    case 3:
      error = make_error(ErrorCode::resource_exhausted, "out of memory");
      error.out_of_memory = true;
      return error;
    case 4:
      return data_invalid("a bad row");
    default:
      return unavailable("a quota is used up");
  }
}

/// Half of them begin a canary, or take theirs a step further.
Defer draw_deferral(std::int64_t leg, std::string candidate, const std::string& mark, Rng& rng) {
  Defer defer;
  defer.after = std::chrono::seconds{1 + rng.below(30)};
  defer.event = rng.below(2) ? "deployment/m" : "";
  defer.effects.push_back(RaiseAlert{"info", mark, "", ""});
  if (candidate.empty() && rng.below(2)) {
    candidate = sha256_hex(mark);
    defer.effects.push_back(
        RegisterModel{"m", candidate, "fake", Json::object(), Json::object(), ""});
  }
  if (!candidate.empty())
    defer.effects.push_back(SetTraffic{"m", candidate, 5.0 * static_cast<double>(leg + 1), "step"});
  defer.checkpoint =
      Json::object({{"leg", leg + 1}, {"mark", mark}, {"candidate", std::move(candidate)}});
  return defer;
}

/// A canary that passed, or one that was judged bad.
Outcome draw_verdict(const std::string& candidate, const std::string& mark, Rng& rng) {
  if (rng.below(2)) {
    Done done;
    done.outputs = Json::object({{"mark", mark}});
    done.effects.push_back(PromoteModel{"m", candidate, "passed"});
    return done;
  }
  RollbackModel back{"m", "a breach", Json::object()};
  back.artifact = candidate;
  return Fail{make_error(ErrorCode::data_invalid, "a breach"), {}, {back}};
}

/// Of a call that starts a run of the namespace, and may wait for it.
Outcome draw_start(const StartAttempt& attempt, const std::string& mark, Rng& rng) {
  StartRun start{.dag = rng.below(2) ? "dag0" : "dag1", .wait = rng.below(3) > 0};
  if (rng.below(20) == 0) start.dag = "nowhere";
  if (!start.wait) return Done{Json::object({{"mark", mark}}), {start}};
  Defer defer;
  defer.checkpoint =
      Json::object({{"leg", attempt.info.checkpoint["leg"].as_int() + 1}, {"mark", mark}});
  defer.effects.push_back(start);
  return defer;
}

/// Of the call after the end of the run that it waited for.
Outcome outcome_of_child(const Json& child, const std::string& mark) {
  const Json outputs =
      Json::object({{"mark", mark}, {"run_id", child["run"]}, {"state", child["state"]}});
  if (child["state"].as_view() == "success") return Done{outputs, {}};
  return Fail{make_error(ErrorCode::data_invalid, "its run did not succeed"), outputs, {}};
}

}  // namespace

Result<Outcome> draw_outcome(const StartAttempt& attempt, const std::string& mark, Rng& rng) {
  const double p = rng.uniform();
  const std::int64_t leg = attempt.info.checkpoint["leg"].as_int();
  if (p < 0.10) return draw_failure(rng);
  if (const Json& child = attempt.info.checkpoint["child"]; child.is_object())
    return outcome_of_child(child, mark);
  // A run that a dataset has started starts none: the two would feed each other for ever.
  constexpr std::int64_t kLongestChain = 2;
  if (attempt.op == kStarter && attempt.with["dataset"].is_null() &&
      attempt.with["depth"].as_int() < kLongestChain)
    return draw_start(attempt, mark, rng);
  if (p < 0.11) return permanent(invalid_argument("a permanent failure"));
  if (p < 0.13) return Outcome{Skip{"nothing to do"}};
  const std::string candidate = attempt.info.checkpoint["candidate"].as_string();
  if (p < (candidate.empty() ? 0.20 : 0.60) && leg < kMostLegs)
    return Outcome{draw_deferral(leg, candidate, mark, rng)};
  if (!candidate.empty() && p < 0.80) return Outcome{draw_verdict(candidate, mark, rng)};
  if (p < 0.22)
    return Outcome{Fail{make_error(ErrorCode::data_invalid, "judged bad"),
                        {},
                        {RaiseAlert{"error", mark, "", ""}}}};
  Done done;
  done.outputs = Json::object(
      {{"list", list_of(rng.below(4))}, {"mark", mark}, {"enough", rng.below(3) == 0}});
  done.effects = draw_effects(attempt.info.dag_id, mark, rng);
  return Outcome{std::move(done)};
}

}  // namespace millrace::sim
