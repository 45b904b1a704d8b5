#include "engine/base/error.h"

#include <array>

namespace millrace {
namespace {

constexpr std::array<ErrorTraits, 14> kTraits = {{
    {ErrorCode::invalid_argument, "invalid_argument", 400, 2, false},
    {ErrorCode::not_found, "not_found", 404, 3, false},
    {ErrorCode::conflict, "conflict", 409, 4, false},
    {ErrorCode::permission_denied, "permission_denied", 403, 5, false},
    {ErrorCode::resource_exhausted, "resource_exhausted", 429, 6, false},
    {ErrorCode::timeout, "timeout", 504, 7, true},
    {ErrorCode::unavailable, "unavailable", 503, 8, true},
    {ErrorCode::cancelled, "cancelled", 409, 9, false},
    {ErrorCode::fenced, "fenced", 409, 10, false},
    {ErrorCode::data_invalid, "data_invalid", 422, 11, false},
    {ErrorCode::unsupported, "unsupported", 501, 12, false},
    {ErrorCode::internal, "internal", 500, 70, false},
    {ErrorCode::data_damaged, "data_damaged", 500, 13, false},
    {ErrorCode::program_failed, "program_failed", 500, 14, true},
}};

constexpr bool rows_match_codes() {
  for (std::size_t i = 0; i < kTraits.size(); ++i)
    if (static_cast<std::size_t>(kTraits[i].code) != i) return false;
  return true;
}
static_assert(rows_match_codes(), "kTraits must list the codes in the order of the enum");

}  // namespace

const ErrorTraits& traits(ErrorCode code) { return kTraits[static_cast<std::size_t>(code)]; }

ErrorCode error_code_from_name(std::string_view name) {
  for (const auto& row : kTraits)
    if (row.name == name) return row.code;
  return ErrorCode::internal;
}

std::string Error::to_string() const { return where.empty() ? message : where + ": " + message; }

Error make_error(ErrorCode code, std::string message) {
  Error error;
  error.code = code;
  error.message = std::move(message);
  return error;
}
Error permanent(Error error) {
  error.permanent = true;
  return error;
}
Error invalid_argument(std::string message) {
  return make_error(ErrorCode::invalid_argument, std::move(message));
}
Error not_found(std::string message) {
  return make_error(ErrorCode::not_found, std::move(message));
}
Error conflict(std::string message) { return make_error(ErrorCode::conflict, std::move(message)); }
Error unavailable(std::string message) {
  return make_error(ErrorCode::unavailable, std::move(message));
}
Error internal_error(std::string message) {
  return make_error(ErrorCode::internal, std::move(message));
}
Error data_invalid(std::string message) {
  return make_error(ErrorCode::data_invalid, std::move(message));
}
Error data_damaged(std::string message) {
  return make_error(ErrorCode::data_damaged, std::move(message));
}

}  // namespace millrace
