#include "engine/api/context.h"

#include <algorithm>

#include "engine/api/views_model.h"
#include "engine/base/duration.h"
#include "engine/core/outcome.h"

namespace millrace::api {
namespace {

constexpr std::size_t kMostKeyBytes = 255;

/// For whom the client says that it asks: printable, short. Older clients call it Millrace-Actor.
std::string on_behalf_of(const Call& call) {
  auto given = call.header("millrace-on-behalf-of");
  if (given.empty()) given = call.header("millrace-actor");
  const bool fine = given.size() <= 128 && std::all_of(given.begin(), given.end(),
                                                       [](char c) { return c >= ' ' && c < 127; });
  return fine ? std::string(given) : "";
}

}  // namespace

Context::Context(ApiConfig api_config, Stores api_stores, const Catalog& api_catalog,
                 const Clock& api_clock, std::uint64_t seed, ApiHooks api_hooks,
                 follow::Feed& api_feed)
    : config(std::move(api_config)),
      stores(api_stores),
      catalog(api_catalog),
      clock(api_clock),
      hooks(std::move(api_hooks)),
      feed(api_feed),
      rng_(seed) {}

Uuid Context::new_id() {
  const MutexLock lock(mutex_);
  return ids_.next(clock.now(), rng_);
}

Command Context::of_call(Command command, const Call& call, std::string_view reason) {
  command.id = new_id();
  command.origin = {kLocalPrincipal, reason};
  command.origin.on_behalf_of = on_behalf_of(call);
  command.created_at = clock.now();
  return command;
}

namespace {

/// Commands that are durable, and what has been answered so far.
struct Asked {
  std::vector<Submitted> commands;
  std::vector<std::shared_ptr<follow::Awaited>> awaited;  // of each; null: answered before

  bool complete() const {
    return std::ranges::all_of(commands,
                               [](const Submitted& one) { return one.answer.has_value(); });
  }
  /// What the feed has told; at the end the inbox is asked as well.
  Status look(Inbox& inbox, bool over) {
    for (std::size_t i = 0; i < commands.size(); ++i) {
      auto& one = commands[i];
      if (one.answer) continue;
      if (awaited[i]) one.answer = awaited[i]->answer();
      if (one.answer || !over) continue;
      MR_TRY(one.answer, inbox.result(one.command.id));
    }
    return {};
  }
};

}  // namespace

Result<Reply> Context::submit(std::vector<Command> commands, Answered finish) {
  auto asked = std::make_shared<Asked>();
  auto wake = std::make_shared<http::Wake>();
  const auto notify = [wake] { wake->notify(); };
  for (const auto& command : commands) {
    // Awaited before it is durable: the answer may come at once.
    auto awaited = feed.waiters().await_command(command.id, notify);
    MR_TRY(Command stored, stores.inbox.submit(command));
    Submitted submitted{std::move(stored), false, std::nullopt};
    submitted.repeated = submitted.command.id != command.id;
    if (submitted.repeated) {
      awaited = feed.waiters().await_command(submitted.command.id, notify);
      MR_TRY(submitted.answer, stores.inbox.result(submitted.command.id));
    }
    asked->commands.push_back(std::move(submitted));
    asked->awaited.push_back(std::move(awaited));
  }
  if (asked->complete()) return finish(asked->commands);
  Reply reply;
  reply.later = std::make_shared<LaterReply>();
  reply.later->wake = std::move(wake);
  reply.later->patience = config.answer_wait;
  reply.later->look = [asked, &inbox = stores.inbox,
                       finish = std::move(finish)](bool over) -> Result<std::optional<Reply>> {
    MR_CHECK(asked->look(inbox, over));
    if (!over && !asked->complete()) return std::optional<Reply>();
    MR_TRY(Reply done, finish(asked->commands));
    return std::optional<Reply>(std::move(done));
  };
  return reply;
}

Result<Reply> Context::submit(Command command,
                              std::function<Result<Reply>(const Submitted&)> finish) {
  std::vector<Command> one;
  one.push_back(std::move(command));
  return submit(std::move(one), [finish = std::move(finish)](const std::vector<Submitted>& all) {
    return finish(all.front());
  });
}

Result<Json> Context::value_of(const Submitted& submitted) {
  if (!submitted.answer) return Json();
  if (submitted.answer->ok) return submitted.answer->result;
  return error_from_json(submitted.answer->result);
}

Error too_many_streams() {
  return make_error(ErrorCode::resource_exhausted,
                    "as many streams are open as are allowed; close one");
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
  add(group_endpoints(context));
  add(resource_endpoints(context));
  add(dataset_endpoints(context));
  add(run_endpoints(context));
  add(backfill_endpoints(context));
  add(task_endpoints(context, slots));
  add(model_endpoints(context));
  add(event_endpoints(context, slots));
  add(webhook_endpoints(context));
  add(catalog_endpoints(context));
  return all;
}

Reply json_reply(const Json& json) {
  Reply reply;
  json.dump_to(reply.json);
  return reply;
}

FieldInfo task_in_path() { return {"task", string_type(128), "The task's id"}; }
FieldInfo run_in_path() { return {"run", uuid_type(), "The run's id"}; }
FieldInfo dag_in_path() { return {"dag", string_type(128), "The DAG's id"}; }
FieldInfo model_in_path() { return {"model", string_type(128), "The model's name"}; }
FieldInfo namespace_in_query(std::string_view doc) {
  return FieldInfo{"namespace", identifier_type(), std::string(doc)}.optional(
      std::string(kDefaultNamespace));
}
FieldInfo namespace_filter_in_query() {
  return FieldInfo{"namespace", identifier_type(), "Only of this namespace; default: all"}
      .optional();
}
std::string namespace_of(const Call& call) {
  return call.query("namespace").as_string(kDefaultNamespace);
}
Error no_such_dag(Context& context, const DagKey& key) {
  const auto all = context.stores.runs.dags();
  if (!all) return all.error();
  std::vector<ScopedName> known;
  for (const auto& dag : *all) known.push_back(dag.key());
  return no_such("DAG", key, known);
}
FieldInfo limit_in_query(int most, int value) {
  return FieldInfo{"limit", integer_type(1, most), "How many at most"}.optional(value);
}
FieldInfo idempotency_header() {
  return FieldInfo{
      "Idempotency-Key", string_type(255),
      "Requests with the same key and body are executed once, even when they are sent concurrently"}
      .optional();
}

Result<std::chrono::milliseconds> wait_of(const Call& call, std::chrono::milliseconds most) {
  const Json& text = call.query("wait");
  if (text.is_null()) return std::chrono::milliseconds{0};
  auto wait = parse_duration(text.as_view());
  if (!wait) return invalid_argument(wait.error().message).at("?wait");
  if (*wait > most)
    return invalid_argument("'" + text.as_string() +
                            "' is longer than a request may wait; at most " +
                            format_duration(most) + ", then ask again")
        .at("?wait");
  return std::chrono::duration_cast<std::chrono::milliseconds>(*wait);
}

Result<std::string> idempotency_key_in(const Call& call) {
  std::string key(call.header("idempotency-key"));
  if (key.size() <= kMostKeyBytes) return key;
  return invalid_argument("has " + std::to_string(key.size()) + " bytes; at most " +
                          std::to_string(kMostKeyBytes) + " are allowed")
      .at("Idempotency-Key");
}

Result<Reply> command_reply(const Submitted& submitted) {
  MR_TRY(auto result, Context::value_of(submitted));
  auto reply =
      reply_of(CommandView{submitted.command.id, submitted.answer.has_value(), std::move(result)});
  reply.status = submitted.answer ? 200 : 202;
  return reply;
}

}  // namespace millrace::api
