#include "operators/deploy/canary.h"

#include <algorithm>
#include <cmath>

#include "engine/base/digest.h"
#include "engine/base/duration.h"
#include "engine/op/query.h"
#include "operators/deploy/candidate.h"

namespace millrace::operators {
namespace {

struct Step {
  double weight = 0;  // percent
  Duration hold{};
};

std::string weight_text(double weight) {
  return (weight == std::floor(weight) ? std::to_string(static_cast<long>(weight))
                                       : Json(weight).dump()) +
         " %";
}

Result<Step> read_step(const Json& json, std::size_t index, double weight_before) {
  const std::string place = "steps[" + std::to_string(index) + "]";
  if (!json.is_object() || !json["weight"].is_number())
    return invalid_argument(place + " needs a weight, e.g. {weight: 5, hold: 5m}");
  for (const auto& [key, value] : json.members())
    if (key != "weight" && key != "hold")
      return invalid_argument(place + " has no '" + key + "'; a step has a weight and a hold");
  Step step;
  step.weight = json["weight"].as_double();
  if (!(step.weight > weight_before && step.weight <= 100))
    return invalid_argument(place + ".weight is " + weight_text(step.weight) +
                            "; it must be greater than the step before, and at most 100");
  if (step.weight == 100) return step;
  auto hold = parse_duration(json["hold"].as_view());
  if (!hold) return invalid_argument(place + ".hold: " + hold.error().message);
  step.hold = *hold;
  return step;
}

Result<std::vector<Step>> read_steps(const Json& json) {
  std::vector<Step> out;
  for (std::size_t i = 0; i < json.items().size(); ++i) {
    MR_TRY(Step step, read_step(json.at(i), i, out.empty() ? 0 : out.back().weight));
    out.push_back(step);
  }
  if (out.empty()) return invalid_argument("parameter 'steps' must be a list of at least one step");
  // The last step of 100 % is the promotion; without one it comes after the last hold.
  if (out.back().weight == 100) out.pop_back();
  return out;
}

/// Where a canary is; its checkpoint.
///
/// How long a step was held is the sum of the times between looks, each counted for at most what it
/// was planned to be: between two looks the engine waits by steady time, so a clock that was set
/// adds or takes no more than one interval. What the step saw is found by the revision of the
/// deployment, which no clock moves.
struct Progress {
  std::size_t step = 0;
  Time step_started{};  // for people
  Time looked_at{};     // the last look
  Duration planned{};   // until the next
  Duration held{};
  std::int64_t revision = 0;  // of the deployment in this step; 0: not seen yet
  std::string champion;       // when it began
  Json seen = Json::array();  // of the steps that passed
  Json not_judged = Json::array();
  std::string waits_for;  // guardrails without enough data, as the last look logged them

  Json to_json() const {
    return Json::object({{"step", step},
                         {"step_started_us", to_micros(step_started)},
                         {"looked_at_us", to_micros(looked_at)},
                         {"planned_us", planned.count()},
                         {"held_us", held.count()},
                         {"revision", revision},
                         {"champion", champion},
                         {"seen", seen},
                         {"not_judged", not_judged},
                         {"waits_for", waits_for}});
  }
  static Progress from_json(const Json& json) {
    Progress out;
    out.step = static_cast<std::size_t>(std::max<std::int64_t>(json["step"].as_int(), 0));
    out.step_started = from_micros(json["step_started_us"].as_int());
    out.looked_at = from_micros(json["looked_at_us"].as_int());
    out.planned = Duration{json["planned_us"].as_int()};
    out.held = Duration{json["held_us"].as_int()};
    out.revision = json["revision"].as_int();
    out.champion = json["champion"].as_string();
    out.seen = json["seen"];
    if (json["not_judged"].is_array()) out.not_judged = json["not_judged"];
    out.waits_for = json["waits_for"].as_string();
    return out;
  }
  void count_time(Time now) {
    held += std::clamp<Duration>(now - looked_at, Duration::zero(), planned);
    looked_at = now;
    planned = Duration::zero();
  }
};

/// One call of the operator: what it was asked, what it knows, what it decides.
class Canary {
 public:
  Canary(const DeployCanary& op, std::vector<Step> steps, OperatorContext& ctx,
         DeploymentQuery::Answer deployment)
      : op_(op), steps_(std::move(steps)), ctx_(ctx), deployment_(std::move(deployment)) {}

  Result<Outcome> begin();
  Result<Outcome> look(Progress progress);

 private:
  Json outputs(std::string_view decision, std::string_view reason, const Progress& progress) const;
  Result<ServingComparison> measure(const Progress& progress) const;
  void log_look(Progress& progress, const ServingComparison& seen,
                const std::vector<NotJudged>& not_judged);
  Outcome enter(Progress progress);
  Outcome wait(Progress progress, Duration wanted, std::vector<Effect> effects);
  Outcome end_step(Progress progress, const ServingComparison& seen,
                   const std::vector<NotJudged>& not_judged);
  Outcome promote(const Progress& progress, std::string reason);
  /// `blameless`: the model is not at fault, and may be shipped again.
  Outcome take_back(const Progress& progress, const ServingComparison& seen,
                    const std::vector<Breach>& breaches, bool blameless);
  Outcome taken_away(const Progress& progress, const ServingComparison& seen);
  Guardrails guardrails() const;

  const DeployCanary& op_;
  std::vector<Step> steps_;
  OperatorContext& ctx_;
  DeploymentQuery::Answer deployment_;
};

Json Canary::outputs(std::string_view decision, std::string_view reason,
                     const Progress& progress) const {
  return Json::object({{"decision", decision},
                       {"reason", reason},
                       {"model", op_.model},
                       {"champion", progress.champion},
                       {"candidate", op_.candidate},
                       {"steps", progress.seen},
                       {"not_judged", progress.not_judged}});
}

Guardrails Canary::guardrails() const {
  Guardrails rails;
  rails.max_error_rate = op_.max_error_rate;
  rails.max_latency_ratio = op_.max_latency_ratio;
  rails.latency_slack_ms = op_.latency_slack_ms;
  rails.max_business_drop = op_.max_business_drop;
  rails.alpha = op_.alpha;
  rails.min_requests = op_.min_requests;
  rails.min_outcomes = op_.min_outcomes;
  rails.looks = 0;
  for (const Step& step : steps_) rails.looks += step.hold / op_.interval + 1;
  return rails;
}

Result<Outcome> Canary::begin() {
  Progress progress;
  progress.champion = artifact_of(deployment_.champion);
  if (progress.champion == op_.candidate)
    return Outcome{Done{outputs("promoted", "it is the champion already", progress), {}}};
  MR_CHECK(check_candidate(ctx_, op_.model, op_.candidate, progress.champion,
                           op_.allow_signature_change));
  if (progress.champion.empty()) {
    progress.not_judged.push_back("all guardrails: there is no champion to compare with");
    return promote(progress, "the first model: there is no champion to compare with");
  }
  if (const std::string other = artifact_of(deployment_.candidate);
      !other.empty() && other != op_.candidate) {
    Error busy = conflict("another canary of '" + op_.model + "' is under way, with candidate " +
                          other.substr(0, 12));
    busy.transient_override = true;
    return busy;
  }
  if (steps_.empty()) {
    progress.not_judged.push_back("all guardrails: the only step is 100 %");
    return promote(progress, "the only step is 100 %, so no guardrail was judged");
  }
  return enter(std::move(progress));
}

Outcome Canary::enter(Progress progress) {
  const Step& step = steps_[progress.step];
  progress.step_started = ctx_.now();
  progress.looked_at = ctx_.now();
  progress.held = Duration::zero();
  progress.revision = 0;
  progress.waits_for.clear();
  const std::string reason =
      "canary step " + std::to_string(progress.step + 1) + " of " + std::to_string(steps_.size());
  ctx_.log(reason + ": " + weight_text(step.weight) + " of the traffic for " +
           format_duration(step.hold));
  SetTraffic traffic{op_.model, op_.candidate, step.weight, reason};
  if (progress.not_judged.size() > 0)
    traffic.reason += "; not judged before: " + progress.not_judged.items().back().as_string();
  return wait(std::move(progress), step.hold, {std::move(traffic)});
}

Result<ServingComparison> Canary::measure(const Progress& progress) const {
  MR_TRY(const auto answer,
         ctx_.query(ServingQuery{.model = op_.model, .from_revision = progress.revision}));
  return read_metrics(answer, op_.candidate, progress.champion, op_.min_requests);
}

Result<Outcome> Canary::look(Progress progress) {
  if (artifact_of(deployment_.champion) == op_.candidate)
    return Outcome{
        Done{outputs("promoted", "it was promoted from outside the canary", progress), {}}};
  if (progress.step >= steps_.size())
    return internal_error("the checkpoint names a step that the canary does not have");
  if (progress.revision == 0) progress.revision = deployment_.revision;
  MR_TRY(const ServingComparison seen, measure(progress));
  if (artifact_of(deployment_.candidate) != op_.candidate) return taken_away(progress, seen);
  if (deployment_.weight <= 0)
    return take_back(progress, seen,
                     {{"breaker", "the model server took its traffic to 0 %", Json::object()}},
                     false);
  if (const auto breaches = find_breaches(guardrails(), seen); !breaches.empty())
    return take_back(progress, seen, breaches, false);

  const Step& step = steps_[progress.step];
  progress.count_time(ctx_.now());
  const auto not_judged = find_not_judged(guardrails(), seen);
  log_look(progress, seen, not_judged);
  const Duration limit = not_judged.empty() ? step.hold : step.hold + op_.max_wait;
  if (progress.held < limit) {
    const Duration left = limit - progress.held;
    return wait(std::move(progress), left, {});
  }
  if (!not_judged.empty() && op_.on_no_traffic == "fail")
    return take_back(progress, seen,
                     {{"not_judged", "not judged: " + text_of(not_judged), Json::object()}}, true);
  return end_step(std::move(progress), seen, not_judged);
}

/// The measured values of both sides. What a guardrail still needs is logged when that changes.
void Canary::log_look(Progress& progress, const ServingComparison& seen,
                      const std::vector<NotJudged>& not_judged) {
  const Step& step = steps_[progress.step];
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(progress.held);
  ctx_.log("held " + format_duration(seconds) + " of " + format_duration(step.hold) + " at " +
           weight_text(step.weight) + ": candidate " + side_text(seen.candidate) + "; baseline " +
           side_text(seen.baseline) + "; no guardrail is breached");
  const std::string names = names_of(not_judged);
  if (!names.empty() && names != progress.waits_for)
    ctx_.log("not judged yet, for lack of data: " + needs_of(not_judged));
  if (names.empty() && !progress.waits_for.empty()) ctx_.log("all guardrails now have enough data");
  progress.waits_for = names;
}

Outcome Canary::end_step(Progress progress, const ServingComparison& seen,
                         const std::vector<NotJudged>& not_judged) {
  const std::string step = "step " + std::to_string(progress.step + 1);
  progress.seen.push_back(Json::object({{"weight", steps_[progress.step].weight},
                                        {"candidate", seen.candidate.to_json()},
                                        {"baseline", seen.baseline.to_json()},
                                        {"not_judged", text_of(not_judged)}}));
  if (!not_judged.empty()) progress.not_judged.push_back(step + ": " + text_of(not_judged));
  if (++progress.step == steps_.size()) return promote(progress, "all steps of the canary passed");
  return enter(std::move(progress));
}

Outcome Canary::wait(Progress progress, Duration wanted, std::vector<Effect> effects) {
  Defer defer;
  defer.after = std::min(op_.interval, wanted);
  defer.event = "deployment/" + op_.model;
  progress.planned = defer.after;
  defer.waiting_for = "the end of step " + std::to_string(progress.step + 1) + " of " +
                      std::to_string(steps_.size()) + " of the canary, at " +
                      weight_text(steps_[progress.step].weight) + " of the traffic";
  defer.checkpoint = progress.to_json();
  defer.effects = std::move(effects);
  return defer;
}

Outcome Canary::promote(const Progress& progress, std::string reason) {
  std::string unjudged;
  for (const Json& one : progress.not_judged.items())
    unjudged += (unjudged.empty() ? "" : "; ") + one.as_string();
  // Without a step, the reason says already that nothing was judged.
  if (!unjudged.empty() && progress.seen.size() > 0) reason += "; not judged: " + unjudged;
  ctx_.log("promoted: " + reason);
  Done done;
  done.outputs = outputs("promoted", reason, progress);
  done.effects.push_back(
      PromoteModel{op_.model, op_.candidate, std::move(reason), progress.champion});
  if (!unjudged.empty() && !progress.champion.empty())
    done.effects.push_back(RaiseAlert{"warning",
                                      "Model '" + op_.model + "' promoted, not judged in full",
                                      unjudged, ctx_.attempt().owner});
  return done;
}

Outcome Canary::take_back(const Progress& progress, const ServingComparison& seen,
                          const std::vector<Breach>& breaches, bool blameless) {
  Json list = Json::array();
  std::string text;
  for (const Breach& breach : breaches) {
    list.push_back(Json::object(
        {{"guardrail", breach.guardrail}, {"text", breach.text}, {"numbers", breach.numbers}}));
    text += (text.empty() ? "" : "; ") + breach.text;
  }
  const double weight = steps_[progress.step].weight;
  Json evidence = Json::object({{"candidate", op_.candidate},
                                {"champion", progress.champion},
                                {"step", progress.step + 1},
                                {"weight", weight},
                                {"since", format_rfc3339(progress.step_started)},
                                {"breaches", std::move(list)},
                                {"candidate_metrics", seen.candidate.to_json()},
                                {"baseline_metrics", seen.baseline.to_json()}});
  const std::string reason = "rolled back at " + weight_text(weight) + ": " + text;
  ctx_.log(reason);
  Fail fail;
  fail.error = make_error(ErrorCode::data_invalid, "canary of '" + op_.model + "' " + reason);
  fail.outputs = outputs("rolled_back", reason, progress);
  fail.outputs.set("evidence", evidence);
  RollbackModel back{op_.model, reason, std::move(evidence)};
  back.artifact = op_.candidate;
  back.candidate_only = true;
  back.blameless = blameless;
  fail.effects.push_back(std::move(back));
  fail.effects.push_back(
      RaiseAlert{"error", "Canary of '" + op_.model + "' rolled back", text, ctx_.attempt().owner});
  return fail;
}

// The traffic is back already: by the model server's breaker, or by a person. Another roll-back now
// would take away the champion.
Outcome Canary::taken_away(const Progress& progress, const ServingComparison& seen) {
  const std::string reason = "the candidate was rolled back from outside the canary";
  ctx_.log(reason);
  Fail fail;
  fail.error = make_error(ErrorCode::data_invalid, "canary of '" + op_.model + "': " + reason);
  fail.outputs = outputs("rolled_back", reason, progress);
  fail.outputs.set("evidence",
                   Json::object({{"deployment", record_json<JsonStyle::shown>(deployment_)},
                                 {"candidate_metrics", seen.candidate.to_json()},
                                 {"baseline_metrics", seen.baseline.to_json()}}));
  return fail;
}

}  // namespace

Result<Outcome> DeployCanary::run(OperatorContext& ctx) const {
  if (!is_sha256_hex(candidate))
    return invalid_argument("parameter 'candidate' is '" + candidate.substr(0, 80) +
                            "'; expected a model's digest of 64 hex digits");
  if (interval <= Duration::zero())
    return invalid_argument("parameter 'interval' must not be zero");
  MR_TRY(auto plan, read_steps(steps));
  MR_TRY(auto deployment, ctx.query(DeploymentQuery{model}));
  Canary canary(*this, std::move(plan), ctx, std::move(deployment));
  const Json& checkpoint = ctx.attempt().checkpoint;
  return checkpoint.is_object() && checkpoint.contains("step")
             ? canary.look(Progress::from_json(checkpoint))
             : canary.begin();
}

}  // namespace millrace::operators
