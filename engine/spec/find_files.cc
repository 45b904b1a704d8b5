#include <algorithm>
#include <fstream>
#include <set>

#include "engine/base/file.h"
#include "engine/spec/load.h"
#include "engine/spec/raw_text.h"
#include "engine/spec/yaml.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

constexpr int kMaxFolderDepth = 8;

/// Finds the files below a folder, and follows each symbolic link once: what lies in the folder
/// itself is listed by its own path.
class FileSearch {
 public:
  explicit FileSearch(const ResourceKinds& kinds) : kinds_(kinds) {}

  Status look(const fs::path& folder, int depth) {
    std::error_code error;
    if (!seen_.insert(fs::canonical(folder, error).string()).second) return {};
    std::vector<fs::path> entries;
    fs::directory_iterator at(folder, error);
    for (; !error && at != fs::directory_iterator(); at.increment(error))
      if (!at->path().filename().string().starts_with('.')) entries.push_back(at->path());
    if (error) return unavailable("reading '" + folder.string() + "' failed: " + error.message());
    std::ranges::sort(entries);
    for (const auto& entry : entries) {
      std::error_code ignored;  // a file that was just removed is not there
      if (fs::is_symlink(entry, ignored))
        links_.emplace_back(entry, depth);
      else
        MR_CHECK(visit(entry, depth));
    }
    return {};
  }
  Status follow_links() {
    for (std::size_t next = 0; next < links_.size(); ++next) {
      const auto [path, depth] = links_[next];
      MR_CHECK(visit(path, depth));
    }
    return {};
  }
  FoundFiles take() {
    std::ranges::sort(found_.resources);
    std::ranges::sort(found_.templates);
    std::ranges::sort(found_.others);
    return std::move(found_);
  }

 private:
  Status visit(const fs::path& path, int depth) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored))
      return depth < kMaxFolderDepth ? look(path, depth + 1) : Status();
    if ((path.extension() != ".yaml" && path.extension() != ".yml") ||
        !fs::is_regular_file(path, ignored))
      return {};
    // One that cannot be read is listed: loading it says why.
    const auto head = read_head(path);
    const ResourceKind* kind = head ? spec::kind_of_text(*head, kinds_) : nullptr;
    const bool resource = !head || kind != nullptr || spec::is_empty_or_binary(*head) ||
                          spec::seems_a_resource(*head, kinds_);
    if (!seen_.insert(fs::canonical(path, ignored).string()).second) return {};
    (resource ? found_.resources : found_.others).push_back(path);
    if (kind != nullptr && kind->name == "template") found_.templates.push_back(path);
    return {};
  }
  /// The whole text, or the beginning of one that is too large.
  static std::optional<std::string> read_head(const fs::path& path) {
    const auto text = read_file(path, spec::kMaxYamlBytes);
    if (text) return *text;
    if (text.error().code != ErrorCode::resource_exhausted) return std::nullopt;
    std::string head(1 << 16, '\0');
    std::ifstream file(path, std::ios::binary);
    file.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(file.gcount()));
    return head;
  }

  const ResourceKinds& kinds_;
  std::set<std::string> seen_;  // canonical paths
  std::vector<std::pair<fs::path, int>> links_;
  FoundFiles found_;
};

}  // namespace

Result<FoundFiles> find_yaml_files(const fs::path& folder, const ResourceKinds& kinds) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return not_found("there is no folder '" + folder.string() + "'");
  FileSearch search(kinds);
  MR_CHECK(search.look(folder, 0));
  MR_CHECK(search.follow_links());
  return search.take();
}

Result<std::vector<fs::path>> find_resource_files(const fs::path& folder,
                                                  const ResourceKinds& kinds) {
  MR_TRY(FoundFiles found, find_yaml_files(folder, kinds));
  return std::move(found.resources);
}

}  // namespace millrace
