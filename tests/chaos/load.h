// The work under attack: DAGs whose commands write down each of their attempts, triggered over REST
// by a client that repeats itself until it is answered.
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "tests/chaos/engines.h"

namespace millrace::chaos {

/// Writes the DAG files. Commands append the mark of their attempt to `effects`, at the begin and
/// at the end, and hand it out as their output.
void write_dags(const std::filesystem::path& folder, const std::filesystem::path& effects);

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

 private:
  void run(int most_open_runs);
  /// Asks both engines in turn until one accepts; "" when stopped meanwhile.
  std::string trigger(const std::string& dag, const std::string& key);
  bool has_ended(const std::string& run);

  Engines& engines_;
  std::atomic<bool> stop_ = false;
  std::atomic<int> ended_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::string> accepted_;  // guarded by mutex_
  std::string broken_key_;                       // guarded by mutex_
  std::thread thread_;
};

}  // namespace millrace::chaos
