#include "operators/sensors/sensor.h"

#include <algorithm>

#include "engine/base/counted.h"
#include "engine/base/duration.h"
#include "engine/base/record_json.h"
#include "engine/base/utf8.h"

namespace millrace::operators {
namespace {

std::string seconds_text(Duration duration) {
  return format_duration(std::chrono::floor<std::chrono::seconds>(duration));
}

double seconds(Duration duration) { return std::chrono::duration<double>(duration).count(); }

/// After this look.
SensorWait after_look(const std::optional<SensorWait>& before, Time now) {
  SensorWait wait = before.value_or(SensorWait{});
  if (before)
    wait.waited += now >= wait.looked_at ? now - wait.looked_at : wait.planned;
  else
    wait.waiting_since = now;
  wait.looked_at = now;
  ++wait.looks;
  return wait;
}

Json with_counts(Json outputs, const SensorWait& wait) {
  outputs.set("waited", seconds(wait.waited));
  outputs.set("looks", wait.looks);
  return outputs;
}

/// Of an answer: it may quote an error, and an error an answer.
constexpr std::size_t kMaxAnswerBytes = 500;

Outcome give_up(const SensorOptions& options, std::string_view waiting_for,
                const SensorWait& wait) {
  const std::string why = "waited " + seconds_text(wait.waited) + " for " +
                          std::string(waiting_for) + " (" + counted(wait.looks, "look") +
                          "); the last answer: " + wait.answer;
  if (options.on_timeout == "skip") return Skip{why};
  Fail fail;
  fail.error = make_error(ErrorCode::timeout, why);
  fail.outputs = with_counts(Json::object({{"answer", wait.answer}}), wait);
  return fail;
}

/// Only what a later look may see differently is worth waiting for.
bool may_pass(const SensorOptions& options, const Error& error) {
  return options.errors == "retry" && error.transient() && error.code != ErrorCode::cancelled;
}

Defer until_next_look(const SensorOptions& options, std::string_view waiting_for, SensorWait wait,
                      Duration again_in) {
  const Duration wanted = again_in > Duration::zero() ? again_in : options.interval;
  wait.planned = std::clamp<Duration>(options.timeout - wait.waited, Duration::zero(), wanted);
  Defer defer;
  defer.after = wait.planned;
  defer.checkpoint = record_json(wait);
  defer.waiting_for = waiting_for;
  return defer;
}

}  // namespace

SensorVerdict decide(const SensorOptions& options, const std::optional<SensorWait>& before,
                     std::string_view waiting_for, const Result<Look>& look, Time now) {
  SensorWait wait = after_look(before, now);
  if (!look && !may_pass(options, look.error())) return {look.error(), ""};
  wait.answer = shortened(look ? look->says : "the look failed: " + look.error().to_string(),
                          kMaxAnswerBytes);
  const bool is_new = !before || before->answer != wait.answer;
  const std::string log = is_new ? wait.answer : "";
  if (look && look->answer == Look::Answer::found)
    return {Outcome{Done{with_counts(look->outputs, wait), {}}}, log};
  if (look && look->answer == Look::Answer::never) {
    Fail fail;
    fail.error = make_error(ErrorCode::data_invalid, wait.answer);
    fail.outputs = with_counts(look->outputs, wait);
    return {Outcome{std::move(fail)}, log};
  }
  if (look) wait.memory = look->memory;
  if (wait.waited >= options.timeout) return {give_up(options, waiting_for, wait), log};
  const Duration again_in = look ? look->again_in : Duration{};
  return {Outcome{until_next_look(options, waiting_for, std::move(wait), again_in)}, log};
}

Result<Outcome> run_sensor(OperatorContext& ctx, const SensorOptions& options,
                           std::string_view waiting_for,
                           const std::function<Result<Look>(const Json& memory)>& look,
                           std::string_view wake_event) {
  std::optional<SensorWait> before;
  if (const Json& checkpoint = ctx.attempt().checkpoint; checkpoint.is_object()) {
    MR_TRY(before, read_record<SensorWait>(checkpoint));
  }
  if (!before) ctx.log("waiting for " + std::string(waiting_for));
  const Result<Look> seen = look(before ? before->memory : Json());
  SensorVerdict verdict = decide(options, before, waiting_for, seen, ctx.now());
  if (!verdict.log.empty()) ctx.log(verdict.log);
  if (verdict.outcome)
    if (auto* defer = std::get_if<Defer>(&*verdict.outcome)) defer->event = wake_event;
  return std::move(verdict.outcome);
}

}  // namespace millrace::operators
