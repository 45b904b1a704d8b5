#include <algorithm>

#include "engine/store/mem_state.h"

namespace millrace::mem {
namespace {

class MemCursors final : public Cursors {
 public:
  explicit MemCursors(State& state) : state_(state) {}

  Result<std::optional<std::int64_t>> cursor(std::string_view follower) override {
    return call(state_, "cursors.cursor", [&](Callbacks&) -> Result<std::optional<std::int64_t>> {
      const auto found = state_.cursors.find(follower);
      return found == state_.cursors.end() ? std::nullopt : std::optional(found->second);
    });
  }
  Status save_cursor(std::string_view follower, std::int64_t seq) override {
    return call(state_, "cursors.save_cursor", [&](Callbacks&) -> Status {
      auto& stored = state_.cursors.try_emplace(std::string(follower), seq).first->second;
      stored = std::max(stored, seq);
      return {};
    });
  }

 private:
  State& state_;
};

}  // namespace

std::unique_ptr<Cursors> make_cursors(State& state) { return std::make_unique<MemCursors>(state); }

}  // namespace millrace::mem
