// The work under attack: DAGs whose commands write down each of their attempts, triggered over REST
// by a client that repeats itself until it is answered.
#pragma once

#include <atomic>
#include <deque>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "engine/base/clock.h"
#include "tests/chaos/engines.h"

namespace millrace::chaos {

/// Writes the DAG files. Commands append the mark of their attempt to `effects`, at the begin and
/// at the end, and hand it out as their output.
void write_dags(const std::filesystem::path& folder, const std::filesystem::path& effects);

/// Writes those whose commands do what a good program does not: stay behind in sessions of their
/// own, fork twice with an empty environment, ignore SIGTERM, re-make their folder. Each holds a
/// lock of its task, in a folder `locks`, as long as one of its processes lives; one that finds it
/// held writes a line into `overlaps`.
void write_bad_dags(const std::filesystem::path& folder, const std::filesystem::path& locks,
                    const std::filesystem::path& overlaps);
/// DAGs of which some tasks always run out of time, and the others never.
bool may_time_out(const std::string& dag);
/// Of these no task has outputs.
bool has_no_outputs(const std::string& dag, int task);

/// How long a task of DAG `hang` may take; its command would take for ever.
constexpr Seconds kHangTimeout{1};

/// Triggers until it is stopped. Thread-safe.
class Load {
 public:
  Load(Engines& engines, int most_open_runs);
  ~Load() { stop(); }
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  void stop();
  /// Runs that the API has accepted: id → DAG.
  std::map<std::string, std::string> accepted() const;
  /// A key that was answered with two runs; "" while there is none.
  std::string broken_key() const;
  /// What the client knows to have ended well or badly.
  int ended() const { return ended_; }
  /// Cancels a run that may be open, `times` times, and retries it at once; false: no engine
  /// answered.
  bool cancel_and_retry(Rng& rng, int times);

 private:
  void run(int most_open_runs);
  /// Asks both engines in turn until one accepts; "" when stopped meanwhile.
  std::string trigger(const std::string& dag, const std::string& key);
  bool has_ended(const std::string& run);
  /// The status of the first answer, 0 if there is none.
  int post(const std::string& path);

  Engines& engines_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> ended_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> accepted_;  // guarded by mutex_
  std::string broken_key_;                       // guarded by mutex_
  std::deque<std::string> open_;                 // guarded by mutex_; oldest first
  std::thread thread_;
};

}  // namespace millrace::chaos
