// Single: one engine with a PostgreSQL of its own, as `millrace up` starts it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.h"

namespace millrace::chaos {

class Single {
 public:
  /// "NAME=value" entries are added to the environment. Returns when the engine leads, or with
  /// `--db`, where another may lead, when it answers; throws std::runtime_error if it does not.
  Single(std::filesystem::path state, const std::filesystem::path& dags,
         std::vector<std::string> options = {}, const std::vector<std::string>& environment = {});
  /// Kills it.
  ~Single();
  Single(const Single&) = delete;
  Single& operator=(const Single&) = delete;

  /// SIGKILL to the engine, its runners and its PostgreSQL, and waits until they are gone.
  void kill_all();
  /// SIGTERM; the exit code.
  int stop();
  pid_t pid() const { return pid_; }

  /// The body, whatever the status.
  std::string answer(const std::string& path) const;
  /// The body of a 200, or none.
  std::optional<std::string> text(const std::string& path) const;
  Json get(const std::string& path) const;
  /// The run, or "" when the trigger was not accepted.
  std::string trigger(const std::string& dag, const std::string& key, const Json& params) const;
  /// As `trigger`, but repeats it while the engine has not read the DAG's file yet. Throws when it
  /// is not accepted in time.
  std::string trigger_once_read(const std::string& dag, const std::string& key,
                                const Json& params) const;
  /// "" when it is not over in time.
  std::string wait_for(const std::string& run, double seconds) const;
  /// Asks the served model `flights`; false without a prediction.
  bool infer() const;
  /// Of the model server's metrics; -1: no answer.
  double metric(const std::string& name) const;

 private:
  std::filesystem::path state_;
  pid_t pid_ = 0;
  std::string api_, serve_;
};

/// Runs `millrace WORDS…` with this state folder to its end.
struct Told {
  int exit_code = 0;
  std::string out;
};
Told tell(const std::filesystem::path& state, std::vector<std::string> words);

/// The first value of a query on the PostgreSQL of a running state folder; "" if that fails.
std::string ask(const std::filesystem::path& state, const std::string& sql);

}  // namespace millrace::chaos
