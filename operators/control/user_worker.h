// UserWorker: a program of the user's that serves many tasks, one at a time. docs/programs.md
// describes the protocol, version 1: JSON lines on its descriptor 3.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/base/unique_fd.h"
#include "engine/op/context.h"
#include "engine/op/kept_processes.h"
#include "operators/control/file_stamp.h"

namespace millrace::operators {

/// When a worker is replaced, between two tasks.
struct RecycleLimits {
  long tasks = 10'000;
  long growth_bytes = 512L << 20;  // of resident memory, over what it had after its first tasks
  Duration age = std::chrono::hours{1};
};

/// What a worker is started with. Workers of equal keys are the same.
struct WorkerSpec {
  std::vector<std::string> argv;
  std::vector<std::string> env;  // as Subprocess::env
  std::string folder;            // to run in
  std::string isolation = "none";
  std::vector<std::filesystem::path> code;  // files whose change replaces the worker
  std::filesystem::path script;             // written before the start; "": none
  std::string_view script_text;
  RecycleLimits recycle;
  std::chrono::milliseconds start_timeout{60'000};

  std::string key() const;
  /// As errors name it.
  const std::string& name() const { return argv.front(); }
};

class UserWorker final : public KeptProcess {
 public:
  /// Starts it; its hello is read before the first task.
  static Result<std::unique_ptr<UserWorker>> start(const WorkerSpec& spec,
                                                   const KeptProcesses* kept);
  /// Closes the connection, waits a moment, and kills what is left of its process group.
  ~UserWorker() override;
  pid_t pid() const override { return pid_; }

  /// False: its code has changed, or a limit says that it is to be replaced.
  bool is_fit(const WorkerSpec& spec, Time now);
  /// Sends a task, and returns the answer to it: an object of type done, failed or skipped. When
  /// the attempt is cancelled, the process group gets a SIGTERM; the answer or the end of the
  /// worker is still waited for. After an error the worker must not be used again.
  Result<Json> exchange(const Json& task, const WorkerSpec& spec, OperatorContext& ctx);
  /// It ended without having read the task, which another worker may therefore have.
  bool left_task_unread() const { return unread_; }
  /// It is not to have another task: also what it left running must end with its attempt.
  bool retires() const { return retires_; }

 private:
  UserWorker(pid_t pid, UniqueFd process, UniqueFd socket);
  Status greet(const WorkerSpec& spec, OperatorContext& ctx);
  Status send(std::string text);
  /// The next line; `limit`: how long to wait, negative without one.
  Result<Json> receive(const WorkerSpec& spec, std::chrono::milliseconds limit);
  Result<bool> read_more(const WorkerSpec& spec, std::chrono::milliseconds limit);
  Error end_of(const WorkerSpec& spec);
  Result<Json> answer_to(std::int64_t id, const WorkerSpec& spec, OperatorContext& ctx);
  void note(const Json& answer);
  void follow_memory_limit();
  std::int64_t resident_bytes() const;

  const pid_t pid_;
  UniqueFd process_, socket_;
  std::vector<int> outputs_;  // their numbers in the worker
  bool greeted_ = false, broken_ = false, retires_ = false, reaped_ = false, unread_ = false;
  std::string buffer_;
  std::size_t searched_ = 0;    // bytes of it without an end of line
  std::size_t line_bytes_ = 0;  // of the last line that it sent
  std::int64_t last_id_ = 0;
  std::int64_t baseline_bytes_ = 0;
  std::uint64_t memory_limit_ = 0;
  std::vector<std::string> functions_;
  Time started_{};
  std::vector<FileStamp> code_;
};

/// A task on a kept worker that fits, or on a new one, which is kept afterwards.
Result<Json> run_on_worker(const WorkerSpec& spec, const Json& task, OperatorContext& ctx);

}  // namespace millrace::operators
