#include "engine/node/event_log.h"

#include "engine/base/log.h"

namespace millrace {
namespace {

void log_event(const DagRetired& e) {
  log::warning("a DAG is retired", {{"dag", e.dag.text()}, {"reason", e.reason}});
}

void log_event(const ResourceRetired& e) {
  log::warning("a resource is retired",
               {{"kind", e.resource}, {"name", e.name}, {"reason", e.reason}});
}

void log_event(const DagOutOfOrder& e) {
  log::error("a stored DAG cannot be compiled; it starts nothing",
             {{"dag", e.dag.text()}, {"reason", e.reason}});
}

/// The folder's watcher logs what it finds in a file alone; only the planner sees twins.
void log_event(const DagFileChecked& e) {
  for (const auto& diagnostic : e.diagnostics.items())
    if (diagnostic["code"].as_view().starts_with("duplicate-"))
      log::warning(diagnostic["message"].as_view(), {{"file", e.source}});
}

template <typename Other>
void log_event(const Other&) {}

}  // namespace

void log_events(const std::vector<Event>& events) {
  for (const Event& event : events)
    std::visit([](const auto& body) { log_event(body); }, event.body);
}

}  // namespace millrace
