// PgConnection: one connection to a PostgreSQL database of a user, for the operators that read and
// write there. The journal has its own: engine/pg.
//
// Each wait checks `cancelled` at least ten times a second; if it is true, the server is asked to
// stop the statement. After an error of a statement outside of a transaction's control (cancelled,
// unavailable, an error of a callback), only the destructor may be called; it closes the
// connection, which rolls back an open transaction. Times are UTC, texts UTF-8. Not thread-safe;
// movable.
//
// Errors: invalid_argument (the address, SQL), permission_denied, not_found (a database, a table),
// data_invalid (values, constraints), timeout, unavailable (the connection, locks, serialization),
// cancelled. None holds the password.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace millrace::pgclient {

struct PgColumn {
  std::string name;
  unsigned type = 0;  // its object id in pg_type
  int modifier = -1;  // of the type, e.g. of numeric(9,2); -1: none
};

/// What a statement gave; for small results.
struct PgAnswer {
  std::vector<std::vector<std::optional<std::string>>> rows;
  std::int64_t affected = 0;  // rows that it changed or copied
};

/// The $1, $2, … of a statement; nullopt is NULL.
using PgParams = std::vector<std::optional<std::string>>;
/// One row; valid during the call.
using PgRow = std::span<const std::optional<std::string_view>>;

class PgConnection {
 public:
  /// `address` is a URI (postgresql://…) or key=value text; it may hold a password.
  static Result<PgConnection> open(const std::string& address, std::function<bool()> cancelled);
  PgConnection(PgConnection&&) noexcept;
  PgConnection& operator=(PgConnection&&) noexcept;
  ~PgConnection();

  /// One statement.
  Result<PgAnswer> execute(const std::string& sql, const PgParams& params = {});
  /// One statement whose rows come one at a time: memory is bounded by the largest row.
  /// `on_columns` is called once before the rows. invalid_argument for a statement that gives no
  /// rows.
  Status query(const std::string& sql, const PgParams& params,
               const std::function<Status(const std::vector<PgColumn>&)>& on_columns,
               const std::function<Status(PgRow)>& on_row);
  /// COPY … FROM STDIN. `next` gives the next piece of the data, "" at its end. Returns the number
  /// of rows.
  Result<std::int64_t> copy_in(const std::string& sql,
                               const std::function<Result<std::string_view>()>& next);

  /// Where in its text the last statement failed, in characters from 1, if the server said so.
  std::optional<std::size_t> error_place() const;
  /// "shop on db.example.com": for people.
  std::string description() const;

 private:
  struct State;
  explicit PgConnection(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Whether the address holds a password; invalid_argument if it cannot be read.
Result<bool> holds_password(const std::string& address);
/// A name as SQL writes it: say "hi" → "say ""hi""".
std::string quote_name(std::string_view name);

}  // namespace millrace::pgclient
