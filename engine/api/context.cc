#include "engine/api/context.h"

#include <algorithm>

#include "engine/base/duration.h"
#include "engine/core/outcome.h"

namespace millrace::api {
namespace {

/// How long to trust a store's callbacks before looking again.
constexpr std::chrono::milliseconds kBackupLook{500};

/// The actor as the client names itself: printable, short.
std::string actor_of(const Call& call) {
  const auto given = call.header("millrace-actor");
  const bool fine =
      !given.empty() && given.size() <= 128 &&
      std::all_of(given.begin(), given.end(), [](char c) { return c >= ' ' && c < 127; });
  return fine ? std::string(given) : "api";
}

}  // namespace

Context::Context(ApiConfig api_config, Stores api_stores, const Catalog& api_catalog,
                 const Clock& api_clock, std::uint64_t seed, ApiHooks api_hooks)
    : config(std::move(api_config)),
      stores(api_stores),
      catalog(api_catalog),
      clock(api_clock),
      hooks(std::move(api_hooks)),
      rng_(seed) {
  // The stores keep their callbacks for ever: they hold the signal, not us.
  const auto notify = [signal = changed] { signal->notify(); };
  stores.journal.subscribe(notify);
  stores.serving.subscribe(notify);
}

Uuid Context::new_id() {
  const std::lock_guard lock(mutex_);
  return Uuid::v7(clock.now(), rng_);
}

Command Context::make_command(std::string_view kind, Json body, const Call& call,
                              std::string_view reason) {
  Command command;
  command.id = new_id();
  command.kind = kind;
  command.body = std::move(body);
  command.origin = {actor_of(call), std::string(reason)};
  command.created_at = clock.now();
  return command;
}

Result<Submitted> Context::submit(Command command) {
  const Uuid own_id = command.id;
  MR_TRY(Command stored, stores.inbox.submit(command));
  Submitted submitted{std::move(stored), false, std::nullopt};
  submitted.repeated = submitted.command.id != own_id;
  MR_TRY(submitted.answer, wait_for_answer(submitted.command.id));
  return submitted;
}

Result<std::optional<CommandResult>> Context::wait_for_answer(const Uuid& command) {
  const auto deadline = clock.steady() + config.answer_wait;
  for (;;) {
    const auto seen = changed->version();
    MR_TRY(auto answer, stores.inbox.result(command));
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - clock.steady());
    if (answer || left.count() <= 0 || changed->closed()) return answer;
    changed->wait(seen, std::min(left, kBackupLook));
  }
}

Result<Json> Context::value_of(const Submitted& submitted) {
  if (!submitted.answer) return Json();
  if (submitted.answer->ok) return submitted.answer->result;
  return error_from_json(submitted.answer->result);
}

std::shared_ptr<void> StreamSlots::take() {
  auto now = taken_->load();
  do {
    if (now >= limit_) return nullptr;
  } while (!taken_->compare_exchange_weak(now, now + 1));
  return {this, [taken = taken_](void*) { --*taken; }};
}

std::vector<Endpoint> all_endpoints(Context* context, StreamSlots* slots) {
  std::vector<Endpoint> all;
  const auto add = [&](std::vector<Endpoint> some) {
    for (auto& endpoint : some) all.push_back(std::move(endpoint));
  };
  add(dag_endpoints(context));
  add(run_endpoints(context));
  add(task_endpoints(context, slots));
  add(model_endpoints(context));
  add(event_endpoints(context, slots));
  add(catalog_endpoints(context));
  return all;
}

Reply json_reply(Json json) {
  Reply reply;
  reply.json = std::move(json);
  return reply;
}

std::vector<std::string> strings_of(const Json& list) {
  std::vector<std::string> out;
  for (const auto& item : list.items()) out.push_back(item.as_string());
  return out;
}

FieldInfo run_in_path() { return {"run", uuid_type(), "The run's id"}; }
FieldInfo dag_in_path() { return {"dag", string_type(128), "The DAG's id"}; }
FieldInfo model_in_path() { return {"model", string_type(128), "The model's name"}; }
FieldInfo limit_in_query(int most, int value) {
  return FieldInfo{"limit", integer_type(1, most), "How many at most"}.optional(value);
}
FieldInfo reason_in_body() {
  return FieldInfo{"reason", string_type(2000), "Why; kept in the journal"}.optional("");
}
FieldInfo idempotency_header() {
  return FieldInfo{
      "Idempotency-Key", string_type(255),
      "The same key and body always mean the same wish, also when sent at the same time"}
      .optional();
}

Result<std::chrono::milliseconds> wait_of(const Call& call, std::chrono::milliseconds most) {
  const Json& text = call.query("wait");
  if (text.is_null()) return std::chrono::milliseconds{0};
  auto wait = parse_duration(text.as_view());
  if (!wait) return invalid_argument("?wait: " + wait.error().message);
  return std::min(most, std::chrono::duration_cast<std::chrono::milliseconds>(*wait));
}

}  // namespace millrace::api
