#include "engine/follow/waiters.h"

namespace millrace::follow {

std::optional<CommandResult> Awaited::answer() const {
  const MutexLock lock(mutex_);
  return answer_;
}

std::optional<RunStatus> Awaited::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

void Awaited::take(CommandResult answer) {
  {
    const MutexLock lock(mutex_);
    answer_ = std::move(answer);
  }
  wake_();
}

void Awaited::take(RunStatus status) {
  {
    const MutexLock lock(mutex_);
    status_ = status;
  }
  wake_();
}

std::shared_ptr<Awaited> Waiters::await_command(const Uuid& command, std::function<void()> wake) {
  auto awaited = std::make_shared<Awaited>(std::move(wake));
  const MutexLock lock(mutex_);
  forget_gone(commands_);
  commands_.emplace(command, awaited);
  return awaited;
}

std::shared_ptr<Awaited> Waiters::await_run(const Uuid& run, std::function<void()> wake) {
  auto awaited = std::make_shared<Awaited>(std::move(wake));
  const MutexLock lock(mutex_);
  forget_gone(runs_);
  runs_.emplace(run, awaited);
  return awaited;
}

std::shared_ptr<Awaited> Waiters::await_backfill(const Uuid& backfill, std::function<void()> wake) {
  auto awaited = std::make_shared<Awaited>(std::move(wake));
  const MutexLock lock(mutex_);
  forget_gone(backfills_);
  backfills_.emplace(backfill, awaited);
  return awaited;
}

/// Those whose request is over; looked for when there are many, so that each is paid for once.
void Waiters::forget_gone(Map& map) {
  constexpr std::size_t kForgetAt = 1'000;
  if (map.size() < kForgetAt || map.size() % kForgetAt != 0) return;
  std::erase_if(map, [](const auto& one) { return one.second.expired(); });
}

std::vector<std::shared_ptr<Awaited>> Waiters::extract(Map& map, const Uuid& key) {
  std::vector<std::shared_ptr<Awaited>> found;
  const auto [begin, end] = map.equal_range(key);
  for (auto at = begin; at != end; ++at)
    if (auto awaited = at->second.lock()) found.push_back(std::move(awaited));
  map.erase(begin, end);
  return found;
}

void Waiters::take(const std::vector<Event>& events) {
  for (const auto& event : events) {
    if (const auto* handled = std::get_if<CommandHandled>(&event.body)) {
      std::vector<std::shared_ptr<Awaited>> found;
      {
        const MutexLock lock(mutex_);
        found = extract(commands_, handled->command);
      }
      for (const auto& awaited : found)
        awaited->take(CommandResult{handled->command, handled->ok, handled->result, event.at});
    } else if (const auto* finished = std::get_if<RunFinished>(&event.body)) {
      std::vector<std::shared_ptr<Awaited>> found;
      {
        const MutexLock lock(mutex_);
        found = extract(runs_, event.run);
      }
      for (const auto& awaited : found) awaited->take(finished->status);
    } else if (const auto* ended = std::get_if<BackfillEnded>(&event.body)) {
      std::vector<std::shared_ptr<Awaited>> found;
      {
        const MutexLock lock(mutex_);
        found = extract(backfills_, ended->backfill);
      }
      const bool is_completed = ended->state == BackfillState::completed;
      for (const auto& awaited : found)
        awaited->take(is_completed ? RunStatus::success : RunStatus::cancelled);
    }
  }
}

}  // namespace millrace::follow
