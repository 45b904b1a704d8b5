// JournalWrapper: a journal in front of another one, which passes on whatever a subclass does not
// take upon itself.
#pragma once

#include <utility>

#include "engine/store/store.h"

namespace millrace::sim {

class JournalWrapper : public Journal {
 public:
  explicit JournalWrapper(Journal& real) : real_(real) {}
  Status append(const Batch& batch) override { return real_.append(batch); }
  Result<std::int64_t> last_seq() override { return real_.last_seq(); }
  Result<std::vector<Event>> read(std::int64_t after, std::size_t limit) override {
    return real_.read(after, limit);
  }
  Result<std::vector<Event>> read_run(const Uuid& run) override { return real_.read_run(run); }
  Subscription subscribe(std::function<void()> f) override { return real_.subscribe(std::move(f)); }

 protected:
  Journal& real_;
};

}  // namespace millrace::sim
