// Error: an expected failure, as a value. Bugs are assertions; exceptions stay inside the adapters
// (pg, spec, api, the operator boundary), which translate them to an Error once.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace millrace {

enum class ErrorCode {
  invalid_argument,    // the request is wrong and will stay wrong
  not_found,           // what was named does not exist
  conflict,            // it exists already, or has changed since
  permission_denied,   // the caller or the process may not do this
  resource_exhausted,  // a quota, a size cap, memory
  timeout,             // a deadline passed
  unavailable,         // something outside is away; later may be better
  cancelled,           // a person or a program asked it to stop
  fenced,              // a newer epoch or attempt owns this; the caller must stop
  data_invalid,        // data broke its contract
  unsupported,         // valid, but not offered by this build
  internal,            // we are wrong; a bug report is due
  data_damaged,        // stored bytes are not what their digest says
  program_failed,      // a program of the user's ended with an exit code or a signal
};

/// What the rest of the program needs to know of a code; one row each, in `error.cc`.
struct ErrorTraits {
  ErrorCode code;
  std::string_view name;  // as in JSON and SQL, e.g. "invalid_argument"
  int http_status;
  int exit_code;   // of the command line
  bool transient;  // a retry of the same thing may succeed
};
const ErrorTraits& traits(ErrorCode code);
/// The inverse of `traits(code).name`; `internal` for an unknown name.
ErrorCode error_code_from_name(std::string_view name);

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;  // one sentence: what, the value, what would be right
  std::string where;    // "file:line:column", a task id, a URL; may be empty

  /// Overrides the code's own retryability (an operator knows better than the table).
  std::optional<bool> transient_override;
  /// The other side asked to wait at least this long (HTTP Retry-After).
  std::optional<std::chrono::milliseconds> retry_after;

  /// No later attempt can end otherwise: the retries of a task do not apply.
  bool permanent = false;
  /// It ran into a limit of memory.
  bool out_of_memory = false;
  // How a process ended: one of them, or neither.
  std::optional<int> exit_code, signal;

  bool transient() const {
    return !permanent && transient_override.value_or(traits(code).transient);
  }
  /// "where: message", or the message alone.
  std::string to_string() const;

  Error&& at(std::string place) && {
    where = std::move(place);
    return std::move(*this);
  }
};

Error invalid_argument(std::string message);
Error not_found(std::string message);
Error conflict(std::string message);
Error unavailable(std::string message);
Error internal_error(std::string message);
Error data_invalid(std::string message);
Error data_damaged(std::string message);
Error make_error(ErrorCode code, std::string message);
/// The same error, marked: no retry.
Error permanent(Error error);

}  // namespace millrace
