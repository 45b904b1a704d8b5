#include "tests/tidy/pages.h"

#include <algorithm>
#include <filesystem>

namespace millrace::tidy {
namespace {

bool is_page(const SourceFile& file) { return file.path.ends_with(".md"); }

bool is_verb_character(char c) { return c >= 'a' && c <= 'z'; }

/// The text between the quotes of a JSON line `"key": …`, or "".
std::string json_key(std::string_view line) {
  const std::size_t open = line.find('"');
  if (open == std::string_view::npos || line.find_first_not_of(' ') != open) return "";
  const std::size_t close = line.find("\":", open + 1);
  return close == std::string_view::npos ? ""
                                         : std::string(line.substr(open + 1, close - open - 1));
}

std::vector<std::string> debian_packages(const SourceFile& run) {
  std::vector<std::string> packages;
  bool inside = false;
  for (const std::string& line : run.lines) {
    if (inside && line == ")") break;
    if (inside)
      for (std::string& word : words_of(line)) packages.push_back(std::move(word));
    inside = inside || line == "readonly packages=(";
  }
  return packages;
}

std::vector<std::string> npm_packages(const SourceFile& manifest) {
  std::vector<std::string> packages;
  bool inside = false;
  for (const std::string& line : manifest.lines) {
    const std::string key = json_key(line);
    if (key.ends_with("ependencies"))
      inside = true;
    else if (line.find('}') != std::string::npos)
      inside = false;
    else if (inside && !key.empty())
      packages.push_back(key);
  }
  return packages;
}

}  // namespace

Findings check_top_folders(const Tree& tree) {
  static const std::set<std::string> kAllowed = {"engine", "operators", "dags",     "web",
                                                 "tests",  "bench",     "examples", "docs"};
  Findings findings;
  for (const std::string& folder : tree.top_folders)
    if (!kAllowed.contains(folder))
      findings.push_back(folder +
                         "/: not in the layout; put it into engine, operators, dags, web, tests, "
                         "bench, examples or docs, or keep it outside the clone");
  return findings;
}

Findings check_links_of_pages(const Tree& tree,
                              const std::function<bool(const std::string&)>& exists) {
  namespace fs = std::filesystem;
  Findings findings;
  for (const SourceFile& page : tree.files) {
    if (!is_page(page)) continue;
    bool fenced = false;
    for (std::size_t i = 0; i < page.lines.size(); ++i) {
      const std::string& line = page.lines[i];
      if (line.starts_with("```")) fenced = !fenced;
      if (fenced) continue;
      for (std::size_t at = line.find("]("); at != std::string::npos;
           at = line.find("](", at + 1)) {
        const std::size_t end = line.find_first_of(")# ", at + 2);
        const std::string target = line.substr(at + 2, end - at - 2);
        if (target.empty() || target.find(':') != std::string::npos) continue;
        const fs::path path = (fs::path(page.path).parent_path() / target).lexically_normal();
        if (!exists(path.generic_string()))
          findings.push_back(finding(page, static_cast<int>(i + 1),
                                     "the link to " + target + " has no target; correct it"));
      }
    }
  }
  return findings;
}

Findings check_verbs(const Tree& tree) {
  Findings findings;
  const SourceFile* run = tree.find("run");
  if (run == nullptr) return {"run: missing"};
  std::set<std::string> verbs;
  for (const std::string& line : run->lines)
    if (line.starts_with("verb_")) verbs.insert(line.substr(5, line.find('(') - 5));
  for (const SourceFile& page : tree.files) {
    if (!is_page(page)) continue;
    for (std::size_t i = 0; i < page.lines.size(); ++i) {
      const std::string& line = page.lines[i];
      for (std::size_t at = line.find("./run "); at != std::string::npos;
           at = line.find("./run ", at + 1)) {
        std::size_t end = at + 6;
        while (end < line.size() && is_verb_character(line[end])) ++end;
        const std::string verb = line.substr(at + 6, end - at - 6);
        if (!verb.empty() && !verbs.contains(verb))
          findings.push_back(finding(page, static_cast<int>(i + 1),
                                     "./run has no verb '" + verb + "'; see ./run help"));
      }
    }
  }
  return findings;
}

Findings check_dependencies(const Tree& tree) {
  const SourceFile* page = tree.find("docs/dependencies.md");
  const SourceFile* run = tree.find("run");
  const SourceFile* manifest = tree.find("package.json");
  if (page == nullptr || run == nullptr || manifest == nullptr)
    return {"docs/dependencies.md, run or package.json: missing"};
  Findings findings;
  std::vector<std::string> packages = debian_packages(*run);
  if (packages.empty())
    findings.push_back(
        finding(*run, 1, "the list 'packages=(' was not found; keep it in one place"));
  std::ranges::move(npm_packages(*manifest), std::back_inserter(packages));
  for (const std::string& package : packages) {
    const std::string code = "`" + package + "`";
    if (std::ranges::none_of(
            page->lines, [&](const auto& line) { return line.find(code) != std::string::npos; }))
      findings.push_back(
          finding(*page, 1, code + " has no reason here; give one, or drop the package"));
  }
  return findings;
}

Findings check_lock_file(const SourceFile& lock) {
  Findings findings;
  std::string package;
  int package_line = 0;
  bool pinned = true;
  const auto close_package = [&] {
    if (!pinned)
      findings.push_back(
          finding(lock, package_line,
                  package + " has no integrity hash; write the lock file again with npm install"));
    pinned = true;
  };
  for (std::size_t i = 0; i < lock.lines.size(); ++i) {
    const std::string key = json_key(lock.lines[i]);
    if (key.starts_with("node_modules/")) {
      close_package();
      package = key;
      package_line = static_cast<int>(i + 1);
      pinned = false;
    } else if (key == "integrity" || key == "inBundle") {
      pinned = true;
    } else if (key == "resolved") {
      findings.push_back(
          finding(lock, static_cast<int>(i + 1),
                  "a download address; .npmrc keeps them out, write the lock file again with it"));
    }
  }
  close_package();
  return findings;
}

}  // namespace millrace::tidy
