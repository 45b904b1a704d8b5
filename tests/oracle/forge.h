// Forge: a short history made by hand, sound from end to end, and a store that shows it. A test
// changes what the journal is seen to say, and asks whether the oracle notices.
//
//   ingest → train (one retry); at most one run at a time; ingest updates a dataset, for which the
//   paused DAG `waiting` waits
//   run `first`   scheduled; train fails once, saves "job-7", and then succeeds
//   run `third`   the only one of `backfill`
//   run `second`  asked for by `command`; its leader dies under ingest; train is judged bad
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/core/run.h"
#include "engine/store/mem_store.h"
#include "tests/oracle/oracle.h"

namespace millrace::oracle {

class Forge {
 public:
  Forge();
  ~Forge();

  /// What every later reader of the journal is shown; the numbers are made good afterwards unless
  /// `renumber` is false.
  void show(const std::function<void(std::vector<Event>&)>& change, bool renumber = true);
  Stores stores();
  Expectations expectations();

  const Uuid first{1, 1}, second{1, 2}, third{1, 4}, command{2, 1}, backfill{4, 1};
  static constexpr TaskRef kIngest{0, -1}, kTrain{1, -1};
  int slots = 1;    // that the engine is held to
  Witness witness;  // what the attempts of the history wrote down

 private:
  class Shown;
  class StillClock final : public Clock {
   public:
    Time now() const override { return time; }
    std::chrono::steady_clock::time_point steady() const override { return {}; }
    Time time{};
  };
  void write_history();
  void write_backfill();
  void take_office();
  void say(const Uuid& run, EventBody body);
  void attempt(const Uuid& run, TaskRef ref, int number);
  void succeed(const Uuid& run, TaskRef ref, int number, std::vector<Effect> effects = {});
  std::string mark(const Uuid& run, TaskRef ref, int number) const;

  StillClock clock_;
  MemStore store_;
  std::unique_ptr<Shown> journal_;
  std::shared_ptr<const Dag> dag_;
  std::map<Uuid, Run> runs_;
  std::int64_t epoch_ = 0, seq_ = 0;
};

/// The first event with such a body; REQUIRES: there is one.
template <typename Body>
std::vector<Event>::iterator find_event(std::vector<Event>& events, const Uuid& run,
                                        TaskRef ref = {-1, -1}) {
  for (auto event = events.begin(); event != events.end(); ++event) {
    if (event->run != run || !std::holds_alternative<Body>(event->body)) continue;
    const TaskRef* of = task_of(event->body);
    if (ref.task < 0 || (of != nullptr && *of == ref)) return event;
  }
  return events.end();
}
template <typename Body>
Body& body_of(std::vector<Event>& events, const Uuid& run, TaskRef ref = {-1, -1}) {
  return std::get<Body>(find_event<Body>(events, run, ref)->body);
}

}  // namespace millrace::oracle
