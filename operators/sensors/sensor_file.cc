#include "operators/sensors/sensor_file.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

#include "engine/base/counted.h"
#include "engine/base/digest.h"
#include "engine/base/duration.h"
#include "operators/data/file_pattern.h"

namespace millrace::operators {
namespace {

namespace fs = std::filesystem;

/// More would make outputs that nothing downstream can use.
constexpr std::size_t kMostFiles = 10'000;

struct SeenFile {
  std::string path;
  std::int64_t bytes = 0;
  Time modified{};

  Json to_json() const {
    return Json::object({{"path", path}, {"bytes", bytes}, {"modified", format_rfc3339(modified)}});
  }
};

/// nullopt: it is gone already.
Result<std::optional<SeenFile>> seen_file(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<SeenFile>();
    return unavailable("cannot look at '" + path.string() + "': " + std::strerror(errno));
  }
  const auto modified =
      std::chrono::seconds{status.st_mtim.tv_sec} +
      std::chrono::floor<Duration>(std::chrono::nanoseconds{status.st_mtim.tv_nsec});
  // After a symbolic link, ".." is another folder than the text without both names: it is kept.
  return std::optional(SeenFile{fs::absolute(path).string(), status.st_size, Time{modified}});
}

struct SeenFiles {
  std::vector<SeenFile> counted;
  std::size_t too_small = 0, too_old = 0;
};

/// What is there is the same as long as this is the same.
std::string listing_digest(const std::vector<SeenFile>& files) {
  std::string text;
  for (const SeenFile& file : files)
    text += file.path + '\0' + std::to_string(file.bytes) + '\0' +
            std::to_string(to_micros(file.modified)) + '\n';
  return sha256_hex(text);
}

Json outputs_of(const std::vector<SeenFile>& files) {
  Json paths = Json::array();
  Json details = Json::array();
  std::int64_t bytes = 0;
  for (const SeenFile& file : files) {
    paths.push_back(file.path);
    details.push_back(file.to_json());
    bytes += file.bytes;
  }
  return Json::object({{"paths", std::move(paths)},
                       {"files", std::move(details)},
                       {"count", files.size()},
                       {"bytes", bytes}});
}

/// "2 files match; 1 more is smaller than min_bytes"
std::string described(const SeenFiles& seen) {
  const std::size_t all = seen.counted.size() + seen.too_small + seen.too_old;
  if (all == 0) return "no file matches";
  const auto number = [](std::size_t count) { return static_cast<std::int64_t>(count); };
  std::string out = counted(number(seen.counted.size()), "file") +
                    (seen.counted.size() == 1 ? " matches" : " match");
  if (seen.too_small > 0)
    out += "; " + counted(number(seen.too_small), "file") + " below min_bytes";
  if (seen.too_old > 0)
    out += "; " + counted(number(seen.too_old), "file") + " not modified after newer_than";
  return out;
}

Result<SeenFiles> see(const std::vector<fs::path>& paths, long min_bytes,
                      const std::string& newer_than) {
  SeenFiles seen;
  std::optional<Time> after;
  if (!newer_than.empty()) {
    MR_TRY(after, parse_rfc3339(newer_than));
  }
  for (const fs::path& path : paths) {
    MR_TRY(auto file, seen_file(path));
    if (!file) continue;
    if (after && file->modified <= *after)
      ++seen.too_old;
    else if (file->bytes < min_bytes)
      ++seen.too_small;
    else
      seen.counted.push_back(*std::move(file));
  }
  return seen;
}

}  // namespace

Result<Look> SensorFile::look(const OperatorContext& ctx, const Json& memory) const {
  auto paths = matching_files(ctx.attempt().base_dir, path);
  if (!paths && paths.error().code == ErrorCode::not_found) paths = std::vector<fs::path>();
  if (!paths) return std::move(paths).error();
  if (paths->size() > kMostFiles)
    return permanent(make_error(ErrorCode::resource_exhausted,
                                std::to_string(paths->size()) + " files match '" + path +
                                    "'; at most " + std::to_string(kMostFiles) + " may"));
  MR_TRY(SeenFiles seen, see(*paths, min_bytes, newer_than));
  Look look;
  look.says = described(seen);
  if (seen.counted.size() < static_cast<std::size_t>(min_files)) {
    if (min_files > 1) look.says += "; min_files is " + std::to_string(min_files);
    return look;
  }
  look.outputs = outputs_of(seen.counted);
  look.answer = Look::Answer::found;
  if (stable_for == Duration::zero()) return look;
  const std::string listing = listing_digest(seen.counted);
  const Time now = ctx.now();
  const Time since = from_micros(memory["since_us"].as_int());
  const bool unchanged = memory["listing"].as_view() == listing && since <= now;
  if (unchanged && now - since >= stable_for) return look;
  look.answer = Look::Answer::not_yet;
  look.says += "; not yet unchanged for " + format_duration(stable_for);
  look.again_in = std::min(interval, unchanged ? stable_for - (now - since) : stable_for);
  look.memory =
      Json::object({{"listing", listing}, {"since_us", to_micros(unchanged ? since : now)}});
  return look;
}

Result<Outcome> SensorFile::run(OperatorContext& ctx) const {
  const std::string waiting_for = (is_file_pattern(path) ? "files '" : "the file '") + path + "'";
  return run_sensor(ctx, *this, waiting_for, [&](const Json& memory) { return look(ctx, memory); });
}

}  // namespace millrace::operators
