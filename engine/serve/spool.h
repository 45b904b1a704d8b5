// Spool: batches on their way to the store, on the local disk, so that neither a store that is away
// nor a killed server nor a power cut loses one.
//
// One file is one batch, "<batch id>.batch" (JSON); a file appears by a rename, so a reader sees
// all of it or nothing, and ids of version 7 sort by time. A batch is removed only after the store
// has taken it; the store takes each id once. The folder is bounded: beyond `max_bytes` the oldest
// batches are dropped, counted and logged, unless the owner waits for room itself. One process owns
// a folder (it holds a lock on it). Thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/mutex.h"
#include "engine/base/result.h"
#include "engine/store/rows.h"

namespace millrace::serve {

Json to_json(const PredictionBatch& batch);
Result<PredictionBatch> prediction_batch_from_json(const Json& json);

class Spool {
 public:
  /// Makes the folder if needed and takes up what an earlier process left in it; `conflict` while
  /// another process owns it.
  static Result<std::unique_ptr<Spool>> open(std::filesystem::path folder, std::int64_t max_bytes);

  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  /// What to do with a batch that finds the spool full.
  enum class Full { drop_oldest, exceed };
  /// On return the batch outlives the process and a power cut.
  Status put(const PredictionBatch& batch, Full full = Full::drop_oldest);
  /// The bound is reached.
  bool is_full() const;
  /// The oldest one, or nothing. One that cannot be read is set aside as "<id>.bad".
  std::optional<PredictionBatch> oldest();
  /// The store has it.
  void remove(const Uuid& id);
  /// The store will never take it: kept as "<id>.bad" for a person to look at (the first hundred).
  void set_aside(const Uuid& id, std::string_view why);

  std::int64_t bytes() const;
  std::size_t batches() const;
  std::int64_t dropped_batches() const;  // since the process began

 private:
  Spool(std::filesystem::path folder, std::int64_t max_bytes);
  Status lock();
  Status scan() REQUIRES(mutex_);
  void make_room(std::int64_t bytes) REQUIRES(mutex_);
  std::filesystem::path file_of(const Uuid& id, std::string_view ending = ".batch") const;

  const std::filesystem::path folder_;
  const std::int64_t max_bytes_;
  int lock_ = -1;  // file descriptor
  mutable Mutex mutex_;
  std::map<Uuid, std::int64_t> sizes_ GUARDED_BY(mutex_);  // by id, so the oldest first
  std::int64_t bytes_ GUARDED_BY(mutex_) = 0;
  std::int64_t dropped_ GUARDED_BY(mutex_) = 0;
  int set_aside_ GUARDED_BY(mutex_) = 0;
};

}  // namespace millrace::serve
