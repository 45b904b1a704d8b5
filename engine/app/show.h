// How verbs print what the API answered.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/json.h"

namespace millrace {

/// Prints it with indentation; returns the exit code 0.
int print_json(const Json& json);

/// The name in `member` of a row: "flights", or "team/flights" in another namespace than `default`.
std::string name_of_row(const Json& row, std::string_view member);
/// Of a task of the API: "train", or "train[3]" for an instance.
std::string instance_name(const Json& task);
/// "2026-11-28 09:30:00", or "-" where there is no time.
std::string short_time(const Json& time);
/// From one time to the other, or to now: "2.5s", "2.5s so far", or "-" where there is no start.
std::string elapsed(const Json& from, const Json& to);
/// Four decimals, or "-".
std::string four_decimals(const Json& value);

}  // namespace millrace
