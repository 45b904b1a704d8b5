// OutcomeMatcher: which version said what about whom, so that an outcome that comes later is scored
// against the prediction that was given.
//
// Holds the latest `capacity` predictions in memory, the oldest make room. Thread-safe.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "engine/base/mutex.h"
#include "engine/serve/model_host.h"

namespace millrace::serve {

/// One prediction that was given.
struct Given {
  ServedModelPtr served;
  std::string_view role;  // of static duration
  double prediction = 0;
};

class OutcomeMatcher {
 public:
  explicit OutcomeMatcher(std::size_t capacity) : capacity_(capacity) {}

  void remember(std::string_view id, std::string_view entity, Given given);

  enum class Match { matched, repeated, unknown };
  struct Found {
    Match match = Match::unknown;
    Given given;  // where matched
  };
  /// By the request's id (of a row: "id/row"). A second outcome for one prediction is `repeated`.
  Found by_id(std::string_view model, std::string_view id);
  /// The entity's latest prediction.
  Found by_entity(std::string_view model, std::string_view entity);

 private:
  struct Entry {
    std::uint64_t id_key = 0;
    std::uint64_t entity_key = 0;
    std::string id;
    std::string entity;
    Given given;
    bool scored = false;
  };
  using Index = std::unordered_map<std::uint64_t, std::uint64_t>;  // hash → number of the entry

  Entry* find(const Index& index, std::uint64_t key) REQUIRES(mutex_);
  Found take(Entry* entry) REQUIRES(mutex_);
  void drop_oldest() REQUIRES(mutex_);

  const std::size_t capacity_;
  Mutex mutex_;
  std::deque<Entry> entries_ GUARDED_BY(mutex_);
  std::uint64_t first_ GUARDED_BY(mutex_) = 0;  // number of entries_.front()
  Index by_id_ GUARDED_BY(mutex_);
  Index by_entity_ GUARDED_BY(mutex_);
};

}  // namespace millrace::serve
