#include <chrono>

#include "engine/base/fault_point.h"
#include "engine/pg/marks.h"
#include "engine/pg/roles.h"

namespace millrace::pg {
namespace {

class PgInbox final : public Inbox {
 public:
  explicit PgInbox(Shared& shared)
      : shared_(shared),
        from_others_(
            shared.notifier.subscribe(Topic::inbox, [this] { subscribers_.call(nullptr); })) {}

  Result<Command> submit(const Command& command) override {
    const auto asked = steady();
    bool is_new = false;
    MR_TRY(Command stored, shared_.database.run<Command>([&](Session& session) {
      return put_or_find(session, command, is_new);
    }));
    pass(FaultPoint::command_submitted);
    if (stored.kind != command.kind || stored.body != command.body)
      return conflict("the idempotency key '" + command.idempotency_key +
                      "' was used for a different request (" + stored.kind +
                      "); choose another key");
    shared_.notifier.tell_others(Topic::inbox);
    const AcceptedCommand accepted{stored, asked};
    subscribers_.call(is_new ? &accepted : nullptr);
    return stored;
  }

  Result<std::vector<Command>> pending(std::size_t limit) override {
    MR_TRY(const std::int64_t mark, inbox_mark(shared_));
    return list<Command>(shared_, "pending_commands", Params().add(mark).add(limit));
  }

  Result<std::optional<CommandResult>> result(const Uuid& command) override {
    MR_TRY(auto found, list<CommandResult>(shared_, "command_result", Params().add(command)));
    return found.empty() ? std::nullopt : std::optional(std::move(found.front()));
  }

  Subscription subscribe(OnCommand on_command) override {
    return subscribers_.add(std::move(on_command));
  }

 private:
  std::chrono::steady_clock::time_point steady() const {
    return shared_.test_clock ? shared_.test_clock->steady() : std::chrono::steady_clock::now();
  }

  static Result<Command> put_or_find(Session& session, const Command& command, bool& is_new) {
    is_new = put(session, command);
    if (is_new) return command;
    Params name;
    name.add(command.id);
    add_key(name, command);
    auto found = read_rows<Command>(session, "find_command", name.add(command.namespace_));
    if (!found.empty()) return std::move(found.front());
    // The key is left of a command that history no longer holds.
    session.exec("free_command_key", Params().add(command.namespace_).add(command.idempotency_key));
    is_new = put(session, command);
    if (!is_new) return unavailable("another session is storing the command");
    return command;
  }

  /// False: it is there already, or its key names another.
  static bool put(Session& session, const Command& command) {
    const bool has_key = !command.idempotency_key.empty();
    Params params;
    params.add(command.id).add(command.kind);
    params.add(command.body.is_null() ? Json::object() : command.body);
    if (has_key) params.add(command.idempotency_key);
    const Origin& origin = command.origin;
    ArrayText roles;
    for (const auto& role : origin.principal.roles) roles.add(role);
    params.add(command.namespace_).add(origin.principal.who).add(origin.principal.token);
    params.add(std::move(roles)).add(origin.reason).add(origin.on_behalf_of);
    params.add(command.created_at);
    return !session.exec(has_key ? "put_command" : "put_command_without_key", params).empty();
  }

  static void add_key(Params& params, const Command& command) {
    if (command.idempotency_key.empty())
      params.add_null();
    else
      params.add(command.idempotency_key);
  }

  Shared& shared_;
  Subscribers<const AcceptedCommand*> subscribers_;
  const Subscription from_others_;
};

}  // namespace

std::unique_ptr<Inbox> make_inbox(Shared& shared) { return std::make_unique<PgInbox>(shared); }

}  // namespace millrace::pg
