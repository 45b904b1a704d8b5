// Notifier: word of changes, to subscribers in this process at once and to other processes by
// NOTIFY.
//
// NOTIFY in the transaction of an append would cost it more than half of its throughput (it takes a
// lock of the whole server at commit). So a thread of its own sends one, at most every 50 ms, after
// whatever was appended meanwhile, on a connection that does not wait for the disk. Another thread
// listens. A word that is lost is made up for by a call to every subscriber every few seconds and
// after each reconnection.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/subscription.h"
#include "engine/base/time.h"

namespace millrace::pg {

enum class Topic { journal, inbox, deployment };

/// Thread-safe. Subscribers are called from its threads, and for `tell` also from the caller's.
class Notifier {
 public:
  explicit Notifier(std::string dsn);
  ~Notifier();
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;

  Subscription subscribe(Topic topic, std::function<void()> callback);
  /// Something of this topic was committed here.
  void tell(Topic topic);
  /// The same, for subscribers of other processes only.
  void tell_others(Topic topic);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace millrace::pg
