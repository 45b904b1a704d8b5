#include "engine/api/views_run.h"

#include <utility>

namespace millrace::api {

DagFileErrorView dag_file_error_view(DagFileErrorRow row) {
  DagFileErrorView view{std::move(row.source), {}, row.at};
  for (const Json& one : row.diagnostics.items()) {
    auto diagnostic = read_record<QuotedDiagnostic>(one);
    if (!diagnostic) {  // of another release
      diagnostic = QuotedDiagnostic{};
      diagnostic->diagnostic.message = one.dump();
    }
    auto& file = diagnostic->diagnostic.file;
    if (file.empty()) file = view.source;
    view.diagnostics.push_back(*std::move(diagnostic));
  }
  return view;
}

DagState DagView::state() const {
  if (!row.out_of_order.empty()) return DagState::out_of_order;
  if (!row.retired.empty()) return DagState::retired;
  return row.paused ? DagState::paused : DagState::active;
}

const std::string& DagView::state_reason() const {
  return row.out_of_order.empty() ? row.retired : row.out_of_order;
}

std::vector<DagParamView> DagView::params() const {
  std::vector<DagParamView> out;
  for (const auto& param : spec.params) out.push_back({param.name, param.schema});
  return out;
}

std::optional<std::string> DagView::cron() const {
  return spec.schedule ? std::optional(schedule_text(*spec.schedule)) : std::nullopt;
}

std::optional<std::string> DagView::time_zone() const {
  return spec.schedule ? std::optional(spec.schedule->time_zone) : std::nullopt;
}

}  // namespace millrace::api
