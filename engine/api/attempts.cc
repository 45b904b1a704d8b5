#include "engine/api/attempts.h"

#include <algorithm>

namespace millrace::api {
namespace {

struct Fold {
  std::vector<AttemptView>& attempts;
  Time at;

  void end(int attempt, AttemptOutcome outcome, std::string error = {}) const {
    const auto found =
        std::find_if(attempts.rbegin(), attempts.rend(),
                     [&](const AttemptView& view) { return view.attempt == attempt; });
    if (found == attempts.rend()) return;
    found->ended_at = at;
    found->outcome = outcome;
    found->error = std::move(error);
  }
  /// Of events that name no attempt: the last one, if it is still open.
  void end_last(AttemptOutcome outcome, std::string error = {}) const {
    if (!attempts.empty() && !attempts.back().ended_at)
      end(attempts.back().attempt, outcome, std::move(error));
  }

  void operator()(const AttemptStarted& e) const {
    // A deferred attempt goes on under its own number.
    if (!attempts.empty() && attempts.back().attempt == e.attempt) {
      attempts.back().ended_at.reset();
      attempts.back().outcome = AttemptOutcome::running;
      attempts.back().epoch = e.epoch;
      return;
    }
    AttemptView view;
    view.attempt = e.attempt;
    view.epoch = e.epoch;
    view.started_at = e.began.value_or(at);
    attempts.push_back(std::move(view));
  }
  void operator()(const AttemptLost& e) const {
    end(e.attempt, AttemptOutcome::lost,
        e.reason.empty() ? "the engine that ran it is gone" : e.reason);
  }
  void operator()(const AttemptFailed& e) const {
    end(e.attempt, AttemptOutcome::retry, e.error.to_string());
  }
  void operator()(const TaskHeld& e) const {
    end(e.attempt, AttemptOutcome::failed, e.error.to_string());
  }
  void operator()(const TaskDeferred& e) const { end(e.attempt, AttemptOutcome::deferred); }
  void operator()(const TaskRepeated& e) const { end(e.attempt, AttemptOutcome::repeat); }
  void operator()(const TaskSucceeded& e) const { end(e.attempt, AttemptOutcome::success); }
  void operator()(const TaskFailed& e) const {
    end(e.attempt, AttemptOutcome::failed, e.error.to_string());
  }
  void operator()(const TaskSkipped& e) const { end_last(AttemptOutcome::skipped, e.reason); }
  void operator()(const TaskCancelled&) const { end_last(AttemptOutcome::cancelled); }
  template <typename Other>
  void operator()(const Other&) const {}
};

}  // namespace

std::vector<AttemptView> attempts_of(std::span<const Event> events, TaskRef ref) {
  std::vector<AttemptView> attempts;
  for (const auto& event : events) {
    const TaskRef* about = task_of(event.body);
    if (about != nullptr && *about == ref) std::visit(Fold{attempts, event.at}, event.body);
  }
  return attempts;
}

}  // namespace millrace::api
