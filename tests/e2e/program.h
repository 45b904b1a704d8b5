// Program: the real millrace binary, started by a test in a state folder of its own.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/json.h"
#include "tests/base/temp_folder.h"

namespace millrace::e2e {

/// What a program printed and how it ended.
struct Finished {
  int exit_code = -1;  // 128 + the signal's number if it was killed
  std::string out;     // stdout and stderr
};

/// A child process whose output is gathered while it runs. Killed at the end if it still runs.
class Program {
 public:
  explicit Program(std::vector<std::string> argv);
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Blocks until the output holds `text` (true), the program ended or the time is over (false).
  bool wait_for_output(const std::string& text, std::chrono::seconds limit);
  bool ended() const;
  /// The last `size` bytes of what it has printed so far.
  std::string end_of_output(std::size_t size) const;
  /// Blocks until it ends by itself; killed when the time is over.
  Finished wait(std::chrono::seconds limit);

 private:
  void read_output();

  pid_t pid_ = -1;
  int output_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string out_;     // guarded by mutex_
  bool ended_ = false;  // guarded by mutex_; the output is complete
  std::thread reader_;
};

/// The binary under test: $MILLRACE_BINARY, or the one of this build.
std::string binary();

/// Runs `millrace ARGUMENTS…` to its end.
Finished millrace(std::vector<std::string> arguments);

/// Blocks until `holds` is true; false after `limit`.
bool eventually(const std::function<bool()>& holds,
                std::chrono::seconds limit = std::chrono::seconds{60});

/// `millrace up` on free ports.
class Up {
 public:
  /// Returns when the API answers. Throws, with what the engine printed, when it does not start:
  /// nothing that the test does after that can succeed.
  /// `more`: further arguments.
  Up(const std::filesystem::path& state, const std::filesystem::path& dags,
     const std::vector<std::string>& more = {});
  /// Stops the engine as Ctrl-C does, unless it has ended, so that its PostgreSQL ends as well.
  ~Up();
  Up(const Up&) = delete;
  Up& operator=(const Up&) = delete;

  Json get(const std::string& path) const;
  /// The raw body; "" unless the status is 200.
  std::string get_text(const std::string& path) const;
  /// Triggers and waits for the end; the run's status.
  std::string run(const std::string& dag, const Json& params);
  int api_port() const { return api_port_; }
  int serve_port() const { return serve_port_; }
  const std::filesystem::path& state() const { return state_; }
  Program& program() { return program_; }

 private:
  std::filesystem::path state_;
  Program program_;
  int api_port_ = 0, serve_port_ = 0;
};

}  // namespace millrace::e2e
