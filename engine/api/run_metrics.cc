#include "engine/api/run_metrics.h"

namespace millrace::api {
namespace {

constexpr std::size_t kMostOpenAttempts = 100'000;

}  // namespace

std::string store_metrics_text(const follow::Feed& feed) {
  std::string out;
  metric_gauge(out, "millrace_store_up", feed.store_up() ? 1 : 0, "1 if the store answers.");
  metric_gauge(out, "millrace_journal_seq", feed.seq(), "Sequence number of the last event.");
  metric_gauge(out, "millrace_runs_open", static_cast<std::int64_t>(feed.open_runs()),
               "Runs that have not finished.");
  return out;
}

void RunMetrics::DagCounts::observe(double seconds) {
  ++task_seconds[bucket_of(seconds)];
  task_seconds_sum += seconds;
}

void RunMetrics::ended(const Event& event, DagCounts& counts, std::string_view state) {
  ++counts.tasks_ended[std::string(state)];
  const auto found = started_.find({event.run, *task_of(event.body)});
  if (found == started_.end()) return;
  counts.observe(std::chrono::duration<double>(event.at - found->second).count());
  started_.erase(found);
}

void RunMetrics::count(const Event& event, const DagKey& dag) {
  const MutexLock lock(mutex_);
  if (std::holds_alternative<CompletionRejected>(event.body)) ++rejected_;
  if (event.run.is_nil()) return;
  DagCounts& counts = dags_.try_emplace(dag).first->second;
  if (const auto* e = std::get_if<AttemptStarted>(&event.body)) {
    ++counts.attempts;
    if (started_.size() < kMostOpenAttempts)
      started_[{event.run, e->ref}] = e->began.value_or(event.at);
  } else if (std::holds_alternative<TaskSucceeded>(event.body)) {
    ended(event, counts, "success");
  } else if (std::holds_alternative<TaskFailed>(event.body)) {
    ended(event, counts, "failed");
  } else if (std::holds_alternative<TaskSkipped>(event.body)) {
    ended(event, counts, "skipped");
  } else if (std::holds_alternative<TaskUpstreamFailed>(event.body)) {
    ended(event, counts, "upstream_failed");
  } else if (std::holds_alternative<TaskCancelled>(event.body)) {
    ended(event, counts, "cancelled");
  } else if (const auto* failed = std::get_if<AttemptFailed>(&event.body)) {
    ++counts.retries;
    started_.erase({event.run, failed->ref});
  } else if (const auto* repeated = std::get_if<TaskRepeated>(&event.body)) {
    started_.erase({event.run, repeated->ref});
  } else if (const auto* lost = std::get_if<AttemptLost>(&event.body)) {
    started_.erase({event.run, lost->ref});
  } else if (std::holds_alternative<RunCreated>(event.body)) {
    ++counts.runs_created;
  } else if (const auto* finished = std::get_if<RunFinished>(&event.body)) {
    ++counts.runs_finished[std::string(to_string(finished->status))];
  }
}

void RunMetrics::write_count(std::string& out, const Dags& dags, std::string_view name, Count count,
                             std::string_view help) {
  metric_head(out, name, "counter", help);
  for (const auto& [dag, counts] : dags)
    metric_sample(out, name, dag_label(dag.text()), std::to_string(counts.*count));
}

void RunMetrics::write_counts(std::string& out, const Dags& dags, std::string_view name,
                              std::string_view label, Counts each, std::string_view help) {
  metric_head(out, name, "counter", help);
  for (const auto& [dag, counts] : dags)
    for (const auto& [key, count] : counts.*each)
      metric_sample(out, name,
                    dag_label(dag.text()) + "," + std::string(label) + "=\"" + key + "\"",
                    std::to_string(count));
}

std::string RunMetrics::text() const {
  Dags dags;
  std::uint64_t rejected = 0;
  {
    const MutexLock lock(mutex_);  // for a copy: the feed waits for no formatting
    dags = dags_;
    rejected = rejected_;
  }
  std::string out;
  write_count(out, dags, "millrace_runs_created_total", &DagCounts::runs_created,
              "Runs created since this process began, by DAG.");
  write_counts(out, dags, "millrace_runs_finished_total", "status", &DagCounts::runs_finished,
               "Runs that finished since this process began, by DAG and status.");
  write_counts(out, dags, "millrace_tasks_ended_total", "state", &DagCounts::tasks_ended,
               "Task instances that ended since this process began, by DAG and state.");
  write_count(out, dags, "millrace_attempts_started_total", &DagCounts::attempts,
              "Attempts started since this process began, by DAG.");
  write_count(out, dags, "millrace_attempts_retried_total", &DagCounts::retries,
              "Attempts that failed and were to be tried again, by DAG.");
  metric_counter(out, "millrace_completions_rejected_total", rejected,
                 "Completions refused by the fence.");
  metric_head(out, "millrace_task_duration_seconds", "histogram",
              "From an attempt's start to its task's end, by DAG.");
  for (const auto& [dag, counts] : dags)
    metric_histogram(out, "millrace_task_duration_seconds", dag_label(dag.text()),
                     counts.task_seconds, counts.task_seconds_sum);
  return out;
}

}  // namespace millrace::api
