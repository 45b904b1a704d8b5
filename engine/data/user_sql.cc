#include "engine/data/user_sql.h"

#include <optional>

#include "engine/base/suggest.h"
#include "engine/data/sql.h"

namespace millrace::data {
namespace {

/// The text between the two, or nullopt.
std::optional<std::string> between(std::string_view text, std::string_view before,
                                   std::string_view after) {
  const auto start = text.find(before);
  if (start == text.npos) return std::nullopt;
  text.remove_prefix(start + before.size());
  const auto end = text.find(after);
  if (end == text.npos) return std::nullopt;
  return std::string(text.substr(0, end));
}

std::string no_such_column(const std::string& name, const std::vector<std::string>& columns) {
  return "there is no column '" + name + "'" + did_you_mean(name, columns) + "; the columns are " +
         join(columns, ", ") + ". A text is written between single quotes";
}

/// DuckDB names an operator that it applied to one side only ">>__postfix".
std::string no_such_function(const std::string& name, std::string_view message) {
  if (const auto postfix = name.find("__postfix"); postfix != name.npos)
    return "the operator " + name.substr(0, postfix) + " has nothing on its right side";
  std::string out = "DuckDB has no function '" + name + "'";
  if (const auto near = between(message, "Did you mean \"", "\""))
    out += "; did you mean '" + *near + "'?";
  return out;
}

/// What is wrong, without what only the author of the whole statement needs.
std::string reason_of(std::string_view message, const std::vector<std::string>& columns) {
  if (const auto name = between(message, "Referenced column \"", "\" not found"))
    return no_such_column(*name, columns);
  if (const auto name = between(message, "Referenced table \"", "\" not found"))
    return "'" + *name + ".' names another table, and there is only one. " +
           "Write the column without it; the columns are " + join(columns, ", ");
  for (const char* kind : {"Scalar Function with name ", "Aggregate Function with name ",
                           "Table Function with name ", "Function with name "})
    if (const auto name = between(message, kind, " does not exist"))
      return no_such_function(*name, message);
  if (const auto call =
          between(message, "No function matches the given name and argument types '", "'"))
    return "the types do not fit in " + *call + "; convert a value with CAST(… AS TYPE)";
  if (message.find("cannot contain aggregates") != message.npos)
    return "an aggregate such as sum() sees other rows; here, only the row itself can be used";
  std::string line(message.substr(0, message.find('\n')));
  while (!line.empty() && (line.back() == '.' || line.back() == ' ')) line.pop_back();
  return line;
}

std::vector<std::string> names_of(const Table& table) {
  std::vector<std::string> names;
  for (const auto& column : table.columns) names.push_back(column.name);
  return names;
}

}  // namespace

std::string plain_reason(std::string_view message, const std::vector<std::string>& columns) {
  return reason_of(message, columns);
}

Error explain_expression_error(Error error, std::string_view what, std::string_view text,
                               const std::vector<std::string>& columns) {
  if (error.code != ErrorCode::invalid_argument && error.code != ErrorCode::data_invalid &&
      error.code != ErrorCode::unsupported)
    return error;
  error.message =
      std::string(what) + " '" + std::string(text) + "': " + reason_of(error.message, columns);
  return error;
}

Result<Json> check_expression(Session& session, std::string_view what, std::string_view text,
                              const std::string& relation) {
  MR_TRY(Json tree, session.parse_expression(text, what));
  // The line break ends a trailing comment.
  // In a condition, which refuses aggregates: they would see other rows.
  auto bound = session.query("DESCRIBE SELECT 1 FROM " + relation + " WHERE (" + std::string(text) +
                             "\n) IS NULL");
  if (bound) return tree;
  MR_TRY(const Table empty, session.query("SELECT * FROM " + relation + " LIMIT 0"));
  return explain_expression_error(std::move(bound).error(), what, text, names_of(empty));
}

}  // namespace millrace::data
