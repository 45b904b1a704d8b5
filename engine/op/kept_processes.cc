#include "engine/op/kept_processes.h"

#include <iterator>
#include <utility>

namespace millrace {

std::unique_ptr<KeptProcess> KeptProcesses::take(const std::string& key, Time now) {
  std::list<Entry> ended;  // after the lock: to end a process takes time
  std::unique_ptr<KeptProcess> found;
  const MutexLock lock(mutex_);
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const auto next = std::next(entry);
    if (entry->key == key && !found) {
      found = std::move(entry->process);
      entries_.erase(entry);
    } else if (now - entry->since > kLongestIdle) {
      ended.splice(ended.end(), entries_, entry);
    }
    entry = next;
  }
  return found;
}

void KeptProcesses::put(std::string key, std::unique_ptr<KeptProcess> process, Time now) {
  std::list<Entry> ended;
  const MutexLock lock(mutex_);
  entries_.push_front({std::move(key), std::move(process), now});
  if (entries_.size() > kMost) ended.splice(ended.end(), entries_, std::prev(entries_.end()));
}

std::vector<pid_t> KeptProcesses::pids() const {
  std::vector<pid_t> out;
  const MutexLock lock(mutex_);
  for (const auto& entry : entries_) out.push_back(entry.process->pid());
  return out;
}

}  // namespace millrace
