#include "engine/app/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "engine/app/verbs.h"
#include "engine/app/word_check.h"
#include "engine/base/log.h"
#include "engine/base/suggest.h"

namespace millrace {
namespace {

void add_options_of_every_verb(CLI::App& app, Options& options) {
  app.add_option("--state", options.state, "State folder")
      ->envname("MILLRACE_HOME")
      ->check(not_empty())
      ->capture_default_str();
  app.add_option("--db", options.db,
                 "PostgreSQL URL; default: a private cluster in the state folder")
      ->envname("MILLRACE_DB");
  app.add_option("--url", options.url,
                 "API of a running engine; default: the engine of the state folder")
      ->envname("MILLRACE_URL");
  app.add_option("--ca-file", options.ca_file,
                 "Certificates of the authorities to trust for an address with https (PEM)");
  app.add_flag("--json", options.json, "Print JSON");
  app.add_flag("--log-json", options.log_json, "Write the log as JSON lines");
}

/// The word in the place of a verb that is none; "" if the command line names a verb there. A later
/// word may be a verb by chance: `millrace lnt dags`.
std::string unknown_verb(const CLI::App& app, std::span<char* const> words) {
  const auto place = [&](const std::string& word) {
    return std::ranges::find_if(words, [&](const char* one) { return one == word; });
  };
  const auto verbs = app.get_subcommands();
  for (const auto& word : app.remaining())
    if (!word.starts_with('-') && (verbs.empty() || place(word) < place(verbs.front()->get_name())))
      return word;
  return "";
}

int refuse_verb(const CLI::App& app, const std::string& word) {
  std::vector<std::string> verbs;
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!verb->get_group().empty()) verbs.push_back(verb->get_name());
  std::fprintf(stderr, "millrace: there is no verb '%s'%s; 'millrace --help' lists the verbs\n",
               word.c_str(), did_you_mean(word, verbs).c_str());
  return traits(ErrorCode::invalid_argument).exit_code;
}

/// What the standard library throws, e.g. for a path that cannot be, is an error like any other.
Result<int> act(const VerbAction& action) {
  try {
    return action();
  } catch (const std::exception& error) {
    return internal_error(error.what());
  }
}

/// The option that was meant by a word that is none; "" if nothing is near.
std::string hint_of(const CLI::App& app) {
  std::vector<std::string> options;
  const auto add = [&](const CLI::App& of) {
    for (const auto* option : of.get_options())
      for (const auto& name : option->get_lnames()) options.push_back("--" + name);
  };
  add(app);
  for (const auto* verb : app.get_subcommands()) add(*verb);
  for (const auto& word : app.remaining(true))
    if (word.starts_with("--")) return did_you_mean(word.substr(0, word.find('=')), options);
  return "";
}

}  // namespace

int command_line(int argc, char** argv) {
  Options options;
  VerbAction chosen;
  CLI::App app{"Millrace: a DAG workflow engine for machine-learning pipelines."};
  app.set_version_flag("--version", "millrace " MILLRACE_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  add_options_of_every_verb(app, options);
  for (const Verb& verb : verbs()) {
    auto* words = app.add_subcommand(verb.name, verb.help);
    if (*verb.help == '\0') words->group("");
    words->callback([&chosen, action = verb.declare(*words, options)] { chosen = action; });
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {  // --help and --version end here too, with 0
    if (const std::string verb = unknown_verb(app, {argv, static_cast<std::size_t>(argc)});
        !verb.empty() && error.get_exit_code() != 0)
      return refuse_verb(app, verb);
    const int code = app.exit(error) == 0 ? 0 : traits(ErrorCode::invalid_argument).exit_code;
    if (const std::string hint = code == 0 ? "" : hint_of(app); !hint.empty())
      std::fprintf(stderr, "%s\n", hint.substr(hint.find_first_not_of(",; ")).c_str());
    return code;
  }
  log::configure(log::Severity::info, options.log_json ? log::Format::json : log::Format::text);
  const Result<int> code = act(chosen);
  if (code) return *code;
  std::fprintf(stderr, "millrace: %s\n", code.error().to_string().c_str());
  return traits(code.error().code).exit_code;
}

}  // namespace millrace
