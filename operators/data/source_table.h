// SourceTable: the files of an ingest as a relation of a session, whatever their format.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/data/session.h"
#include "engine/data/text_table.h"
#include "operators/data/ingest.h"

namespace millrace {

struct SourceTable {
  std::optional<data::TextTable> text;  // of CSV and JSON lines; must outlive the session
  std::optional<data::Session> session;
  std::string relation;  // for a FROM clause; its columns have their declared types
  std::vector<data::TextColumn> columns;
  std::map<std::string, std::uint64_t> nans;  // of Parquet; of texts they are known after the scan
};

/// Reads the files once to find the types of texts; what does not fit together is data_invalid.
Result<SourceTable> open_source(OperatorContext& ctx, const Ingest& ingest);
/// Makes the NaNs of a Parquet source null, and counts those of the rows under `condition`.
Status settle_nans(SourceTable& source, const ReadOptions& options, const std::string& condition);

/// What `types` names must be there; what only a contract names need not.
Status check_types(const Ingest& ingest, const std::vector<data::TextColumn>& columns);
/// The column cast to its `cast`, under its name.
std::string cast_item(const data::TextColumn& column, bool json);

/// The column of that name, or an error with the nearest.
Result<data::TextColumn> find_column(const std::vector<data::TextColumn>& columns,
                                     std::string_view name);

}  // namespace millrace
