#include "engine/app/backup_folder.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "engine/base/json.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFormat = "millrace.backup";
constexpr std::size_t kMaxContentsBytes = std::size_t{1} << 30;
constexpr const char* kNewDump = "database.dump.new";

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

Result<Json> read_contents(const fs::path& file) {
  MR_TRY(const std::string text, read_file(file, kMaxContentsBytes));
  auto json = Json::parse(text);
  if (!json || (*json)["format"].as_view() != kFormat)
    return data_damaged("'" + file.string() +
                        "' is not what 'millrace backup' wrote; make the "
                        "backup again");
  return json;
}

/// "" of a digest that the list has; complaints of the others.
Status check_dump(const fs::path& dump, const Json& dumps) {
  MR_TRY(const std::string digest, sha256_file(dump));
  for (const auto& known : dumps.items())
    if (known.as_view() == digest) return {};
  return data_damaged("'" + dump.string() + "' is damaged: its content has digest " + digest +
                      ", which backup.json does not name; use another backup");
}

}  // namespace

/// One error that lists the first of many.
static Status damage_of(const std::vector<std::string>& complaints) {
  constexpr std::size_t kMostListed = 20;
  if (complaints.empty()) return {};
  std::string text;
  for (std::size_t i = 0; i < std::min(complaints.size(), kMostListed); ++i)
    text += (i == 0 ? "" : "\n") + complaints[i];
  if (complaints.size() > kMostListed)
    text += "\nand " + std::to_string(complaints.size() - kMostListed) + " more";
  return data_damaged(std::move(text));
}

Status check_named(const ArtifactStore& store, const std::vector<std::string>& named) {
  std::vector<std::string> complaints;
  for (const auto& digest : named)
    if (!store.get(digest))
      complaints.push_back("artifact " + digest + ", which the database names, is missing in '" +
                           store.root().string() + "'");
  return damage_of(complaints);
}

Result<BackupFolder> BackupFolder::make(const fs::path& path) {
  MR_CHECK(make_durable_folders(path));
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && info.st_uid == ::geteuid() &&
      ::chmod(path.c_str(), 0700) != 0)
    return unavailable("cannot make '" + path.string() + "' private: " + std::strerror(errno));
  MR_TRY(ArtifactStore artifacts, ArtifactStore::open(path / "artifacts"));
  MR_CHECK(artifacts.remove_leavings());
  return BackupFolder(path, std::move(artifacts));
}

Result<BackupFolder> BackupFolder::open_verified(const fs::path& path) {
  if (!is_there(path / "database.dump"))
    return not_found("'" + path.string() + "' is no backup: it has no file database.dump");
  MR_TRY(ArtifactStore artifacts, ArtifactStore::open(path / "artifacts"));
  BackupFolder folder(path, std::move(artifacts));
  std::vector<std::string> wanted;
  if (is_there(path / "backup.json")) {
    MR_TRY(const Json contents, read_contents(path / "backup.json"));
    MR_CHECK(check_dump(folder.dump(), contents["dumps"]));
    for (const auto& digest : contents["artifacts"].items()) wanted.push_back(digest.as_string());
  } else {  // of an earlier version: what is there is compared, what is missing the database tells
    MR_TRY(const auto entries, folder.artifacts_.list());
    for (const auto& entry : entries) wanted.push_back(entry.artifact.digest);
  }
  std::vector<std::string> complaints;
  for (const auto& digest : wanted)
    if (const Status whole = folder.artifacts_.verify(digest); !whole)
      complaints.push_back(whole.error().code == ErrorCode::not_found
                               ? "artifact " + digest + " is missing in '" +
                                     folder.artifacts_.root().string() + "'"
                               : whole.error().message);
  MR_CHECK(damage_of(complaints));
  return folder;
}

fs::path BackupFolder::new_dump() const { return path_ / kNewDump; }

Status BackupFolder::copy_artifacts(const ArtifactStore& from,
                                    const std::vector<std::string>& named) {
  std::vector<std::string> complaints;
  std::set<std::string> seen;
  MR_TRY(const auto entries, from.list());
  for (const auto& entry : entries) {
    seen.insert(entry.artifact.digest);
    const auto copied = artifacts_.copy_from(entry.artifact);
    if (copied) continue;
    if (copied.error().code != ErrorCode::data_damaged) return copied.error();
    complaints.push_back(copied.error().message);
  }
  MR_TRY(const auto here, artifacts_.list());
  for (const auto& entry : here) {
    if (seen.contains(entry.artifact.digest)) continue;
    if (const Status whole = artifacts_.verify(entry.artifact.digest); !whole)
      complaints.push_back(whole.error().message);
  }
  MR_CHECK(damage_of(complaints));
  return check_named(artifacts_, named);
}

Status BackupFolder::write_contents(const std::vector<std::string>& dumps) const {
  Json digests = Json::array(), known = Json::array();
  MR_TRY(const auto entries, artifacts_.list());
  for (const auto& entry : entries) digests.push_back(entry.artifact.digest);
  for (const auto& dump : dumps) known.push_back(dump);
  return write_file_atomic(path_ / "backup.json", Json::object({{"format", kFormat},
                                                                {"version", 1},
                                                                {"dumps", std::move(known)},
                                                                {"artifacts", std::move(digests)}})
                                                          .dump() +
                                                      "\n");
}

Status BackupFolder::complete() {
  MR_TRY(const std::string fresh, sha256_file(new_dump()));
  std::vector<std::string> dumps = {fresh};
  if (is_there(dump())) {
    MR_TRY(const std::string before, sha256_file(dump()));
    dumps.push_back(before);
  }
  MR_CHECK(write_contents(dumps));
  std::error_code error;
  fs::rename(new_dump(), dump(), error);
  if (error) return unavailable("cannot name '" + dump().string() + "': " + error.message());
  MR_CHECK(flush_folder(path_));
  return write_contents({fresh});
}

}  // namespace millrace
