#include "engine/serve/outcome_matcher.h"

namespace millrace::serve {
namespace {

std::uint64_t key_of(std::string_view model, std::string_view name) {
  const std::hash<std::string_view> hash;
  return hash(model) * 0x9e3779b97f4a7c15 ^ hash(name);
}

}  // namespace

void OutcomeMatcher::remember(std::string_view id, std::string_view entity, Given given) {
  if (capacity_ == 0) return;
  Entry entry{.id_key = key_of(given.served->model, id),
              .entity_key = key_of(given.served->model, entity),
              .id = std::string(id),
              .entity = std::string(entity),
              .given = std::move(given)};
  const MutexLock lock(mutex_);
  if (entries_.size() == capacity_) drop_oldest();
  const std::uint64_t number = first_ + entries_.size();
  by_id_[entry.id_key] = number;
  if (!entity.empty()) by_entity_[entry.entity_key] = number;
  entries_.push_back(std::move(entry));
}

void OutcomeMatcher::drop_oldest() {
  const auto& oldest = entries_.front();
  const auto forget = [&](Index& index, std::uint64_t key) REQUIRES(mutex_) {
    const auto found = index.find(key);
    if (found != index.end() && found->second == first_) index.erase(found);
  };
  forget(by_id_, oldest.id_key);
  forget(by_entity_, oldest.entity_key);
  entries_.pop_front();
  ++first_;
}

OutcomeMatcher::Entry* OutcomeMatcher::find(const Index& index, std::uint64_t key) {
  const auto found = index.find(key);
  return found == index.end() ? nullptr : &entries_[found->second - first_];
}

OutcomeMatcher::Found OutcomeMatcher::take(Entry* entry) {
  if (entry->scored) return {.match = Match::repeated, .given = {}};
  entry->scored = true;
  return {.match = Match::matched, .given = entry->given};
}

OutcomeMatcher::Found OutcomeMatcher::by_id(std::string_view model, std::string_view id) {
  const MutexLock lock(mutex_);
  Entry* entry = find(by_id_, key_of(model, id));
  if (entry == nullptr || entry->id != id || entry->given.served->model != model) return {};
  return take(entry);
}

OutcomeMatcher::Found OutcomeMatcher::by_entity(std::string_view model, std::string_view entity) {
  const MutexLock lock(mutex_);
  Entry* entry = find(by_entity_, key_of(model, entity));
  if (entry == nullptr || entry->entity != entity || entry->given.served->model != model) return {};
  return take(entry);
}

}  // namespace millrace::serve
