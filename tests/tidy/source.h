// The tree as the rules read it: every text file of ours, C++ files with a second copy in which
// comments and the contents of literals are blank, so that a rule about code sees only code.
#pragma once

#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::tidy {

struct Literal {
  int line = 0;
  std::string text;  // without quotes; escapes as written
};

struct Include {
  int line = 0;
  std::string target;
  bool quoted = false;
};

struct SourceFile {
  std::string path;                // from the repo's root, with '/'
  std::vector<std::string> lines;  // as written
  // C++ only:
  std::vector<std::string> code;  // `lines` with comments and literals blanked, column for column
  std::vector<Literal> literals;
  std::vector<Include> includes;
};

struct Tree {
  std::vector<SourceFile> files;
  std::set<std::string> top_folders;  // those that .gitignore does not name

  const SourceFile* find(std::string_view path) const;
};

SourceFile make_source(std::string path, std::string_view text);
/// Reads the folders and root files that belong to the project; what .gitignore names at the top
/// (build trees, node_modules) is left out. Throws on an unreadable file: a test must not pass
/// then.
Tree load_tree(const std::filesystem::path& root);
/// The project's own tree, read once.
const Tree& project();

bool is_cxx(std::string_view path);
bool is_header(std::string_view path);
/// "engine/pg/journal.cc" → "pg"; "operators/ml/train.cc" → "operators"; others "".
std::string module_of(std::string_view path);

/// A finding reads "path:line: what is wrong; the cure".
using Findings = std::vector<std::string>;
std::string finding(const SourceFile& file, int line, std::string_view message);
/// All of them, a line each; what a failing test prints.
std::string listing(const Findings& findings);

/// A character of an identifier.
bool is_identifier(char c);
/// Where `word` stands in `text` with no identifier character on either side; npos if nowhere.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from = 0);
/// Splits at blanks, dropping what is empty.
std::vector<std::string> words_of(std::string_view text);

}  // namespace millrace::tidy
