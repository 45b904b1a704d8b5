#include "operators/data/ingest_file.h"

#include <filesystem>

#include "operators/data/file_pattern.h"
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
