// Inside engine/data only: the JSON form of DuckDB's scalar values. What no JSON number holds
// exactly is text.
#pragma once

#include <duckdb.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "engine/base/json.h"

namespace millrace::data {

Json huge_cell(duckdb_hugeint value);
Json unsigned_cell(std::uint64_t upper, std::uint64_t lower);
Json decimal_cell(duckdb_hugeint value, std::size_t scale);
/// RFC 3339, or "infinity".
Json timestamp_cell(std::int64_t ticks, std::int64_t per_second);
Json date_cell(duckdb_date date);
/// "01:02:03", with six digits of a fraction where there is one.
Json time_cell(duckdb_time time);
Json time_tz_cell(duckdb_time_tz time);
/// ISO 8601: P14M3DT1.5S. The three parts do not convert into each other.
Json interval_cell(duckdb_interval value);
Json uuid_cell(duckdb_hugeint value);
/// Bytes as hexadecimal digits.
Json blob_cell(std::string_view bytes);
/// "10110"
Json bit_cell(std::string_view bytes);

}  // namespace millrace::data
