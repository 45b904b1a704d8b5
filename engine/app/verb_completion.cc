// completion: the script for a shell. complete: what the script asks, not listed by --help.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <vector>

#include "engine/app/completion.h"
#include "engine/app/connection.h"
#include "engine/app/shared_options.h"
#include "engine/app/verbs.h"

namespace millrace {
namespace {

constexpr Duration kPatience = std::chrono::seconds{1};

/// Of the engine that the words name, or of the state folder. Without a running engine, or when it
/// is slow, there are none: completion starts nothing and does not wait.
std::vector<std::string> dag_ids(Options options, const Completion& completion) {
  const auto take = [&](const char* name, auto& to) {
    if (const auto found = completion.values.find(name); found != completion.values.end())
      to = found->second;
  };
  take("--state", options.state);
  take("--db", options.db);
  take("--url", options.url);
  take("--ca-file", options.ca_file);
  take("--namespace", options.name_space);
  std::vector<std::string> ids;
  auto client = connect(options);
  if (!client) return ids;
  client->limit_time(kPatience);
  const auto dags = client->get("/api/v1/dags" + namespace_query(options));
  if (!dags) return ids;
  for (const auto& dag : dags->items())
    if (std::string id = dag["dag"].as_string(); id.starts_with(completion.typed))
      ids.push_back(std::move(id));
  return ids;
}

void print_line(const std::string& word, const std::string& help) {
  std::printf("%s\t%s\n", word.c_str(), help.substr(0, help.find('\n')).c_str());
}

}  // namespace

VerbAction declare_completion(CLI::App& verb, Options&) {
  auto shell = std::make_shared<std::string>();
  verb.add_option("shell", *shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  return [shell]() -> Result<int> {
    const std::string_view script = completion_script(*shell);
    std::fwrite(script.data(), 1, script.size(), stdout);
    return 0;
  };
}

VerbAction declare_complete(CLI::App& verb, Options& options) {
  auto line = std::make_shared<std::vector<std::string>>();
  verb.add_option("line", *line, "The words after the program's name, the last one to complete");
  return [&verb, &options, line]() -> Result<int> {
    const Completion completion = complete(*verb.get_parent(), *line);
    for (const auto& [word, help] : completion.words) print_line(word, help);
    if (completion.dags)
      for (const auto& id : dag_ids(options, completion)) print_line(id, "DAG");
    if (completion.files) std::puts(":files");
    return 0;
  };
}

}  // namespace millrace
