#include "engine/spec/load.h"

#include <algorithm>
#include <fstream>
#include <set>

#include "engine/base/file.h"
#include "engine/spec/check_datasets.h"
#include "engine/spec/read_dag.h"
#include "engine/spec/yaml.h"

namespace millrace {
namespace {

using spec::Report;

constexpr int kMaxFolderDepth = 8;

/// Where the value of a top-level key begins: of a line that begins with the key, or of a flow
/// mapping that holds it. Enough to recognise a DAG, also a broken one; npos: there is none.
std::size_t find_value(std::string_view text, std::string_view name) {
  const std::string plain = std::string(name) + ":";
  for (const std::string& key :
       {plain, "\"" + std::string(name) + "\":", "'" + std::string(name) + "':"}) {
    for (std::size_t at = text.find(key); at != std::string_view::npos;
         at = text.find(key, at + 1)) {
      const bool line_start =
          at == 0 || text[at - 1] == '\n' || text.substr(0, at) == "\xef\xbb\xbf";
      if (line_start) return at + key.size();
      const bool flow = text.find_first_not_of(" \t\r\n") == text.find('{');
      const char before = text[at - 1];
      if (flow && (before == '{' || before == ',' || before == ' ')) return at + key.size();
    }
  }
  return std::string_view::npos;
}

/// True if no line holds anything but comments and document marks, or the bytes are no text.
bool is_empty_or_binary(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return true;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    line.remove_prefix(std::min(line.size(), line.find_first_not_of(" \t\r\xef\xbb\xbf")));
    if (!line.empty() && line[0] != '#' && !line.starts_with("---") && !line.starts_with("..."))
      return false;
  }
  return true;
}

/// Or a file that was one: it lost its content, or whose key `dag` is misspelt. Other YAML
/// files, e.g. contracts, may be in the same folder.
bool looks_like_dag(std::string_view text) {
  return find_value(text, "dag") != std::string_view::npos ||
         find_value(text, "tasks") != std::string_view::npos || is_empty_or_binary(text);
}

/// "" if it cannot be read.
std::string declared_id(std::string_view text) {
  const std::size_t at = find_value(text, "dag");
  if (at == std::string_view::npos) return "";
  std::string_view value = text.substr(at);
  value = value.substr(0, value.find_first_of("\n,}#"));
  std::string id(value);
  std::erase_if(id,
                [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '"' || c == '\''; });
  return is_valid_id(id) ? id : "";
}

bool is_yaml(const std::filesystem::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

/// A DAG that starts on a dataset which it updates itself would run for ever.
void check_own_datasets(const spec::LocatedDag& dag, const spec::Loading& loading) {
  const auto updated = updated_datasets(dag.spec, loading.catalog);
  for (const auto& dataset : dag.spec.datasets)
    if (std::ranges::find(updated, dataset) != updated.end())
      loading.report.error(dag.datasets_at, "dataset-ring",
                           "DAG '" + dag.spec.id + "' starts on the dataset '" + dataset +
                               "', which it updates itself: this would go on for ever",
                           "start it by a schedule, or update another dataset");
}

LoadedDag failed(Report& report, std::string_view source) {
  return {std::nullopt, report.take(), std::string(source), declared_id(source)};
}

}  // namespace

LoadedDag load_dag(std::string_view text, std::string_view file, const Catalog& catalog) {
  Report report{std::string(file)};
  if (text.size() > spec::kMaxYamlBytes) {
    report.file_error("too-large",
                      "the file is larger than " + std::to_string(spec::kMaxYamlBytes) + " bytes",
                      "a DAG file holds settings, not data");
    return failed(report, "");
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark is no content
  const auto root = spec::parse_yaml(text, report);
  if (!root) return failed(report, text);
  if (!root->is_mapping() || (root->find("dag") == nullptr && root->find("tasks") == nullptr)) {
    report.error(root->at, "not-a-dag", "this is no DAG: it has no top-level key 'dag'",
                 "a DAG file starts with 'dag: name'");
    return failed(report, text);
  }
  const spec::Loading loading{text, catalog, report};
  spec::LocatedDag dag = spec::read_dag(*root, loading);
  spec::check_graph(dag, loading);
  spec::check_expressions(dag, loading);
  spec::check_types(dag, loading);
  if (!report.has_error()) {
    // The core has the last word; what it refuses and we did not is a gap in the checks above.
    if (const auto made = Dag::make(dag.spec); !made)
      report.error_with_suggestion(dag.at, "invalid-dag", made.error().to_string());
  }
  if (!report.has_error()) check_own_datasets(dag, loading);
  LoadedDag out{std::nullopt, {}, std::string(text), dag.spec.id};
  if (out.declared.empty()) out.declared = declared_id(text);
  if (!report.has_error()) out.spec = std::move(dag.spec);
  out.diagnostics = report.take();
  return out;
}

LoadedDag load_dag_file(const std::filesystem::path& path, const Catalog& catalog) {
  Report report{path.string()};
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    report.file_error("unreadable", "this is not a file");
    return failed(report, "");
  }
  const auto text = read_file(path, spec::kMaxYamlBytes);
  if (text) return load_dag(*text, path.string(), catalog);
  if (text.error().code == ErrorCode::resource_exhausted)
    report.file_error("too-large",
                      "the file is larger than " + std::to_string(spec::kMaxYamlBytes) + " bytes",
                      "a DAG file holds settings, not data");
  else
    report.file_error("unreadable", text.error().message);
  return failed(report, "");
}

namespace {

namespace fs = std::filesystem;

/// Finds the files below a folder, and follows each symbolic link once: what lies in the folder
/// itself is listed by its own path.
class FileSearch {
 public:
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
  std::vector<fs::path> take() {
    std::ranges::sort(found_);
    return std::move(found_);
  }

 private:
  Status visit(const fs::path& path, int depth) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored))
      return depth < kMaxFolderDepth ? look(path, depth + 1) : Status();
    if (!is_yaml(path) || !fs::is_regular_file(path, ignored)) return {};
    // One that cannot be read is listed: loading it says why.
    const auto head = read_head(path);
    if (head && !looks_like_dag(*head)) return {};
    if (seen_.insert(fs::canonical(path, ignored).string()).second) found_.push_back(path);
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

  std::set<std::string> seen_;  // canonical paths
  std::vector<std::pair<fs::path, int>> links_;
  std::vector<fs::path> found_;
};

}  // namespace

Result<std::vector<std::filesystem::path>> find_dag_files(const std::filesystem::path& folder) {
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return not_found("there is no folder '" + folder.string() + "'");
  FileSearch search;
  MR_CHECK(search.look(folder, 0));
  MR_CHECK(search.follow_links());
  return search.take();
}

}  // namespace millrace
