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

template <typename Counts>
void counters(std::string& out, std::string_view name, std::string_view label, const Counts& counts,
              std::string_view help) {
  head(out, name, "counter", help);
  for (const auto& [key, count] : counts) {
    std::string text;
    if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(key)>>)
      text = std::to_string(key);
    else
      text = key;
    sample(out, name, std::string(label) + "=\"" + text + "\"", std::to_string(count));
  }
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
  const std::lock_guard lock(mutex_);
  ++responses_[access.status];
  request_seconds_[std::string(access.method)].observe(
      std::chrono::duration<double>(access.took).count());
}

void Metrics::ended(const Event& event, std::string_view state) {
  ++tasks_ended_[std::string(state)];
  const auto found = started_.find({event.run, *task_of(event.body)});
  if (found == started_.end()) return;
  task_seconds_.observe(std::chrono::duration<double>(event.at - found->second).count());
  started_.erase(found);
}

void Metrics::count(const Event& event) {
  const std::lock_guard lock(mutex_);
  if (const auto* e = std::get_if<AttemptStarted>(&event.body)) {
    ++attempts_;
    if (started_.size() < kMostOpenAttempts)
      started_[{event.run, e->ref}] = e->began.value_or(event.at);
  } else if (std::holds_alternative<TaskSucceeded>(event.body)) {
    ended(event, "success");
  } else if (std::holds_alternative<TaskFailed>(event.body)) {
    ended(event, "failed");
  } else if (std::holds_alternative<TaskSkipped>(event.body)) {
    ended(event, "skipped");
  } else if (std::holds_alternative<TaskUpstreamFailed>(event.body)) {
    ended(event, "upstream_failed");
  } else if (std::holds_alternative<TaskCancelled>(event.body)) {
    ended(event, "cancelled");
  } else if (const auto* failed = std::get_if<AttemptFailed>(&event.body)) {
    ++retries_;
    started_.erase({event.run, failed->ref});
  } else if (const auto* lost = std::get_if<AttemptLost>(&event.body)) {
    started_.erase({event.run, lost->ref});
  } else if (std::holds_alternative<RunCreated>(event.body)) {
    ++runs_created_;
  } else if (const auto* finished = std::get_if<RunFinished>(&event.body)) {
    ++runs_finished_[std::string(to_string(finished->status))];
  } else if (std::holds_alternative<CompletionRejected>(event.body)) {
    ++rejected_;
  }
}

std::string Metrics::text(const JournalTail& tail) {
  const bool store_up = tail.store_up();
  const auto seq = tail.seq();
  const auto open = static_cast<std::int64_t>(tail.open_runs());
  const std::lock_guard lock(mutex_);
  std::string out;
  gauge(out, "millrace_store_up", store_up ? 1 : 0, "1 if the store answers.");
  gauge(out, "millrace_journal_seq", seq, "Sequence number of the last event.");
  gauge(out, "millrace_runs_open", open, "Runs that have not finished.");
  counter(out, "millrace_runs_created_total", runs_created_,
          "Runs created since this process began.");
  counters(out, "millrace_runs_finished_total", "status", runs_finished_,
           "Runs that finished since this process began, by status.");
  counters(out, "millrace_tasks_ended_total", "state", tasks_ended_,
           "Task instances that ended since this process began, by state.");
  counter(out, "millrace_attempts_started_total", attempts_,
          "Attempts started since this process began.");
  counter(out, "millrace_attempts_retried_total", retries_,
          "Attempts that failed and were to be tried again.");
  counter(out, "millrace_completions_rejected_total", rejected_,
          "Completions refused by the fence.");
  head(out, "millrace_task_duration_seconds", "histogram",
       "From an attempt's start to its task's end.");
  task_seconds_.write(out, "millrace_task_duration_seconds", "");
  counters(out, "millrace_http_responses_total", "status", responses_,
           "Answers to HTTP requests, by status.");
  head(out, "millrace_http_request_duration_seconds", "histogram",
       "Time to answer an HTTP request, streams whole.");
  for (const auto& [method, histogram] : request_seconds_)
    histogram.write(out, "millrace_http_request_duration_seconds", "method=\"" + method + "\"");
  return out;
}

}  // namespace millrace::api
