// Events about DAGs and their files.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/events/common.h"
#include "engine/core/names.h"

namespace millrace {

struct DagRegistered {
  static constexpr std::string_view kind = "dag_registered";
  static constexpr std::string_view record_doc =
      "A version of a DAG became the current one. The first fixes where its schedule starts.";
  DagKey dag;
  std::string version;
  Json spec;  // Dag::to_json
  std::string source;
  std::string base_dir;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{
        field("", &DagRegistered::dag, "The DAG"),
        field("version", &DagRegistered::version, "Digest of the canonical form").not_empty(),
        field("spec", &DagRegistered::spec, "The canonical form").optional().internal(),
        field("source", &DagRegistered::source, "Path of the file, for people").optional(),
        field("base_dir", &DagRegistered::base_dir, "Where the file's relative paths start")
            .optional()
            .internal(),
        field("origin", &DagRegistered::origin, "Who asked, and why").optional()};
  }
};

struct DagFileChecked {
  static constexpr std::string_view kind = "dag_file_checked";
  static constexpr std::string_view record_doc =
      "A DAG file could not be loaded; without diagnostics it is gone or good again.";
  std::string source;
  Json diagnostics = Json::array();

  static constexpr auto fields() {
    return std::tuple{
        field("source", &DagFileChecked::source, "Path of the file").not_empty(),
        field("diagnostics", &DagFileChecked::diagnostics, "What is wrong, with places")
            .optional()};
  }
};

struct DagPaused {
  static constexpr std::string_view kind = "dag_paused";
  static constexpr std::string_view record_doc = "A DAG was paused or unpaused.";
  DagKey dag;
  bool paused = false;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{field("", &DagPaused::dag, "The DAG"),
                      field("paused", &DagPaused::paused, "False: it was unpaused"),
                      field("origin", &DagPaused::origin, "Who asked, and why").optional()};
  }
};

struct DagRetired {
  static constexpr std::string_view kind = "dag_retired";
  static constexpr std::string_view record_doc =
      "No file declares the DAG any more: nothing starts it until one does, which registers it.";
  DagKey dag;
  std::string reason;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{field("", &DagRetired::dag, "The DAG"),
                      field("reason", &DagRetired::reason, "Why").optional(),
                      field("origin", &DagRetired::origin, "Who asked, and why").optional()};
  }
};

struct DagOutOfOrder {
  static constexpr std::string_view kind = "dag_out_of_order";
  static constexpr std::string_view record_doc =
      "The stored version cannot be compiled by this program on this machine; without a reason it "
      "can again.";
  DagKey dag;
  std::string reason;

  static constexpr auto fields() {
    return std::tuple{field("", &DagOutOfOrder::dag, "The DAG"),
                      field("reason", &DagOutOfOrder::reason, "What the compiler says").optional()};
  }
};

struct ScheduleMoved {
  static constexpr std::string_view kind = "schedule_moved";
  static constexpr std::string_view record_doc =
      "Where the schedule goes on: after its change, an unpausing, a reset or a skipped date.";
  DagKey dag;
  std::optional<Time> from;  // none: as it was
  std::optional<Time> all_until;
  Origin origin;
  std::optional<Time> skipped = {};  // a date that has no run, because another one is open

  static constexpr auto fields() {
    return std::tuple{
        field("", &ScheduleMoved::dag, "The DAG"),
        field("from", &ScheduleMoved::from, "Only later dates count").optional(),
        field("all_until", &ScheduleMoved::all_until, "Every missed date up to here still runs")
            .optional(),
        field("origin", &ScheduleMoved::origin, "Who asked, and why").optional(),
        field("skipped", &ScheduleMoved::skipped,
              "A date that gets no run, because an earlier run is open: see overlap")
            .optional()};
  }
};

}  // namespace millrace
