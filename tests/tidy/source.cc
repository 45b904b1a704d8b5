#include "tests/tidy/source.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace millrace::tidy {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 8> kFolders = {"engine", "operators", "dags",     "web",
                                                      "tests",  "bench",     "examples", "docs"};
constexpr std::array<std::string_view, 16> kTextEndings = {
    ".cc",   ".h",   ".txt",  ".md",  ".cmake", ".sql", ".yaml", ".yml",
    ".json", ".mjs", ".html", ".css", ".ts",    ".tsx", ".sh",   ".in"};
constexpr std::array<std::string_view, 8> kRootFiles = {
    "run",       ".ci/run",      "CMakeLists.txt",  "CMakePresets.json",
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "package.json"};

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return lines;
}

/// Walks C++ text once and blanks what is no code. Knows comments, literals, raw literals and digit
/// separators; that is all that the rules need.
class Blanker {
 public:
  Blanker(std::string_view text, SourceFile& file) : text_(text), file_(file) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (starts("//")) {
        blank_until("\n");
      } else if (starts("/*")) {
        blank_until("*/");
      } else if (starts("R\"") && (at_ == 0 || !is_identifier(text_[at_ - 1]))) {
        raw_literal();
      } else if (text_[at_] == '"') {
        literal('"');
      } else if (text_[at_] == '\'' && (at_ == 0 || !is_identifier(text_[at_ - 1]))) {
        literal('\'');
      } else {
        copy();
      }
    }
    return std::move(out_);
  }

 private:
  bool starts(std::string_view what) const { return text_.substr(at_, what.size()) == what; }

  void copy() {
    line_ += text_[at_] == '\n';
    out_ += text_[at_++];
  }
  void blank() {
    line_ += text_[at_] == '\n';
    out_ += text_[at_] == '\n' ? '\n' : ' ';
    ++at_;
  }
  /// Blanks up to the end mark; a newline as the mark is kept.
  void blank_until(std::string_view mark) {
    const bool keep = mark == "\n";
    std::size_t end = text_.find(mark, at_ + (keep ? 0 : 2));
    end = end == std::string_view::npos ? text_.size() : end + (keep ? 0 : mark.size());
    while (at_ < end) blank();
  }
  void literal(char quote) {
    const int line = line_;
    std::string text;
    copy();
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) {
        text += text_[at_];
        blank();
      }
      text += text_[at_];
      blank();
    }
    if (at_ < text_.size()) copy();
    if (quote == '"') file_.literals.push_back({line, std::move(text)});
  }
  void raw_literal() {
    const int line = line_;
    const std::size_t open = text_.find('(', at_);
    if (open == std::string_view::npos) return copy();
    const std::string mark = ")" + std::string(text_.substr(at_ + 2, open - at_ - 2)) + "\"";
    const std::size_t close = text_.find(mark, open);
    const std::size_t end = close == std::string_view::npos ? text_.size() : close + mark.size();
    file_.literals.push_back({line, std::string(text_.substr(open + 1, close - open - 1))});
    while (at_ < end) blank();
  }

  std::string_view text_;
  SourceFile& file_;
  std::size_t at_ = 0;
  int line_ = 1;
  std::string out_;
};

void read_includes(SourceFile& file) {
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& code = file.code[i];
    const std::size_t hash = code.find_first_not_of(" \t");
    if (hash == std::string::npos || code[hash] != '#') continue;
    const std::string& line = file.lines[i];
    const std::size_t word = line.find("include", hash);
    if (word == std::string::npos || line.find_first_not_of(" \t", hash + 1) != word) continue;
    const std::size_t open = line.find_first_of("\"<", word);
    if (open == std::string::npos) continue;
    const bool quoted = line[open] == '"';
    const std::size_t close = line.find(quoted ? '"' : '>', open + 1);
    if (close == std::string::npos) continue;
    file.includes.push_back(
        {static_cast<int>(i + 1), line.substr(open + 1, close - open - 1), quoted});
  }
}

std::string read_all(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return text;
}

bool is_text(const fs::path& path) {
  return std::ranges::find(kTextEndings, path.extension().string()) != kTextEndings.end();
}

std::set<std::string> ignored_folders(const fs::path& root) {
  std::set<std::string> names;
  if (!fs::exists(root / ".gitignore")) return names;
  for (const std::string& line : split_lines(read_all(root / ".gitignore"))) {
    if (line.size() > 2 && line.front() == '/' && line.back() == '/')
      names.insert(line.substr(1, line.size() - 2));
  }
  return names;
}

}  // namespace

const SourceFile* Tree::find(std::string_view path) const {
  const auto it = std::ranges::find(files, path, &SourceFile::path);
  return it == files.end() ? nullptr : &*it;
}

SourceFile make_source(std::string path, std::string_view text) {
  SourceFile file;
  file.path = std::move(path);
  file.lines = split_lines(text);
  if (is_cxx(file.path)) {
    file.code = split_lines(Blanker(text, file).run());
    read_includes(file);
  }
  return file;
}

Tree load_tree(const fs::path& root) {
  Tree tree;
  const std::set<std::string> ignored = ignored_folders(root);
  for (const auto& entry : fs::directory_iterator(root)) {
    const std::string name = entry.path().filename().string();
    if (entry.is_directory() && name.front() != '.' && !ignored.contains(name))
      tree.top_folders.insert(name);
  }
  for (const std::string_view name : kRootFiles) {
    if (fs::exists(root / name))
      tree.files.push_back(make_source(std::string(name), read_all(root / name)));
  }
  for (const std::string_view folder : kFolders) {
    if (!fs::exists(root / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(root / folder)) {
      if (entry.is_regular_file() && is_text(entry.path()))
        tree.files.push_back(
            make_source(fs::relative(entry.path(), root).generic_string(), read_all(entry.path())));
    }
  }
  std::ranges::sort(tree.files, {}, &SourceFile::path);
  return tree;
}

const Tree& project() {
  static const Tree tree = load_tree(MILLRACE_SOURCE_DIR);
  return tree;
}

bool is_header(std::string_view path) { return path.ends_with(".h"); }
bool is_cxx(std::string_view path) { return is_header(path) || path.ends_with(".cc"); }

std::string module_of(std::string_view path) {
  const std::size_t first = path.find('/');
  const std::string_view top = path.substr(0, first);
  if (first == std::string_view::npos || (top != "engine" && top != "operators")) return "";
  if (top == "operators") return "operators";
  const std::string_view rest = path.substr(first + 1);
  const std::size_t second = rest.find('/');
  return second == std::string_view::npos ? "" : std::string(rest.substr(0, second));
}

std::string finding(const SourceFile& file, int line, std::string_view message) {
  return file.path + ":" + std::to_string(line) + ": " + std::string(message);
}

std::string listing(const Findings& findings) {
  std::string text;
  for (const std::string& line : findings) text += "\n" + line;
  return text;
}

bool is_identifier(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  for (std::size_t at = text.find(word, from); at != std::string_view::npos;
       at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    if ((at == 0 || !is_identifier(text[at - 1])) &&
        (end == text.size() || !is_identifier(text[end])))
      return at;
  }
  return std::string_view::npos;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while ((at = text.find_first_not_of(" \t\r\n", at)) != std::string_view::npos) {
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

}  // namespace millrace::tidy
