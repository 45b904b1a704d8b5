// A data contract: what a table promises, as a mapping; written out as expectations.
//
//   columns:
//     delay: {type: integer, nullable: false, min: -120, max: 2000}
//     origin: {type: string, regex: "^[A-Z]{3}$"}
//   extra_columns: false            # more columns than those are a violation
//   key: [date, origin, destination]  # or a list of keys
//   rows: {min: 1000, max: 1000000}
//   freshness: {column: date, max_age: 2d}
//   expectations: [...]
#pragma once

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace {

/// What the expectations that come from `key` name as their source.
inline constexpr const char* kContractKey = "contract.key";

/// The contract as a list that parse_expectations reads. Freshness is counted back from
/// `reference`. The error lists everything that is wrong.
Result<Json> contract_expectations(const Json& contract, Time reference);

/// Whether a DuckDB type is what the contract calls it: "integer", "number", "string", "boolean",
/// "timestamp", "date", or the DuckDB name itself in any case.
bool type_matches(std::string_view wanted, std::string_view duckdb_type);

}  // namespace millrace
