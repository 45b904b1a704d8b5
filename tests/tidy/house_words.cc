#include "tests/tidy/house_words.h"

#include <algorithm>
#include <array>

namespace millrace::tidy {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kLines = 500;

/// This folder's own files name what they forbid.
bool is_exempt(const SourceFile& file) { return file.path.starts_with("tests/tidy/"); }

struct Banned {
  std::string_view text;
  std::string_view message;
};

/// Calls `report(line, banned)` for each whole word of `list` in the code of a C++ file.
template <std::size_t N, typename Report>
void each_call(const SourceFile& file, const std::array<Banned, N>& list, Report report) {
  for (std::size_t i = 0; i < file.code.size(); ++i)
    for (const Banned& banned : list)
      if (find_word(file.code[i], banned.text) != std::string_view::npos)
        report(static_cast<int>(i + 1), banned);
}

bool is_upper_or_blank(char c) { return (c >= 'A' && c <= 'Z') || c == ' ' || c == '\n'; }

/// Upper-case SQL as people write it: the verb, and the word that has to follow.
bool is_sql(std::string_view text) {
  if (find_word(text, "SELECT") != std::string_view::npos) {
    const std::size_t end = find_word(text, "SELECT") + 6;
    if (end < text.size() && is_upper_or_blank(text[end])) return true;
  }
  const std::size_t update = find_word(text, "UPDATE");
  return find_word(text, "INSERT INTO") != std::string_view::npos ||
         find_word(text, "DELETE FROM") != std::string_view::npos ||
         (update != std::string_view::npos &&
          find_word(text, "SET", update) != std::string_view::npos);
}

/// Who uses DuckDB sessions writes DuckDB's SQL.
bool speaks_duckdb(const SourceFile& file) {
  return file.path.starts_with("engine/data/") ||
         std::ranges::any_of(file.includes, [](const Include& include) {
           return include.target.starts_with("engine/data/");
         });
}

/// A path that begins at `at`: what stands before is no part of a longer one.
bool begins_path(std::string_view line, std::size_t at) {
  if (at == 0) return true;
  const char before = line[at - 1];
  return !std::isalnum(static_cast<unsigned char>(before)) &&
         std::string_view("_-.}/").find(before) == std::string_view::npos;
}

std::size_t columns_of(std::string_view line) {
  return static_cast<std::size_t>(std::ranges::count_if(
      line, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

bool has_length(const SourceFile& file) {
  if (file.path.find(".gen.") != std::string::npos) return false;  // written by a program of ours
  return is_cxx(file.path) || file.path.ends_with(".ts") || file.path.ends_with(".tsx") ||
         file.path.ends_with(".css");
}

}  // namespace

Findings check_wall_clock(const Tree& tree) {
  constexpr std::array<Banned, 5> kCalls = {{{"system_clock::now", ""},
                                             {"gettimeofday", ""},
                                             {"std::time", ""},
                                             {"CLOCK_REALTIME", ""},
                                             {"time(nullptr)", ""}}};
  Findings findings;
  for (const SourceFile& file : tree.files) {
    // The preload stands in for the C library's clock.
    if (!is_cxx(file.path) || file.path == "engine/base/clock.cc" ||
        file.path == "tests/chaos/machine_preload.cc")
      continue;
    each_call(file, kCalls, [&](int line, const Banned& banned) {
      findings.push_back(finding(
          file, line,
          std::string(banned.text) + " stands in engine/base/clock.cc only; take a Clock&"));
    });
  }
  return findings;
}

Findings check_sleep(const Tree& tree) {
  constexpr std::array<Banned, 5> kCalls = {
      {{"sleep_for", ""}, {"sleep_until", ""}, {"usleep", ""}, {"nanosleep", ""}, {"sleep", ""}}};
  Findings findings;
  for (const SourceFile& file : tree.files) {
    // Chaos looks at real processes from outside: nobody tells it of their end.
    if (!is_cxx(file.path) || !file.path.starts_with("tests/") ||
        file.path.starts_with("tests/chaos/"))
      continue;
    each_call(file, kCalls, [&](int line, const Banned& banned) {
      const std::string& code = file.code[static_cast<std::size_t>(line - 1)];
      if (find_word(code, std::string(banned.text) + "(") == std::string_view::npos &&
          code.find(std::string(banned.text) + "(") == std::string::npos)
        return;
      findings.push_back(
          finding(file, line,
                  std::string(banned.text) +
                      " in a test; wait for a signal or a condition, or advance a fake clock"));
    });
  }
  return findings;
}

Findings check_sql(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!file.path.starts_with("engine/") || speaks_duckdb(file)) continue;
    for (const Literal& literal : file.literals)
      if (is_sql(literal.text))
        findings.push_back(
            finding(file, literal.line, "SQL in a string; give it a name in engine/pg/sql/*.sql"));
  }
  return findings;
}

Findings check_words(const Tree& tree) {
  constexpr std::array<Banned, 5> kWords = {
      {{"TODO", "finish it, or file an issue and say nothing here"},
       {"FIXME", "mend it, or file an issue and say nothing here"},
       {"GTEST_SKIP", "make the test run everywhere, or remove it"},
       {"for now", "say what holds and why"},
       {"For now", "say what holds and why"}}};
  constexpr std::array<std::string_view, 4> kPaths = {"/work/", "/root/", "/farm/", "/tmp/b-"};
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (is_exempt(file)) continue;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      const int number = static_cast<int>(i + 1);
      for (const Banned& word : kWords)
        if (find_word(line, word.text) != std::string_view::npos)
          findings.push_back(finding(
              file, number, "'" + std::string(word.text) + "'; " + std::string(word.message)));
      if (is_cxx(file.path) && line.find("DISABLED_") != std::string::npos)
        findings.push_back(finding(file, number, "a switched-off test; make it run, or remove it"));
      for (const std::string_view path : kPaths)
        for (std::size_t at = line.find(path); at != std::string::npos;
             at = line.find(path, at + 1))
          if (begins_path(line, at))
            findings.push_back(finding(
                file, number,
                "'" + std::string(path) +
                    "' is a folder of one machine; derive the path, or take it as an argument"));
    }
  }
  return findings;
}

Findings check_names(const Tree& tree) {
  constexpr std::array<std::string_view, 5> kEndings = {"Manager", "Helper", "Util", "Utils",
                                                        "Impl"};
  Findings findings;
  for (const SourceFile& file : tree.files) {
    for (const std::string_view folder : {"utils/", "util/", "common/", "helpers/", "misc/"}) {
      const std::size_t at = file.path.find(folder);
      if (at != std::string::npos && (at == 0 || file.path[at - 1] == '/'))
        findings.push_back(finding(
            file, 1,
            "a folder named '" + std::string(folder) + "' says nothing; name what it holds"));
    }
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      const std::vector<std::string> words = words_of(file.code[i]);
      for (std::size_t w = 0; w + 1 < words.size(); ++w) {
        if (words[w] != "class" && words[w] != "struct") continue;
        const std::string name = words[w + 1].substr(0, words[w + 1].find_first_of(";:{<"));
        if (std::ranges::any_of(kEndings, [&](auto ending) { return name.ends_with(ending); }))
          findings.push_back(finding(file, static_cast<int>(i + 1),
                                     "'" + name + "' says nothing; name what it is or holds"));
      }
    }
  }
  return findings;
}

Findings check_headers(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!is_header(file.path)) continue;
    if (file.lines.empty() || !file.lines.front().starts_with("//"))
      findings.push_back(finding(
          file, 1, "opens with no comment; say what it is, who owns it, thread-safety, errors"));
    if (std::ranges::find(file.code, "#pragma once") == file.code.end())
      findings.push_back(finding(file, 1, "has no '#pragma once'; add it"));
    for (std::size_t i = 0; i < file.code.size(); ++i) {
      const std::string& code = file.code[i];
      // The standard's literals (1s, 5ms) collide with nothing.
      if (code.starts_with("using namespace") && code.find("literals") == std::string::npos)
        findings.push_back(finding(file, static_cast<int>(i + 1),
                                   "'using namespace' in a header reaches all readers; qualify"));
    }
  }
  return findings;
}

Findings check_columns(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!is_cxx(file.path)) continue;
    bool in_raw_string = false;  // nobody can wrap one without changing it
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      const std::string& line = file.lines[i];
      const bool exempt = in_raw_string || line.find("R\"") != std::string::npos;
      if (line.find("R\"") != std::string::npos) in_raw_string = true;
      if (in_raw_string && line.find(")\"") != std::string::npos) in_raw_string = false;
      if (const std::size_t columns = columns_of(line); columns > kColumns && !exempt)
        findings.push_back(finding(file, static_cast<int>(i + 1),
                                   std::to_string(columns) + " columns; './run fmt' wraps at 100"));
    }
  }
  return findings;
}

std::vector<LongFile> parse_long_files(std::string_view text) {
  std::vector<LongFile> files;
  for (const std::string& line : make_source("long_files.txt", text).lines) {
    const std::vector<std::string> words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    LongFile file{words[0], words.size() > 1 ? std::stoul(words[1]) : 0, ""};
    for (std::size_t i = 2; i < words.size(); ++i) file.reason += (i > 2 ? " " : "") + words[i];
    files.push_back(std::move(file));
  }
  return files;
}

Findings check_lengths(const Tree& tree, const std::vector<LongFile>& allowed) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!has_length(file)) continue;
    const auto entry = std::ranges::find(allowed, file.path, &LongFile::path);
    const std::size_t most = entry == allowed.end() ? kLines : entry->most;
    if (file.lines.size() > most)
      findings.push_back(finding(file, static_cast<int>(most),
                                 std::to_string(file.lines.size()) +
                                     " lines; split it where a second concept begins (at most " +
                                     std::to_string(most) + ")"));
  }
  for (const LongFile& entry : allowed) {
    const SourceFile* file = tree.find(entry.path);
    if (file == nullptr || file->lines.size() <= kLines)
      findings.push_back("tests/tidy/long_files.txt: " + entry.path +
                         " needs no exception any more; remove its line");
    if (words_of(entry.reason).size() < 4)
      findings.push_back("tests/tidy/long_files.txt: " + entry.path +
                         " gives no reason; write one");
  }
  return findings;
}

}  // namespace millrace::tidy
