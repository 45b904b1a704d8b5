// What may come next on a command line, by the verbs and options that the program declares. The
// scripts of `millrace completion` ask for it each time, so they know no verb themselves.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace millrace {

struct CompletionWord {
  std::string word, help;
};

struct Completion {
  std::vector<CompletionWord> words;
  bool files = false;                         // names of files and folders as well
  bool dags = false;                          // ids of DAGs as well
  std::string typed;                          // what they must begin with
  std::map<std::string, std::string> values;  // of the options before: "--state" → "x"
};

/// `line`: the words after the program's name; the last one, which may be "", is completed. Bash
/// gives `--format=dot` as three words.
Completion complete(const CLI::App& app, const std::vector<std::string>& line);

/// The script for "bash", "zsh" or "fish".
std::string_view completion_script(std::string_view shell);

}  // namespace millrace
