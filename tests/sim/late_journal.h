// LateJournal: a journal behind a network. A batch whose call has failed may still be under way,
// and be committed long after its sender gave up: the worst of the unknown outcomes.
#pragma once

#include <deque>
#include <functional>

#include "engine/store/store.h"

namespace millrace::sim {

class LateJournal final : public Journal {
 public:
  explicit LateJournal(Journal& real) : real_(real) {}
  /// Asked after an append that failed: is it still under way?
  std::function<bool()> is_late;

  /// The oldest batch under way arrives, whatever the journal makes of it; false: there is none.
  bool deliver_one() {
    if (under_way_.empty()) return false;
    static_cast<void>(real_.append(under_way_.front()));
    if (is_late) static_cast<void>(is_late());  // what is lost on this way stays lost
    under_way_.pop_front();
    return true;
  }

  Status append(const Batch& batch) override {
    Status done = real_.append(batch);
    if (is_late && is_late()) under_way_.push_back(batch);
    return done;
  }
  Result<std::int64_t> last_seq() override { return real_.last_seq(); }
  Result<std::vector<Event>> read(std::int64_t after, std::size_t limit) override {
    return real_.read(after, limit);
  }
  Result<std::vector<Event>> read_run(const Uuid& run) override { return real_.read_run(run); }
  void subscribe(std::function<void()> f) override { real_.subscribe(std::move(f)); }

 private:
  Journal& real_;
  std::deque<Batch> under_way_;
};

}  // namespace millrace::sim
