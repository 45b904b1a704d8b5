// LateJournal: a journal behind a network. A batch whose call has failed may still be under way,
// and be committed long after its sender gave up: the worst of the unknown outcomes.
#pragma once

#include <deque>
#include <functional>

#include "tests/sim/journal_wrapper.h"

namespace millrace::sim {

class LateJournal final : public JournalWrapper {
 public:
  using JournalWrapper::JournalWrapper;
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

 private:
  std::deque<Batch> under_way_;
};

}  // namespace millrace::sim
