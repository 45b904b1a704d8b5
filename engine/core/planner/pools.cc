#include "engine/core/planner/pools.h"

#include <algorithm>
#include <cassert>

namespace millrace {

Pools::Pools(std::vector<PoolOptions> options) {
  assert(!options.empty());
  for (auto& one : options) pools_.emplace_back(std::move(one));
}

std::size_t Pools::index_of(std::string_view executor) const {
  for (std::size_t i = 0; i < pools_.size(); ++i)
    if (pools_[i].options().executor == executor) return i;
  return 0;
}

void Pools::dispatch(const AttemptKey& key, const InHand& attempt) {
  in_hand_.insert_or_assign(key, attempt);
  pools_[attempt.pool].dispatch(attempt.priority);
}

bool Pools::begin(const AttemptKey& key) {
  const auto found = in_hand_.find(key);
  if (found == in_hand_.end()) return false;
  if (!std::exchange(found->second.begun, true))
    pools_[found->second.pool].begin(found->second.priority);
  return true;
}

std::optional<InHand> Pools::end(const AttemptKey& key) {
  const auto found = in_hand_.find(key);
  if (found == in_hand_.end()) return std::nullopt;
  const InHand attempt = found->second;
  Pool& pool = pools_[attempt.pool];
  if (!attempt.begun) pool.begin(attempt.priority);
  pool.end();
  in_hand_.erase(found);
  if (blocked_.empty() || of_instance(key.run, key.ref)) return attempt;
  if (const auto waits = blocked_.find({key.run, key.ref}); waits != blocked_.end()) {
    pools_[waits->second.pool].ready().insert(waits->second.ready);
    blocked_.erase(waits);
  }
  return attempt;
}

const InHand* Pools::find(const AttemptKey& key) const {
  const auto found = in_hand_.find(key);
  return found == in_hand_.end() ? nullptr : &found->second;
}

std::optional<AttemptKey> Pools::of_instance(const Uuid& run, TaskRef ref) const {
  const auto found = in_hand_.lower_bound({run, ref, 0, 0});
  if (found == in_hand_.end() || found->first.run != run || found->first.ref != ref)
    return std::nullopt;
  return found->first;
}

std::vector<AttemptKey> Pools::of_run(const Uuid& run) const {
  std::vector<AttemptKey> out;
  for (auto held = in_hand_.lower_bound({run, {0, -1}, 0, 0});
       held != in_hand_.end() && held->first.run == run; ++held)
    out.push_back(held->first);
  return out;
}

void Pools::block(const Ready& ready, std::size_t pool) {
  blocked_.insert_or_assign({ready.run, ready.ref}, Blocked{ready, pool});
}

void Pools::set_open(bool open) {
  for (Pool& pool : pools_) pool.set_open(open);
}

Duration Pools::slack() const {
  Duration most{};
  for (const Pool& pool : pools_) most = std::max(most, pool.slack());
  return most;
}

int Pools::in_hand() const {
  int sum = 0;
  for (const Pool& pool : pools_) sum += pool.in_hand();
  return sum;
}

int Pools::waiting() const {
  int sum = 0;
  for (const Pool& pool : pools_) sum += pool.waiting();
  return sum;
}

int Pools::queued() const {
  int sum = static_cast<int>(blocked_.size());
  for (const Pool& pool : pools_) sum += static_cast<int>(pool.ready().size()) + pool.waiting();
  return sum;
}

}  // namespace millrace
