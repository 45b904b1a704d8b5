// What the data operators share: a session for an attempt, and a table made into an artifact.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/effect.h"
#include "engine/data/session.h"
#include "engine/data/statistics.h"
#include "engine/op/context.h"

namespace millrace {

/// May open `files`, and write and spill in the attempt's folder; stops when the attempt should.
/// `places`: Session::error_place is known.
Result<data::Session> open_session(OperatorContext& ctx,
                                   const std::vector<std::filesystem::path>& files,
                                   bool places = false);

struct TableArtifact {
  StoredArtifact stored;
  data::TableStatistics statistics;
  PublishArtifact effect;
};

/// Of a task that makes one table: its digest, rows, columns, bytes and statistics, as
/// table_outputs() declares them.
Json outputs_of(const TableArtifact& table);

/// The rows of `select`, in order, as a Parquet artifact with its statistics. `name` is for people;
/// `inputs` are the digests that it is made from.
Result<TableArtifact> write_table(OperatorContext& ctx, data::Session& session,
                                  std::string_view select, std::string_view name,
                                  std::vector<std::string> inputs);

/// A text as an artifact of kind "report".
Result<PublishArtifact> write_report(OperatorContext& ctx, std::string_view text,
                                     std::string_view name, std::vector<std::string> inputs);

/// {"column": {nulls, min, max, mean}}: what fits into a task's outputs.
Json statistics_summary(const data::TableStatistics& statistics);
/// The names of the columns, in order.
Json column_names(const data::TableStatistics& statistics);

}  // namespace millrace
