// Context: what the endpoints work with. One for each Api; its parts are thread-safe.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <vector>

#include "engine/api/api.h"
#include "engine/base/mutex.h"
#include "engine/follow/feed.h"
#include "engine/http/endpoint.h"
#include "engine/store/command.h"

namespace millrace::api {

/// A command in the inbox, and the engine's answer if it came in time.
struct Submitted {
  Command command;
  bool repeated = false;  // an earlier one with the same idempotency key
  std::optional<CommandResult> answer;
};

class Context {
 public:
  Context(ApiConfig api_config, Stores api_stores, const Catalog& api_catalog,
          const Clock& api_clock, std::uint64_t seed, ApiHooks api_hooks, follow::Feed& api_feed);

  Uuid new_id();
  /// A command of this call in that namespace. Its principal is `local` until access control is on;
  /// what the header Millrace-On-Behalf-Of says is only noted.
  template <Kinded T>
  Command make_command(const T& input, const Call& call, std::string_view name_space,
                       std::string_view reason) {
    return of_call(millrace::make_command(input, {name_space, {}}), call, reason);
  }
  using Answered = std::function<Result<Reply>(const std::vector<Submitted>&)>;
  /// Puts the commands into the inbox, in order. The reply is `finish`'s once the engine has
  /// answered all of them, or after `config.answer_wait`; no thread waits meanwhile.
  Result<Reply> submit(std::vector<Command> commands, Answered finish);
  Result<Reply> submit(Command command, std::function<Result<Reply>(const Submitted&)> finish);
  /// The answer's value, or its refusal as an error; without an answer null.
  static Result<Json> value_of(const Submitted& submitted);
  /// The same of a T; without an answer nullopt.
  template <Kinded T>
  static Result<std::optional<typename T::Answer>> answer_of(const Submitted& submitted) {
    if (!submitted.answer) return std::optional<typename T::Answer>();
    MR_TRY(const Json value, value_of(submitted));
    MR_TRY(typename T::Answer answer, answer_to<T>(value));
    return std::optional(std::move(answer));
  }

  const ApiConfig config;
  const Stores stores;
  const Catalog& catalog;
  const Clock& clock;
  const ApiHooks hooks;
  follow::Feed& feed;

 private:
  Command of_call(Command command, const Call& call, std::string_view reason);

  Mutex mutex_;
  Rng rng_ GUARDED_BY(mutex_);
  UuidSource ids_ GUARDED_BY(mutex_);
};

/// For who asks for one stream more than there may be.
Error too_many_streams();

/// A slot for a long response; `config.max_streams` at one time.
class StreamSlots {
 public:
  explicit StreamSlots(std::size_t limit) : limit_(limit) {}
  /// Held as long as the pointer lives; nullptr if none is free.
  std::shared_ptr<void> take();

 private:
  const std::size_t limit_;
  std::shared_ptr<std::atomic<std::size_t>> taken_ = std::make_shared<std::atomic<std::size_t>>(0);
};

// The endpoints by topic. Called with nullptr for the documents alone.
std::vector<Endpoint> dag_endpoints(Context* context);
std::vector<Endpoint> group_endpoints(Context* context);
std::vector<Endpoint> dataset_endpoints(Context* context);
std::vector<Endpoint> resource_endpoints(Context* context);
std::vector<Endpoint> run_endpoints(Context* context);
std::vector<Endpoint> backfill_endpoints(Context* context);
std::vector<Endpoint> task_endpoints(Context* context, StreamSlots* slots);
std::vector<Endpoint> model_endpoints(Context* context);
std::vector<Endpoint> event_endpoints(Context* context, StreamSlots* slots);
std::vector<Endpoint> webhook_endpoints(Context* context);
std::vector<Endpoint> catalog_endpoints(Context* context);
/// All of them, in the order of the documents.
std::vector<Endpoint> all_endpoints(Context* context, StreamSlots* slots);

// Shared by several topics.
Reply json_reply(const Json& json);
/// A record, or a list of records, as others see it.
template <typename T>
Reply reply_of(const T& value) {
  Reply reply;
  append_record<JsonStyle::shown>(reply.json, value);
  return reply;
}
/// ?namespace of an endpoint that names something: `default` without one.
FieldInfo namespace_in_query(std::string_view doc = "The namespace of the name in the path");
std::string namespace_of(const Call& call);
inline DagKey dag_of(const Call& call) { return {namespace_of(call), call.path("dag")}; }
/// What to answer when there is no such DAG.
Error no_such_dag(Context& context, const DagKey& key);
inline ModelKey model_of(const Call& call) { return {namespace_of(call), call.path("model")}; }
/// ?namespace of a list: all namespaces without one.
FieldInfo namespace_filter_in_query();
/// Removes rows of other namespaces than the one that ?namespace asks for.
template <typename Rows>
void keep_namespace(const Call& call, Rows& rows) {
  const std::string wanted = call.query("namespace").as_string();
  if (!wanted.empty())
    std::erase_if(rows, [&](const auto& row) { return row.namespace_ != wanted; });
}
FieldInfo run_in_path();
FieldInfo task_in_path();
FieldInfo dag_in_path();
FieldInfo model_in_path();
FieldInfo limit_in_query(int most, int value);
FieldInfo idempotency_header();
/// How long a request may wait for what it asks about.
inline constexpr std::chrono::milliseconds kMostWait{60'000};
/// ?wait, 0 without one; an error for more than `most`.
Result<std::chrono::milliseconds> wait_of(const Call& call, std::chrono::milliseconds most);
/// The Idempotency-Key header, "" without one; an error for a longer one than is kept.
Result<std::string> idempotency_key_in(const Call& call);
/// 200 with the engine's answer to a command, or 202 without one.
Result<Reply> command_reply(const Submitted& submitted);

}  // namespace millrace::api
