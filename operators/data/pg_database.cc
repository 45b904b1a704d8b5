#include "operators/data/pg_database.h"

#include <cstdlib>

namespace millrace {

std::optional<TextProblem> check_connection(std::string_view text) {
  const auto holds = pgclient::holds_password(std::string(text));
  if (!holds) return TextProblem{holds.error().message, {}};
  if (*holds)
    return TextProblem{
        "the address holds a password; put it into an environment variable, and name that in "
        "connection_env",
        {}};
  return std::nullopt;
}

Result<pgclient::PgConnection> connect_to(OperatorContext& ctx, const std::string& address,
                                          const std::string& variable) {
  const auto cancelled = [&ctx] { return ctx.cancelled(); };
  if (variable.empty()) {
    if (auto problem = check_connection(address))
      return invalid_argument("connection: " + problem->message);
    return pgclient::PgConnection::open(address, cancelled);
  }
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr || *value == '\0')
    return invalid_argument("connection_env: the environment variable '" + variable +
                            "' is not set");
  return pgclient::PgConnection::open(value, cancelled);
}

}  // namespace millrace
