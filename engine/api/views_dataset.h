// DatasetView: a dataset with its watermark, what made it, and what it starts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/record_json.h"
#include "engine/store/rows.h"

namespace millrace::api {

struct DatasetView {
  static constexpr std::string_view record_name = "Dataset";
  static constexpr std::string_view record_doc =
      "A dataset: its newest content, how far it has been read, and which DAGs it starts.";
  DatasetKey key;
  std::optional<DatasetRow> row;  // nullopt: no task has updated it
  std::optional<WatermarkRow> watermark;
  std::string dag;                  // of the run that updated it, else of the one that read it
  std::vector<std::string> starts;  // ids, in the namespace of the dataset

  /// The run and the task that updated it; without an update those that set its watermark.
  std::optional<Uuid> run() const {
    if (row) return row->run;
    return watermark ? std::optional(watermark->run) : std::nullopt;
  }
  std::string task() const { return row ? row->task : watermark ? watermark->task : ""; }

  static constexpr auto fields() {
    using View = const DatasetView&;
    return std::tuple{
        field(
            "dataset", [](View v) { return v.key.name; }, "Its name"),
        field(
            "namespace", [](View v) { return v.key.namespace_; }, "Its namespace"),
        field(
            "artifact", [](View v) { return v.row ? v.row->artifact : ""; },
            "Digest of its newest content; \"\": no task has updated it"),
        field(
            "rows", [](View v) { return v.row ? v.row->rows : -1; }, "Rows of it; -1: not known"),
        field(
            "updated_at",
            [](View v) { return v.row ? std::optional(v.row->updated_at) : std::nullopt; },
            "When it was last updated; null: never"),
        field("run", &DatasetView::run,
              "The run that updated it, or that set its watermark if none did; null: none"),
        field("task", &DatasetView::task, "The task of that run; \"\": not known"),
        field("dag", &DatasetView::dag, "The DAG of that run; \"\": not known"),
        field("watermark", &DatasetView::watermark, "How far it has been read or written, or null"),
        field("starts", &DatasetView::starts,
              "The DAGs of its namespace that its update starts, by id")};
  }
};

}  // namespace millrace::api
