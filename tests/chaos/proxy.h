// Proxy: a Unix socket in front of PostgreSQL's, where the network between an engine and its
// database can be cut, held up, or lose exactly the answer to a commit.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace millrace::chaos {

/// Thread-safe.
class Proxy {
 public:
  /// Listens as PostgreSQL would in `folder` and passes on to the server in `server_folder`.
  Proxy(std::filesystem::path folder, std::filesystem::path server_folder);
  ~Proxy();
  Proxy(const Proxy&) = delete;
  Proxy& operator=(const Proxy&) = delete;

  const std::filesystem::path& folder() const { return folder_; }

  /// Closes every connection; new ones are served.
  void cut();
  /// While on, nothing passes in either direction, and nobody is told.
  void hold(bool on);
  /// The next append or COMMIT reaches the server; its answer does not come back, and the
  /// connection ends.
  void lose_next_answer();
  /// How many answers were lost so.
  int answers_lost() const { return answers_lost_; }

 private:
  struct Pair;
  void run();
  void wake();
  void accept_one();
  /// False when the pair has ended.
  bool pass_on(Pair& pair, bool from_client, bool from_server);

  std::filesystem::path folder_, server_folder_;
  int listener_ = -1, wake_ = -1;
  std::atomic<bool> stop_ = false, cut_ = false, hold_ = false, lose_ = false;
  std::atomic<int> answers_lost_ = 0;
  std::vector<Pair> pairs_;  // of the thread
  std::thread thread_;
};

}  // namespace millrace::chaos
