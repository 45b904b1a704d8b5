#include "engine/store/mem_state.h"

namespace millrace::mem {
namespace {

class MemInbox final : public Inbox {
 public:
  explicit MemInbox(State& state) : state_(state) {}

  Result<Command> submit(const Command& command) override {
    const auto asked = state_.clock.steady();
    return call(state_, "inbox.submit", [&](Callbacks& after) -> Result<Command> {
      if (const Command* stored = find(command)) {
        if (stored->kind == command.kind && stored->body == command.body) return *stored;
        return conflict("the idempotency key '" + command.idempotency_key +
                        "' was used for a different request (" + stored->kind +
                        "); choose another key");
      }
      state_.command_index[command.id] = state_.commands.size();
      if (!command.idempotency_key.empty())
        state_.command_by_key[{command.namespace_, command.idempotency_key}] =
            state_.commands.size();
      state_.pending.insert(state_.commands.size());
      state_.commands.push_back(command);
      after.emplace_back([this, accepted = AcceptedCommand{command, asked}] {
        state_.on_command.call(&accepted);
      });
      return command;
    });
  }
  Result<std::vector<Command>> pending(std::size_t limit) override {
    return call(state_, "inbox.pending", [&](Callbacks&) -> Result<std::vector<Command>> {
      std::vector<Command> out;
      for (const std::size_t i : state_.pending) {
        if (out.size() == limit) break;
        out.push_back(state_.commands[i]);
      }
      return out;
    });
  }
  Result<std::optional<CommandResult>> result(const Uuid& command) override {
    return call(state_, "inbox.result", [&](Callbacks&) -> Result<std::optional<CommandResult>> {
      const auto found = state_.command_results.find(command);
      return found == state_.command_results.end() ? std::nullopt : std::optional(found->second);
    });
  }
  Subscription subscribe(OnCommand on_command) override {
    return state_.on_command.add(std::move(on_command));
  }

 private:
  /// The same command, by its id or its idempotency key.
  const Command* find(const Command& command) const {
    if (const auto i = state_.command_index.find(command.id); i != state_.command_index.end())
      return &state_.commands[i->second];
    if (command.idempotency_key.empty()) return nullptr;
    const auto i = state_.command_by_key.find({command.namespace_, command.idempotency_key});
    return i == state_.command_by_key.end() ? nullptr : &state_.commands[i->second];
  }

  State& state_;
};

}  // namespace

std::unique_ptr<Inbox> make_inbox(State& state) { return std::make_unique<MemInbox>(state); }

}  // namespace millrace::mem
