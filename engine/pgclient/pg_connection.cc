#include "engine/pgclient/pg_connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <array>
#include <charconv>
#include <utility>

#include "engine/pgclient/pg_error.h"

namespace millrace::pgclient {
namespace {

constexpr int kStepMs = 100;               // of a wait, between two checks of `cancelled`
constexpr int kConnectSteps = 100;         // without an answer: ten seconds
constexpr int kChecksConnection = 140000;  // the first version that notices a client that is gone

struct Freed {
  void operator()(PGresult* result) const { PQclear(result); }
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
  void operator()(PGcancel* cancel) const { PQfreeCancel(cancel); }
};
using ResultPtr = std::unique_ptr<PGresult, Freed>;

/// The password in an address; "" without one.
Result<std::string> password_in(const std::string& address) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, Freed> options(
      PQconninfoParse(address.c_str(), &problem));
  if (problem != nullptr) PQfreemem(problem);  // it may quote the password
  if (!options)
    return invalid_argument(
        "the address of the database cannot be read; write postgresql://user@host:port/database "
        "or \"host=… dbname=…\"");
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr && std::string_view(option->keyword) == "password")
      return std::string(option->val);
  return std::string();
}

bool is_copy(ExecStatusType status) {
  return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

std::int64_t affected_by(PGresult* result) {
  const std::string_view digits = PQcmdTuples(result);
  std::int64_t rows = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), rows);
  return rows;
}

std::vector<PgColumn> columns_of(const PGresult* result) {
  std::vector<PgColumn> columns;
  for (int i = 0; i < PQnfields(result); ++i)
    columns.push_back({PQfname(result, i), PQftype(result, i), PQfmod(result, i)});
  return columns;
}

std::optional<std::string_view> cell_of(const PGresult* result, int row, int column) {
  if (PQgetisnull(result, row, column) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(result, row, column),
                          static_cast<std::size_t>(PQgetlength(result, row, column)));
}

}  // namespace

struct PgConnection::State {
  PGconn* connection = nullptr;
  std::function<bool()> cancelled;
  std::optional<std::size_t> place;
  std::string password;

  State() = default;
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { PQfinish(connection); }

  void cancel() const;
  Status check() const;
  Status wait(short events, bool* ready = nullptr) const;
  Status flush();
  Result<ResultPtr> next();
  Result<ResultPtr> finish(ResultPtr first);
  Error hide_password(Error error) const;
  Error failed(const PGresult* result);
  Status connect();
  Status send(const std::string& sql, const PgParams& params);
  Status put(std::string_view piece);
};

void PgConnection::State::cancel() const {
  const std::unique_ptr<PGcancel, Freed> cancel(PQgetCancel(connection));
  std::array<char, 256> ignored{};
  if (cancel) PQcancel(cancel.get(), ignored.data(), static_cast<int>(ignored.size()));
}

Status PgConnection::State::check() const {
  if (!cancelled || !cancelled()) return {};
  cancel();
  return make_error(ErrorCode::cancelled, "the statement was cancelled");
}

/// One step of a wait for the socket.
Status PgConnection::State::wait(short events, bool* ready) const {
  MR_CHECK(check());
  pollfd socket{PQsocket(connection), events, 0};
  const int found = ::poll(&socket, 1, kStepMs);
  if (ready != nullptr) *ready = found > 0;
  return {};
}

Status PgConnection::State::flush() {
  for (int left = PQflush(connection); left != 0; left = PQflush(connection)) {
    if (left < 0) return failed(nullptr);
    MR_CHECK(wait(POLLOUT | POLLIN));
    if (PQconsumeInput(connection) == 0) return failed(nullptr);
  }
  return {};
}

Result<ResultPtr> PgConnection::State::next() {
  MR_CHECK(check());
  MR_CHECK(flush());
  while (PQisBusy(connection) != 0) {
    MR_CHECK(wait(POLLIN));
    if (PQconsumeInput(connection) == 0) return failed(nullptr);
  }
  return ResultPtr(PQgetResult(connection));
}

/// Reads to the end of the statement, so that the next one can be sent.
Result<ResultPtr> PgConnection::State::finish(ResultPtr first) {
  std::optional<Error> error;
  ResultPtr last = std::move(first);
  for (;;) {
    const auto status = PQresultStatus(last.get());
    if (is_copy(status)) return invalid_argument("COPY is not possible here");
    if (last && status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !error)
      error = failed(last.get());
    MR_TRY(ResultPtr more, next());
    if (!more) break;
    last = std::move(more);
  }
  if (error) return *std::move(error);
  if (!last) return failed(nullptr);
  return last;
}

Error PgConnection::State::hide_password(Error error) const {
  if (password.empty()) return error;
  for (auto found = error.message.find(password); found != std::string::npos;
       found = error.message.find(password, found + 3))
    error.message.replace(found, password.size(), "***");
  return error;
}

Error PgConnection::State::failed(const PGresult* result) {
  place = std::nullopt;
  const std::string_view digits = field_of(result, PG_DIAG_STATEMENT_POSITION);
  std::size_t at = 0;
  if (std::from_chars(digits.data(), digits.data() + digits.size(), at).ec == std::errc())
    place = at;
  return hide_password(statement_error(result, connection));
}

Status PgConnection::State::connect() {
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  for (int steps = 0; state != PGRES_POLLING_OK; state = PQconnectPoll(connection)) {
    if (state == PGRES_POLLING_FAILED || PQstatus(connection) == CONNECTION_BAD)
      return hide_password(connect_error(connection));
    bool ready = false;
    while (!ready) {
      MR_CHECK(wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, &ready));
      if (!ready && ++steps > kConnectSteps)
        return unavailable("cannot connect to PostgreSQL: no answer within ten seconds");
    }
  }
  PQsetnonblocking(connection, 1);
  return {};
}

Status PgConnection::State::send(const std::string& sql, const PgParams& params) {
  place = std::nullopt;
  std::vector<const char*> values;
  for (const auto& param : params) {
    if (param && param->find('\0') != std::string::npos)
      return data_invalid("a parameter holds a NUL character, which PostgreSQL does not store");
    values.push_back(param ? param->c_str() : nullptr);
  }
  if (PQsendQueryParams(connection, sql.c_str(), static_cast<int>(values.size()), nullptr,
                        values.data(), nullptr, nullptr, 0) == 0)
    return failed(nullptr);
  return {};
}

PgConnection::PgConnection(std::unique_ptr<State> state) : state_(std::move(state)) {}
PgConnection::PgConnection(PgConnection&&) noexcept = default;
PgConnection& PgConnection::operator=(PgConnection&&) noexcept = default;
PgConnection::~PgConnection() = default;

Result<PgConnection> PgConnection::open(const std::string& address,
                                        std::function<bool()> cancelled) {
  auto state = std::make_unique<State>();
  MR_TRY(state->password, password_in(address));
  state->cancelled = std::move(cancelled);
  const std::array<const char*, 5> names = {"dbname", "fallback_application_name",
                                            "client_encoding", "keepalives_idle", nullptr};
  const std::array<const char*, 5> values = {address.c_str(), "millrace", "UTF8", "10", nullptr};
  state->connection = PQconnectStartParams(names.data(), values.data(), 1);
  if (state->connection == nullptr)
    return make_error(ErrorCode::resource_exhausted, "no memory for a connection");
  PQsetNoticeProcessor(
      state->connection, [](void*, const char*) {}, nullptr);
  MR_CHECK(state->connect());
  const bool checks = PQserverVersion(state->connection) >= kChecksConnection;
  PgConnection out(std::move(state));
  for (const char* setting : {"SET TimeZone TO 'UTC'", "SET DateStyle TO 'ISO, YMD'",
                              "SET bytea_output TO 'hex'", "SET extra_float_digits TO 1"}) {
    auto set = out.execute(setting);
    if (!set) return std::move(set).error();
  }
  // A program that is killed cannot cancel its statement.
  if (checks) {
    auto set = out.execute("SET client_connection_check_interval TO '2s'");
    if (!set) return std::move(set).error();
  }
  return out;
}

Result<PgAnswer> PgConnection::execute(const std::string& sql, const PgParams& params) {
  MR_CHECK(state_->send(sql, params));
  MR_TRY(ResultPtr first, state_->next());
  MR_TRY(const ResultPtr result, state_->finish(std::move(first)));
  PgAnswer answer;
  answer.affected = affected_by(result.get());
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    auto& cells = answer.rows.emplace_back();
    for (int column = 0; column < PQnfields(result.get()); ++column)
      cells.emplace_back(cell_of(result.get(), row, column));
  }
  return answer;
}

Status PgConnection::query(const std::string& sql, const PgParams& params,
                           const std::function<Status(const std::vector<PgColumn>&)>& on_columns,
                           const std::function<Status(PgRow)>& on_row) {
  MR_CHECK(state_->send(sql, params));
  PQsetSingleRowMode(state_->connection);
  std::vector<std::optional<std::string_view>> cells;
  bool told_columns = false;
  const auto take = [&](const PGresult* result) -> Status {
    if (!std::exchange(told_columns, true)) {
      MR_CHECK(on_columns(columns_of(result)));
    }
    for (int row = 0; row < PQntuples(result); ++row) {
      cells.clear();
      for (int column = 0; column < PQnfields(result); ++column)
        cells.push_back(cell_of(result, row, column));
      MR_CHECK(on_row(cells));
    }
    return {};
  };
  for (;;) {
    MR_TRY(ResultPtr result, state_->next());
    const auto status = PQresultStatus(result.get());
    if (status == PGRES_COMMAND_OK)
      return invalid_argument("the statement gives no rows; write SELECT, or add RETURNING");
    if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
      MR_TRY(const ResultPtr end, state_->finish(std::move(result)));
      return internal_error("a statement without a result");
    }
    if (Status taken = take(result.get()); !taken) {
      state_->cancel();
      return taken;
    }
    if (status == PGRES_SINGLE_TUPLE) continue;
    MR_TRY(const ResultPtr end, state_->finish(std::move(result)));
    return {};
  }
}

/// libpq keeps what it cannot send at once; `flush` waits until it is sent, so that a slow server
/// does not fill the memory.
Status PgConnection::State::put(std::string_view piece) {
  for (;;) {
    const int done = PQputCopyData(connection, piece.data(), static_cast<int>(piece.size()));
    if (done < 0) return failed(nullptr);
    MR_CHECK(flush());
    if (done > 0) return {};
  }
}

Result<std::int64_t> PgConnection::copy_in(const std::string& sql,
                                           const std::function<Result<std::string_view>()>& next) {
  MR_CHECK(state_->send(sql, {}));
  MR_TRY(ResultPtr started, state_->next());
  if (PQresultStatus(started.get()) != PGRES_COPY_IN) {
    MR_TRY(const ResultPtr end, state_->finish(std::move(started)));
    return invalid_argument("the statement is not COPY … FROM STDIN");
  }
  for (;;) {
    MR_CHECK(state_->check());
    MR_TRY(const std::string_view piece, next());
    if (piece.empty()) break;
    MR_CHECK(state_->put(piece));
  }
  for (int ended = 0; ended == 0;) {
    ended = PQputCopyEnd(state_->connection, nullptr);
    if (ended < 0) return state_->failed(nullptr);
    MR_CHECK(state_->flush());
  }
  MR_TRY(ResultPtr first, state_->next());
  MR_TRY(const ResultPtr result, state_->finish(std::move(first)));
  return affected_by(result.get());
}

std::optional<std::size_t> PgConnection::error_place() const { return state_->place; }

std::string PgConnection::description() const {
  const char* host = PQhost(state_->connection);
  const char* database = PQdb(state_->connection);
  return std::string(database == nullptr ? "" : database) + " on " +
         (host == nullptr || *host == '\0' ? "localhost" : host);
}

Result<bool> holds_password(const std::string& address) {
  MR_TRY(const std::string password, password_in(address));
  return !password.empty();
}

std::string quote_name(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

}  // namespace millrace::pgclient
