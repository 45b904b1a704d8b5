#include "operators/data/ingest_file.h"

#include <glob.h>

#include <filesystem>
#include <memory>

#include "operators/data/ingest.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostNames = 100;  // of files in the outputs

Status check_size(const std::vector<fs::path>& files, long max_bytes) {
  std::uintmax_t total = 0;
  for (const auto& file : files) {
    std::error_code problem;
    const std::uintmax_t size = fs::file_size(file, problem);
    if (problem) return not_found("cannot read '" + file.string() + "': " + problem.message());
    total += size;
  }
  if (total <= static_cast<std::uintmax_t>(max_bytes)) return {};
  return make_error(ErrorCode::resource_exhausted, "the files hold " + std::to_string(total) +
                                                       " bytes; max_bytes is " +
                                                       std::to_string(max_bytes));
}

Result<data::Format> common_format(const std::string& name, const std::vector<fs::path>& files) {
  MR_TRY(const data::Format format, data::format_of(name, files.front()));
  for (const auto& file : files) {
    MR_TRY(const data::Format other, data::format_of(name, file));
    if (other != format)
      return invalid_argument("'" + files.front().filename().string() + "' is " +
                              std::string(data::to_string(format)) + " but '" +
                              file.filename().string() + "' is " +
                              std::string(data::to_string(other)) + "; one path reads one format");
  }
  return format;
}

/// Relative to the DAG file's folder where it lies there.
std::string source_name(const fs::path& base, const fs::path& file) {
  const fs::path relative = file.lexically_relative(base);
  const bool inside = !relative.empty() && *relative.begin() != "..";
  return inside ? relative.string() : file.string();
}

}  // namespace

/// The regular files that `pattern` names, sorted; a relative pattern starts at `base` and must not
/// leave it. not_found if there is none.
static Result<std::vector<fs::path>> matching_files(const fs::path& base,
                                                    const std::string& pattern) {
  if (pattern.empty()) return invalid_argument("path is empty");
  if (pattern.find('\0') != std::string::npos) return invalid_argument("path holds a NUL byte");
  fs::path full = pattern;
  if (full.is_relative()) {
    const fs::path normal = full.lexically_normal();
    if (!normal.empty() && *normal.begin() == "..")
      return invalid_argument("path '" + pattern +
                              "' leaves the DAG file's folder; give an absolute path instead");
    full = base / normal;
  }
  glob_t found{};
  const std::unique_ptr<glob_t, void (*)(glob_t*)> release(&found, ::globfree);
  const int status = ::glob(full.c_str(), 0, nullptr, &found);
  if (status != 0 && status != GLOB_NOMATCH)
    return unavailable("cannot look for '" + full.string() + "'");
  std::vector<fs::path> files;
  for (std::size_t i = 0; status == 0 && i < found.gl_pathc; ++i) {
    std::error_code ignored;
    if (fs::is_regular_file(found.gl_pathv[i], ignored)) files.emplace_back(found.gl_pathv[i]);
  }
  if (files.empty()) return not_found("no file matches '" + full.string() + "'");
  return files;
}

Result<Outcome> IngestFile::run(OperatorContext& ctx) const {
  Ingest ingest;
  ingest.options = *this;
  ingest.max_bytes = max_bytes;
  MR_TRY(ingest.files, matching_files(ctx.attempt().base_dir, path));
  MR_CHECK(check_size(ingest.files, max_bytes));
  MR_TRY(ingest.format, common_format(format, ingest.files));
  for (const auto& file : ingest.files)
    ingest.sources.push_back(source_name(ctx.attempt().base_dir, file));
  MR_TRY(Done done, ingest_files(ctx, ingest));
  Json read = Json::array();
  for (const auto& file : ingest.files) {
    if (read.size() == kMostNames) break;
    read.push_back(file.filename().string());
  }
  done.outputs.set("files", std::move(read));
  done.outputs.set("file_count", ingest.files.size());
  return Outcome(std::move(done));
}

}  // namespace millrace
