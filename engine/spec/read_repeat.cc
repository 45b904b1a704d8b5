// `repeat` of a task.
#include "engine/base/fields.h"
#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

OnMax read_on_max(const YamlNode& node, Report& report) {
  const auto name = read_string(node, "on_max", report);
  const auto known = name ? from_name<OnMax>(*name) : std::nullopt;
  if (name && !known)
    report.error(node.at, "bad-value", "on_max: there is no " + quote(*name),
                 "write fail or succeed");
  return known.value_or(OnMax::fail);
}

}  // namespace

void read_repeat(const YamlNode& node, TaskSpec& task, TaskPlaces& places, const Loading& loading) {
  Report& report = loading.report;
  places.repeats = true;
  if (!check_keys(node, node.at, repeat_fields(), "repeat", report)) return;
  RepeatPolicy& repeat = task.repeat;
  if (const auto* entry = node.find("until")) {
    places.until = &entry->value;
    repeat.until = read_condition("until", entry->value, loading);
  }
  if (const auto* entry = node.find("max"))
    repeat.max = static_cast<int>(
        read_integer(entry->value, "max", 1, kMostIterations, report).value_or(1));
  if (const auto* entry = node.find("delay"))
    repeat.delay = read_duration(entry->value, "delay", report).value_or(Duration{});
  if (const auto* entry = node.find("on_max")) repeat.on_max = read_on_max(entry->value, report);
}

}  // namespace millrace::spec
