// The trace of a rehearsal: what happened, line by line, for people and as JSON.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/base/record_json.h"
#include "engine/core/event.h"
#include "engine/core/run.h"

namespace millrace {

struct TraceLine {
  static constexpr std::string_view record_name = "TraceLine";
  static constexpr std::string_view record_doc = "Something that happened in a rehearsal.";
  Time at{};
  std::string local;
  std::optional<int> run;
  std::optional<Time> logical_date;
  std::string task;
  std::optional<int> map_index;
  std::optional<int> attempt;
  std::string event;
  std::string text;

  static constexpr auto fields() {
    return std::tuple{
        field("at", &TraceLine::at, "The virtual time"),
        field("local", &TraceLine::local, "The same in the time zone of the DAG"),
        field("run", &TraceLine::run, "Number of the run, from 1; null: about no run"),
        field("logical_date", &TraceLine::logical_date, "Logical date of the run"),
        field("task", &TraceLine::task, "The task's id; \"\": about the run"),
        field("map_index", &TraceLine::map_index, "Instance of a mapped task; null: not mapped"),
        field("attempt", &TraceLine::attempt, "Number of the attempt, where there is one"),
        field("event", &TraceLine::event,
              "The kind of event, e.g. run_created, attempt_started, task_succeeded; "
              "date_skipped: a date gets no run"),
        field("text", &TraceLine::text, "The same for people")};
  }
};

/// What an event says to people; nullopt: nothing. `run`: of the event, after it; nullptr: none.
/// Run number and local time are left to the caller.
std::optional<TraceLine> trace_line(const Event& event, const Run* run);

}  // namespace millrace
