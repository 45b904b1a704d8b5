#include "operators/data/export_file.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include "engine/base/counted.h"
#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "engine/data/sql.h"
#include "operators/data/export_rows.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

/// In each folder that export.file has written; readers of Hive layouts pass over names with _.
constexpr const char* kMark = "_millrace.json";

Error cannot(std::string_view what, const fs::path& path, int error) {
  const std::string message = "cannot " + std::string(what) + " '" + path.string() +
                              "': " + std::error_code(error, std::generic_category()).message();
  return error == EACCES || error == EPERM ? make_error(ErrorCode::permission_denied, message)
                                           : unavailable(message);
}

Result<fs::path> target_of(const std::string& text, const fs::path& base) {
  if (text.empty()) return invalid_argument("path is empty");
  if (text.find('\0') != std::string::npos) return invalid_argument("path holds a NUL byte");
  const fs::path path = fs::path(text).lexically_normal();
  if (path.is_relative() && *path.begin() == "..")
    return invalid_argument("path '" + text +
                            "' leaves the DAG file's folder; give an absolute path instead");
  fs::path full = path.is_absolute() ? path : (base / path).lexically_normal();
  if (!full.has_filename()) full = full.parent_path();  // of a trailing slash
  if (!full.has_filename()) return invalid_argument("path '" + text + "' names no file");
  return full;
}

/// The place of a symbolic link is where it leads, so that the link stays.
Result<fs::path> without_links(const fs::path& named) {
  constexpr int kMaxLinks = 40;  // as Linux has it: path_resolution(7)
  fs::path path = named;
  for (int links = 0; links < kMaxLinks; ++links) {
    std::error_code problem;
    if (fs::symlink_status(path, problem).type() != fs::file_type::symlink) return path;
    const fs::path next = fs::read_symlink(path, problem);
    if (problem) return cannot("read the symbolic link", path, problem.value());
    path = (path.parent_path() / next).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // of a trailing slash
  }
  return invalid_argument("'" + named.string() + "' leads through more than " +
                          std::to_string(kMaxLinks) + " symbolic links");
}

/// What is written first, next to the target; removed unless it took its place.
class Draft {
 public:
  Draft(const fs::path& target, const std::string& key)
      : path_(target.parent_path() / ("." + target.filename().string().substr(0, 100) + "." +
                                      sha256_hex(key).substr(0, 12) + ".millrace-tmp")) {
    remove();  // of an attempt that was killed
  }
  ~Draft() { remove(); }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;
  const fs::path& path() const { return path_; }

 private:
  void remove() const {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  fs::path path_;
};

struct Written {
  std::int64_t files = 0;
  std::int64_t bytes = 0;
};

/// Flushes all files, so that a power cut cannot leave names without content.
Result<Written> flush_all(const fs::path& path) {
  Written out;
  std::error_code problem;
  const auto add = [&](const fs::path& file) -> Status {
    MR_CHECK(flush_file(file));
    ++out.files;
    out.bytes += static_cast<std::int64_t>(fs::file_size(file, problem));
    return {};
  };
  if (!fs::is_directory(path, problem)) {
    MR_CHECK(add(path));
    return out;
  }
  for (const auto& entry : fs::recursive_directory_iterator(path, problem)) {
    if (entry.is_directory())
      MR_CHECK(flush_folder(entry.path()));
    else
      MR_CHECK(add(entry.path()));
  }
  MR_CHECK(flush_folder(path));
  return out;
}

Status check_place(const fs::path& target, bool folder) {
  std::error_code problem;
  const fs::file_type type = fs::status(target, problem).type();
  if (type == fs::file_type::none) return cannot("look at", target, problem.value());
  if (type == fs::file_type::not_found) return {};
  const bool is_folder = type == fs::file_type::directory;
  if (!is_folder && type != fs::file_type::regular)
    return invalid_argument("'" + target.string() +
                            "' is a device, a socket or a pipe, which this would replace; name a "
                            "file");
  if (is_folder && !folder)
    return invalid_argument("'" + target.string() +
                            "' is a folder; name a file in it, or give "
                            "partition_by");
  if (!is_folder && folder)
    return invalid_argument("'" + target.string() + "' is a file; partition_by writes a folder");
  if (folder && !fs::exists(target / kMark, problem) && !fs::is_empty(target, problem))
    return invalid_argument("the folder '" + target.string() +
                            "' holds other files, which this would remove; name a new folder");
  return {};
}

/// The draft takes the place of the target in one step; what was there becomes the draft.
Status swap_in(const fs::path& draft, const fs::path& target) {
  if (::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, target.c_str(), RENAME_EXCHANGE) != 0 &&
      ::rename(draft.c_str(), target.c_str()) != 0)
    return cannot("rename the result to", target, errno);
  return flush_folder(target.parent_path());
}

/// DuckDB would write a null as the folder NULL, like the text 'NULL', and a folder for '' that
/// readers take for a null.
Status check_partitions(ExportTable& table, const std::vector<std::string>& partition_by,
                        long max_partitions) {
  for (const auto& column : partition_by) {
    if (std::ranges::find(table.columns, column) == table.columns.end())
      return invalid_argument("partition_by: the table has no column '" + column + "'; it has " +
                              data::join(table.columns, ", "));
    const std::string text = "CAST(" + data::quote_identifier(column) + " AS VARCHAR)";
    MR_TRY(const data::Table bad,
           table.session.query("SELECT count(*) AS n FROM " + table.relation + " WHERE " + text +
                               " IS NULL OR " + text + " IN ('', 'NULL')"));
    if (bad.at(0, "n").as_int() > 0)
      return data_invalid("column '" + column + "' of partition_by has " +
                          counted(bad.at(0, "n").as_int(), "row") +
                          " that cannot name a folder (null, '' or 'NULL'); replace it in "
                          "transform.sql, for example with COALESCE");
  }
  if (partition_by.size() >= table.columns.size())
    return invalid_argument("partition_by names all columns, and the files would have none");
  MR_TRY(
      const data::Table count,
      table.session.query("SELECT count(*) AS n FROM (SELECT DISTINCT " +
                          data::identifier_list(partition_by) + " FROM " + table.relation + ")"));
  if (count.at(0, "n").as_int() > max_partitions)
    return make_error(ErrorCode::resource_exhausted,
                      "partition_by makes " + counted(count.at(0, "n").as_int(), "folder") +
                          "; max_partitions is " + std::to_string(max_partitions));
  return {};
}

}  // namespace

Result<Outcome> ExportFile::run(OperatorContext& ctx) const {
  MR_TRY(const fs::path named, target_of(path, ctx.attempt().base_dir));
  MR_TRY(const fs::path target, without_links(named));
  const bool folder = !partition_by.empty();
  const bool by_name = !folder && format == "auto";
  MR_TRY(RowFormat how, format_for(folder && format == "auto" ? "parquet" : format, compression,
                                   by_name || !folder ? named : fs::path("data")));
  how.delimiter = delimiter;
  how.header = header;
  if (delimiter.size() != 1 ||
      std::string_view("\"\r\n\0", 4).find(delimiter[0]) != std::string_view::npos)
    return invalid_argument(
        "delimiter must be one character, and not a quote or a line break; "
        "it is " +
        Json(delimiter).dump());
  MR_CHECK(check_place(target, folder));
  MR_CHECK(make_durable_folders(target.parent_path()));
  const Draft draft(target, ctx.attempt().idempotency_key());
  MR_TRY(ExportTable table, open_export(ctx, input, columns, target.parent_path()));
  if (folder) {
    MR_CHECK(check_partitions(table, partition_by, max_partitions));
    std::error_code problem;
    fs::create_directory(draft.path(), problem);
    if (problem) return cannot("make", draft.path(), problem.value());
  }
  const auto data_path = folder ? draft.path() / "rows" : draft.path();
  MR_CHECK(write_rows(table, how, data_path, partition_by));
  MR_TRY(const Written written, flush_all(data_path));
  if (folder)
    MR_CHECK(write_file_atomic(data_path / kMark, Json::object({{"table", input},
                                                                {"rows", table.rows},
                                                                {"run", ctx.attempt().run_id},
                                                                {"task", ctx.attempt().task_id}})
                                                          .dump() +
                                                      "\n"));
  MR_CHECK(swap_in(data_path, target));
  ctx.log("wrote " + counted(table.rows, "row") + " to '" + target.string() + "'");
  return Outcome{Done{Json::object({{"path", target.string()},
                                    {"format", how.format},
                                    {"rows", table.rows},
                                    {"files", written.files},
                                    {"bytes", written.bytes}}),
                      {}}};
}

}  // namespace millrace
