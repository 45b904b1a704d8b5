#include "engine/spec/load.h"

#include <algorithm>

#include "engine/base/file.h"
#include "engine/spec/read_dag.h"
#include "engine/spec/yaml.h"

namespace millrace {
namespace {

using spec::Report;

constexpr int kMaxFolderDepth = 8;

/// A line that begins with `dag:`, or a flow mapping that holds the key: enough to tell a DAG, also
/// a broken one.
bool looks_like_dag(std::string_view text) {
  for (const std::string_view key : {"dag:", "\"dag\":", "'dag':"}) {
    for (std::size_t at = text.find(key); at != std::string_view::npos;
         at = text.find(key, at + 1)) {
      const bool line_start =
          at == 0 || text[at - 1] == '\n' || text.substr(0, at) == "\xef\xbb\xbf";
      if (line_start) return true;
      const bool flow = text.find_first_not_of(" \t\r\n") == text.find('{');
      const char before = text[at - 1];
      if (flow && (before == '{' || before == ',' || before == ' ')) return true;
    }
  }
  return false;
}

bool is_yaml(const std::filesystem::path& path) {
  return path.extension() == ".yaml" || path.extension() == ".yml";
}

LoadedDag failed(Report& report, std::string_view source) {
  return {std::nullopt, report.take(), std::string(source)};
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
  LoadedDag out{std::nullopt, {}, std::string(text)};
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

Result<std::vector<std::filesystem::path>> find_dag_files(const std::filesystem::path& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(folder, error))
    return not_found("there is no folder '" + folder.string() + "'");
  std::vector<fs::path> found;
  fs::recursive_directory_iterator at(folder, fs::directory_options::skip_permission_denied, error);
  for (; !error && at != fs::recursive_directory_iterator(); at.increment(error)) {
    const bool hidden = at->path().filename().string().starts_with('.');
    std::error_code ignored;  // a file that vanishes meanwhile is no file
    if (at->is_directory(ignored)) {
      if (hidden || at.depth() >= kMaxFolderDepth) at.disable_recursion_pending();
      continue;
    }
    if (hidden || !is_yaml(at->path()) || !at->is_regular_file(ignored)) continue;
    const auto text = read_file(at->path(), spec::kMaxYamlBytes);
    if (text && looks_like_dag(*text)) found.push_back(at->path());
  }
  if (error) return unavailable("reading '" + folder.string() + "' failed: " + error.message());
  std::ranges::sort(found);
  return found;
}

}  // namespace millrace
