#include "engine/api/metrics.h"

#include "engine/base/json.h"

namespace millrace::api {
namespace {

constexpr std::size_t kMostOpenAttempts = 100'000;

std::string number(double value) { return Json(value).dump(); }

void head(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out.append("# HELP ").append(name).append(" ").append(help).append("\n# TYPE ");
  out.append(name).append(" ").append(type).append("\n");
}

void sample(std::string& out, std::string_view name, std::string_view labels,
            std::string_view value) {
  out.append(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  out.append(" ").append(value).append("\n");
}

/// dag="…", escaped as the text format wants it.
std::string dag_label(std::string_view dag) {
  std::string out = "dag=\"";
  for (const char c : dag) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out + "\"";
}

void counter(std::string& out, std::string_view name, std::uint64_t value, std::string_view help) {
  head(out, name, "counter", help);
  sample(out, name, "", std::to_string(value));
}

void gauge(std::string& out, std::string_view name, std::int64_t value, std::string_view help) {
  head(out, name, "gauge", help);
  sample(out, name, "", std::to_string(value));
}

}  // namespace

void Histogram::observe(double seconds) {
  std::size_t i = 0;
  while (i < kBounds.size() && seconds > kBounds[i]) ++i;
  ++counts_[i];
  sum_ += seconds;
}

void Histogram::write(std::string& out, std::string_view name, std::string_view labels) const {
  const std::string prefix = labels.empty() ? "" : std::string(labels) + ",";
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    total += counts_[i];
    const std::string bound = i < kBounds.size() ? number(kBounds[i]) : "+Inf";
    sample(out, std::string(name) + "_bucket", prefix + "le=\"" + bound + "\"",
           std::to_string(total));
  }
  sample(out, std::string(name) + "_sum", labels, number(sum_));
  sample(out, std::string(name) + "_count", labels, std::to_string(total));
}

void Metrics::on_request(const HttpAccess& access) {
  const MutexLock lock(mutex_);
  ++responses_[access.status];
  request_seconds_[std::string(access.method)].observe(
      std::chrono::duration<double>(access.took).count());
}

void Metrics::ended(const Event& event, DagCounts& counts, std::string_view state) {
  ++counts.tasks_ended[std::string(state)];
  const auto found = started_.find({event.run, *task_of(event.body)});
  if (found == started_.end()) return;
  counts.task_seconds.observe(std::chrono::duration<double>(event.at - found->second).count());
  started_.erase(found);
}

void Metrics::count(const Event& event, std::string_view dag) {
  const MutexLock lock(mutex_);
  if (std::holds_alternative<CompletionRejected>(event.body)) ++rejected_;
  if (event.run.is_nil()) return;
  DagCounts& counts = dags_.try_emplace(std::string(dag)).first->second;
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
  } else if (const auto* lost = std::get_if<AttemptLost>(&event.body)) {
    started_.erase({event.run, lost->ref});
  } else if (std::holds_alternative<RunCreated>(event.body)) {
    ++counts.runs_created;
  } else if (const auto* finished = std::get_if<RunFinished>(&event.body)) {
    ++counts.runs_finished[std::string(to_string(finished->status))];
  }
}

void Metrics::write_count(std::string& out, std::string_view name, Count count,
                          std::string_view help) {
  head(out, name, "counter", help);
  for (const auto& [dag, counts] : dags_)
    sample(out, name, dag_label(dag), std::to_string(counts.*count));
}

void Metrics::write_counts(std::string& out, std::string_view name, std::string_view label,
                           Counts each, std::string_view help) {
  head(out, name, "counter", help);
  for (const auto& [dag, counts] : dags_)
    for (const auto& [key, count] : counts.*each)
      sample(out, name, dag_label(dag) + "," + std::string(label) + "=\"" + key + "\"",
             std::to_string(count));
}

std::string Metrics::text(const JournalTail& tail) {
  const bool store_up = tail.store_up();
  const auto seq = tail.seq();
  const auto open = static_cast<std::int64_t>(tail.open_runs());
  const MutexLock lock(mutex_);
  std::string out;
  gauge(out, "millrace_store_up", store_up ? 1 : 0, "1 if the store answers.");
  gauge(out, "millrace_journal_seq", seq, "Sequence number of the last event.");
  gauge(out, "millrace_runs_open", open, "Runs that have not finished.");
  write_count(out, "millrace_runs_created_total", &DagCounts::runs_created,
              "Runs created since this process began, by DAG.");
  write_counts(out, "millrace_runs_finished_total", "status", &DagCounts::runs_finished,
               "Runs that finished since this process began, by DAG and status.");
  write_counts(out, "millrace_tasks_ended_total", "state", &DagCounts::tasks_ended,
               "Task instances that ended since this process began, by DAG and state.");
  write_count(out, "millrace_attempts_started_total", &DagCounts::attempts,
              "Attempts started since this process began, by DAG.");
  write_count(out, "millrace_attempts_retried_total", &DagCounts::retries,
              "Attempts that failed and were to be tried again, by DAG.");
  counter(out, "millrace_completions_rejected_total", rejected_,
          "Completions refused by the fence.");
  head(out, "millrace_task_duration_seconds", "histogram",
       "From an attempt's start to its task's end, by DAG.");
  for (const auto& [dag, counts] : dags_)
    counts.task_seconds.write(out, "millrace_task_duration_seconds", dag_label(dag));
  head(out, "millrace_http_responses_total", "counter", "Answers to HTTP requests, by status.");
  for (const auto& [status, count] : responses_)
    sample(out, "millrace_http_responses_total", "status=\"" + std::to_string(status) + "\"",
           std::to_string(count));
  head(out, "millrace_http_request_duration_seconds", "histogram",
       "Time to answer an HTTP request, streams whole.");
  for (const auto& [method, histogram] : request_seconds_)
    histogram.write(out, "millrace_http_request_duration_seconds", "method=\"" + method + "\"");
  return out;
}

}  // namespace millrace::api
