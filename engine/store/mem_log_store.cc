#include "engine/store/log_text.h"
#include "engine/store/mem_state.h"

namespace millrace::mem {
namespace {

class MemLogStore final : public LogStore {
 public:
  explicit MemLogStore(State& state) : state_(state) {}

  Status append(std::span<const LogChunk> chunks) override {
    return call(state_, "logs.append", [&](Callbacks&) -> Status {
      for (const LogChunk& chunk : chunks) {
        auto& pieces = state_.logs[{chunk.run, chunk.task, chunk.map_index, chunk.attempt}];
        std::string& text = pieces[chunk.offset];
        if (text.size() < chunk.text.size()) text = chunk.text;
      }
      return {};
    });
  }
  Result<std::string> read(const Uuid& run, std::string_view task, int map_index, int attempt,
                           std::int64_t offset, std::size_t limit) override {
    return call(state_, "logs.read", [&](Callbacks&) -> Result<std::string> {
      LogText text(offset, limit);
      const auto pieces = state_.logs.find({run, std::string(task), map_index, attempt});
      if (pieces == state_.logs.end()) return std::string();
      for (const auto& [at, piece] : pieces->second)
        if (!text.add(at, piece)) break;
      return std::move(text).take();
    });
  }
  Result<std::int64_t> length(const Uuid& run, std::string_view task, int map_index,
                              int attempt) override {
    return call(state_, "logs.length", [&](Callbacks&) -> Result<std::int64_t> {
      const auto pieces = state_.logs.find({run, std::string(task), map_index, attempt});
      if (pieces == state_.logs.end() || pieces->second.empty()) return 0;
      const auto& [at, piece] = *pieces->second.rbegin();
      return at + static_cast<std::int64_t>(piece.size());
    });
  }

 private:
  State& state_;
};

}  // namespace

std::unique_ptr<LogStore> make_log_store(State& state) {
  return std::make_unique<MemLogStore>(state);
}

}  // namespace millrace::mem
