#include "engine/data/session.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <thread>
#include <utility>

#include "engine/data/cells.h"
#include "engine/data/row_source.h"
#include "engine/data/sql.h"

namespace millrace::data {
namespace {

struct ErrorKind {
  std::string_view prefix;  // of DuckDB's message; preparing a statement gives nothing else
  ErrorCode code;
};
constexpr std::array<ErrorKind, 15> kErrorKinds = {{
    {"INTERRUPT Error: ", ErrorCode::cancelled},
    {"Out of Memory Error: ", ErrorCode::resource_exhausted},
    {"IO Error: ", ErrorCode::unavailable},
    {"Permission Error: ", ErrorCode::permission_denied},
    {"Conversion Error: ", ErrorCode::data_invalid},
    {"Invalid Input Error: ", ErrorCode::data_invalid},
    {"Out of Range Error: ", ErrorCode::data_invalid},
    {"Mismatch Type Error: ", ErrorCode::data_invalid},
    {"Constraint Error: ", ErrorCode::data_invalid},
    {"Not implemented Error: ", ErrorCode::unsupported},
    {"INTERNAL Error: ", ErrorCode::internal},
    {"FATAL Error: ", ErrorCode::internal},
    {"Binder Error: ", ErrorCode::invalid_argument},
    {"Parser Error: ", ErrorCode::invalid_argument},
    {"Catalog Error: ", ErrorCode::invalid_argument},
}};

/// The place in our generated SQL ("LINE 1: …") would say nothing to the reader and is cut off.
Error translate(const char* text) {
  std::string message = text != nullptr ? text : "DuckDB gave no reason";
  message = message.substr(0, message.find("\n\nLINE "));
  ErrorCode code = ErrorCode::invalid_argument;
  for (const auto& kind : kErrorKinds) {
    if (!message.starts_with(kind.prefix)) continue;
    code = kind.code;
    message.erase(0, kind.prefix.size());
    break;
  }
  const bool absent = message.find("No files found") != std::string::npos ||
                      message.find("No such file") != std::string::npos;
  const bool full = message.find("No space left on device") != std::string::npos;
  Error error = make_error(absent ? ErrorCode::not_found : code, std::move(message));
  if (full) error.transient_override = true;  // there may be room again later
  return error;
}

/// An error under errors_as_json: its text as it is without that setting, and its place.
struct PlacedText {
  std::string text;
  std::optional<std::size_t> place;
};
PlacedText read_placed_error(std::string_view text) {
  const auto start = text.find('{');
  const auto json = start == text.npos ? Result<Json>(Json()) : Json::parse(text.substr(start));
  if (!json || (*json)["exception_message"].as_view().empty()) return {std::string(text), {}};
  PlacedText out;
  out.text =
      (*json)["exception_type"].as_string() + " Error: " + (*json)["exception_message"].as_string();
  const std::string_view digits = (*json)["position"].as_view();
  std::size_t place = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), place);
  if (error == std::errc() && end == digits.data() + digits.size()) out.place = place;
  return out;
}

std::string path_list(const std::vector<std::filesystem::path>& paths) {
  std::vector<std::string> quoted;
  for (const auto& path : paths)
    quoted.push_back(quote_literal(std::filesystem::absolute(path).string()));
  return "[" + join(quoted, ", ") + "]";
}

/// The settings of a new connection; after the last one, none can be changed.
std::vector<std::string> settings(const SessionOptions& options) {
  std::vector<std::string> out = {
      "SET TimeZone = 'UTC'",
      "SET threads = " + std::to_string(std::clamp(options.threads, 2, 64)),
      "SET memory_limit = '" + std::to_string(options.memory_limit_bytes >> 10) + "KiB'",
      "SET temp_directory = " + quote_literal(options.temp_dir.string()),
      "SET preserve_insertion_order = true",
      "SET autoinstall_known_extensions = false",
      "SET autoload_known_extensions = false",
      "SET allow_community_extensions = false",
      "SET allow_persistent_secrets = false",
  };
  if (options.places) out.push_back("SET errors_as_json = true");
  if (!options.files.empty()) out.push_back("SET allowed_paths = " + path_list(options.files));
  if (!options.folders.empty())
    out.push_back("SET allowed_directories = " + path_list(options.folders));
  out.push_back("SET enable_external_access = false");
  out.push_back("SET lock_configuration = true");
  return out;
}

Status bind_one(duckdb_prepared_statement statement, idx_t index, const Json& value) {
  duckdb_state state = DuckDBError;
  switch (value.type()) {
    case Json::Type::null:
      state = duckdb_bind_null(statement, index);
      break;
    case Json::Type::boolean:
      state = duckdb_bind_boolean(statement, index, value.as_bool());
      break;
    case Json::Type::integer:
      state = duckdb_bind_int64(statement, index, value.as_int());
      break;
    case Json::Type::number:
      state = duckdb_bind_double(statement, index, value.as_double());
      break;
    case Json::Type::string:
      state = duckdb_bind_varchar_length(statement, index, value.as_view().data(),
                                         value.as_view().size());
      break;
    default:
      return invalid_argument("parameter " + std::to_string(index) + " is " +
                              std::string(type_name(value.type())) +
                              "; a null, boolean, number or string is bound");
  }
  if (state == DuckDBError)
    return invalid_argument("cannot bind parameter " + std::to_string(index));
  return {};
}

}  // namespace

struct Session::State {
  SessionOptions options;
  Database database;
  Connection connection;  // after the database: closed before it
  std::vector<RowSource*> sources;
  std::string failed_sql;  // the last statement with an error, if places are wanted
  std::optional<std::size_t> failed_place;  // in it

  Error failed(std::string_view sql, const char* text);
  Status prepare(std::string_view sql, const std::vector<Json>& params, Prepared& statement);
  Status wait(std::string_view sql, duckdb_pending_result pending);
  Status run(std::string_view sql, const std::vector<Json>& params, QueryResult& result);
  Status run_statement(std::string_view sql, const std::vector<Json>& params, QueryResult& result);
};

Error Session::State::failed(std::string_view sql, const char* text) {
  if (!options.places || text == nullptr) return translate(text);
  const PlacedText error = read_placed_error(text);
  failed_sql = sql;
  failed_place = error.place;
  return translate(error.text.c_str());
}

Status Session::State::prepare(std::string_view sql, const std::vector<Json>& params,
                               Prepared& statement) {
  if (sql.find('\0') != std::string_view::npos)
    return invalid_argument("a NUL byte stands in the SQL text or in a name used in it");
  const std::string text(sql);
  if (duckdb_prepare(connection.handle, text.c_str(), &statement.handle) == DuckDBError)
    return failed(sql, duckdb_prepare_error(statement.handle));
  const idx_t wanted = duckdb_nparams(statement.handle);
  if (wanted != params.size())
    return invalid_argument("the statement has " + std::to_string(wanted) + " parameters, " +
                            std::to_string(params.size()) + " are given");
  for (idx_t i = 0; i < wanted; ++i) MR_CHECK(bind_one(statement.handle, i + 1, params[i]));
  return {};
}

/// Runs tasks of the query on this thread until it is ready; between them asks whether to stop.
Status Session::State::wait(std::string_view sql, duckdb_pending_result pending) {
  while (true) {
    if (options.cancelled && options.cancelled()) {
      duckdb_interrupt(connection.handle);
      // To its end, which is near: DuckDB leaks the state of a COPY that is left within.
      for (duckdb_pending_state left = DUCKDB_PENDING_RESULT_NOT_READY;
           left != DUCKDB_PENDING_ERROR && !duckdb_pending_execution_is_finished(left);)
        left = duckdb_pending_execute_task(pending);
      return make_error(ErrorCode::cancelled, "the query was stopped");
    }
    const duckdb_pending_state state = duckdb_pending_execute_task(pending);
    if (state == DUCKDB_PENDING_ERROR) return failed(sql, duckdb_pending_error(pending));
    if (duckdb_pending_execution_is_finished(state)) return {};
    // The other threads hold all tasks; there is nothing to wait on in the C API but time.
    if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE)
      std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

Status Session::State::run(std::string_view sql, const std::vector<Json>& params,
                           QueryResult& result) {
  Status done = run_statement(sql, params, result);
  if (done) return done;
  for (RowSource* source : sources)
    if (source->failure) return *std::exchange(source->failure, std::nullopt);
  return done;
}

Status Session::State::run_statement(std::string_view sql, const std::vector<Json>& params,
                                     QueryResult& result) {
  Prepared statement;
  MR_CHECK(prepare(sql, params, statement));
  if (options.cancelled) {
    Pending pending;
    if (duckdb_pending_prepared(statement.handle, &pending.handle) == DuckDBError)
      return failed(sql, duckdb_pending_error(pending.handle));
    MR_CHECK(wait(sql, pending.handle));
    if (duckdb_execute_pending(pending.handle, &result.handle) == DuckDBSuccess) return {};
  } else if (duckdb_execute_prepared(statement.handle, &result.handle) == DuckDBSuccess) {
    return {};
  }
  return failed(sql, duckdb_result_error(&result.handle));
}

Session::Session(std::unique_ptr<State> state) : state_(std::move(state)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

Result<Session> Session::open(SessionOptions options) {
  auto state = std::make_unique<State>();
  Config config;
  duckdb_create_config(&config.handle);
  char* reason = nullptr;
  if (duckdb_open_ext(nullptr, &state->database.handle, config.handle, &reason) == DuckDBError)
    return internal_error("cannot open DuckDB: " + take_string(reason));
  if (duckdb_connect(state->database.handle, &state->connection.handle) == DuckDBError)
    return internal_error("cannot connect to DuckDB");
  for (const auto& setting : settings(options)) {
    QueryResult result;
    if (auto set = state->run(setting, {}, result); !set)
      return internal_error("'" + setting + "': " + set.error().message);
  }
  state->options = std::move(options);
  return Session(std::move(state));
}

Status Session::execute(std::string_view sql, const std::vector<Json>& params) {
  QueryResult result;
  return state_->run(sql, params, result);
}

std::optional<std::size_t> Session::error_place(std::string_view text) const {
  const auto start = state_->failed_sql.find(text);
  if (start == std::string::npos || !state_->failed_place || *state_->failed_place < start)
    return std::nullopt;
  const std::size_t place = *state_->failed_place - start;
  return place <= text.size() ? std::optional(place) : std::nullopt;
}

Result<Table> Session::query(std::string_view sql, const std::vector<Json>& params,
                             std::size_t max_rows) {
  QueryResult result;
  MR_CHECK(state_->run(sql, params, result));
  Table table;
  table.columns.resize(duckdb_column_count(&result.handle));
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const LogicalType type(duckdb_column_logical_type(&result.handle, c));
    table.columns[c].name = duckdb_column_name(&result.handle, c);
    table.columns[c].type = type_name_of(type.handle);
  }
  while (true) {
    const Chunk chunk(duckdb_fetch_chunk(result.handle));
    if (chunk.handle == nullptr) return table;
    const idx_t rows = duckdb_data_chunk_get_size(chunk.handle);
    if (table.rows() + rows > max_rows)
      return make_error(ErrorCode::resource_exhausted,
                        "the answer has more than " + std::to_string(max_rows) + " rows");
    for (std::size_t c = 0; c < table.columns.size(); ++c)
      MR_CHECK(append_cells(duckdb_data_chunk_get_vector(chunk.handle, c), rows, table.columns[c]));
  }
}

Result<std::vector<ColumnData>> Session::fetch(std::string_view sql,
                                               const std::vector<Json>& params) {
  QueryResult result;
  MR_CHECK(state_->run(sql, params, result));
  std::vector<ColumnReader> readers;
  for (idx_t c = 0; c < duckdb_column_count(&result.handle); ++c) {
    const LogicalType type(duckdb_column_logical_type(&result.handle, c));
    MR_TRY(auto reader, ColumnReader::of(duckdb_column_name(&result.handle, c), type.handle));
    readers.push_back(std::move(reader));
  }
  while (true) {
    const Chunk chunk(duckdb_fetch_chunk(result.handle));
    if (chunk.handle == nullptr) break;
    for (std::size_t c = 0; c < readers.size(); ++c)
      readers[c].append(duckdb_data_chunk_get_vector(chunk.handle, c),
                        duckdb_data_chunk_get_size(chunk.handle));
  }
  std::vector<ColumnData> columns;
  for (auto& reader : readers) columns.push_back(reader.take());
  return columns;
}

Status Session::create_table(std::string_view name, const std::vector<ColumnData>& columns) {
  std::vector<std::string> fields;
  for (const auto& column : columns) {
    if (column.rows() != columns.front().rows())
      return invalid_argument("column '" + column.name + "' has " + std::to_string(column.rows()) +
                              " rows, the first has " + std::to_string(columns.front().rows()));
    fields.push_back(quote_identifier(column.name) + " " + std::string(stored_type(column.kind)));
  }
  MR_CHECK(execute("CREATE TABLE " + quote_identifier(name) + " (" + join(fields, ", ") + ")"));
  return append_rows(state_->connection.handle, std::string(name), columns);
}

Status Session::add_rows(std::string_view name, RowSource& source) {
  MR_CHECK(register_rows(state_->connection.handle, std::string(name), source));
  state_->sources.push_back(&source);
  return {};
}

Status Session::write_parquet(std::string_view select, const std::filesystem::path& file) {
  std::string rows(select);
  // DuckDB writes integers of 128 bits as doubles: a key of 20 digits would become another one.
  MR_TRY(const Table columns, query("DESCRIBE " + rows));
  std::vector<std::string> casts;
  for (std::size_t i = 0; i < columns.rows(); ++i) {
    const std::string_view type = columns.at(i, "column_type").as_view();
    if (type.find("HUGEINT") == std::string_view::npos || type.starts_with("ENUM")) continue;
    const std::string name = quote_identifier(columns.at(i, "column_name").as_view());
    if (type != "HUGEINT" && type != "UHUGEINT")
      return data_invalid("column " + name + " is of type " + std::string(type) +
                          ", and Parquet has no integers of 128 bits; declare DECIMAL(38,0) there");
    casts.push_back("CAST(" + name + " AS DECIMAL(38,0)) AS " + name);
  }
  if (!casts.empty()) rows = "SELECT * REPLACE (" + join(casts, ", ") + ") FROM (" + rows + "\n)";
  return execute("COPY (" + rows + "\n) TO " + quote_literal(file.string()) +
                 " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)");
}

Result<Json> Session::parse_expression(std::string_view text, std::string_view what) {
  const auto wrong = [&](std::string_view why) {
    return invalid_argument(std::string(what) + " '" + std::string(text) +
                            "' is not one SQL expression: " + std::string(why));
  };
  // The line break ends a trailing comment.
  MR_TRY(Table answer, query("SELECT json_serialize_sql(?::VARCHAR)::VARCHAR AS tree",
                             {"SELECT " + std::string(text) + "\n"}));
  // The tree holds places in the text as unsigned numbers, the largest for "none".
  MR_TRY(Json tree, Json::parse(answer.at(0, "tree").as_view(), {.round_integers = true}));
  if (tree["error"].as_bool(true)) return wrong(tree["error_message"].as_view());
  if (tree["statements"].size() != 1) return wrong("there is more than one statement");
  const Json& node = tree["statements"].at(0)["node"];
  if (node["type"].as_view() != "SELECT_NODE" || node["select_list"].size() != 1 ||
      node["from_table"]["type"].as_view() != "EMPTY" || !node["where_clause"].is_null() ||
      !node["having"].is_null() || !node["qualify"].is_null() || !node["sample"].is_null() ||
      node["group_expressions"].size() != 0 || node["modifiers"].size() != 0 ||
      node["cte_map"]["map"].size() != 0)
    return wrong("only the expression itself belongs here, without FROM, WHERE or a list");
  Json expression = node["select_list"].at(0);
  if (!expression["alias"].as_view().empty()) return wrong("it must not have a name (AS)");
  if (expression["class"].as_view() == "STAR") return wrong("'*' is a list of columns");
  return expression;
}

}  // namespace millrace::data
