#include "engine/app/completion.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <utility>

namespace millrace {
namespace {

/// Positional words that name files or folders.
constexpr std::array<std::string_view, 3> kFilePositionals = {"file", "paths", "folder"};

/// Where the reading of the words has arrived.
struct Position {
  const CLI::App* app;                    // without a verb
  const CLI::App* verb = nullptr;         // that was typed
  const CLI::Option* awaiting = nullptr;  // its value comes next
  std::string awaiting_name{};            // as it was typed
  bool glued = false;                     // "=" came: the next word belongs to the one before
  std::size_t positionals = 0;            // of the verb, so far
};

bool takes_value(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::vector<const CLI::Option*> options_of(const Position& at) {
  std::vector<const CLI::Option*> out;
  for (const CLI::App* app : {at.verb, at.app})
    if (app != nullptr)
      for (const auto* option : app->get_options()) out.push_back(option);
  return out;
}

const CLI::Option* option_named(const Position& at, const std::string& name) {
  for (const auto* option : options_of(at))
    if (option->nonpositional() && option->check_name(name)) return option;
  return nullptr;
}

/// Reads a word before the one that is completed.
void pass(Position& at, Completion& out, const std::string& word) {
  if (std::exchange(at.glued, false)) return;
  if (at.awaiting != nullptr) {
    if (word == "=") return;
    out.values[at.awaiting_name] = word;
    at.awaiting = nullptr;
    return;
  }
  if (word == "=") {
    at.glued = true;
    return;
  }
  if (word.starts_with('-') && word.size() > 1) {
    const auto equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const CLI::Option* option = option_named(at, name);
    if (option == nullptr || !takes_value(*option)) return;
    if (equals != word.npos) {
      out.values[name] = word.substr(equals + 1);
      return;
    }
    at.awaiting = option;
    at.awaiting_name = name;
    return;
  }
  if (at.verb != nullptr) {
    ++at.positionals;
    return;
  }
  for (const auto* verb : at.app->get_subcommands([](const CLI::App*) { return true; }))
    if (verb->get_name() == word) at.verb = verb;
}

void add(Completion& out, std::string word, std::string help) {
  if (word.starts_with(out.typed)) out.words.push_back({std::move(word), std::move(help)});
}

/// The names in the braces of "TEXT:{oldest_first,newest_first}".
std::vector<std::string> choices_of(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{'), close = type.rfind('}');
  if (open == type.npos || close == type.npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

/// `before`: "--format=" where option and value are one word.
void add_values(Completion& out, const CLI::Option& option, const std::string& before = "") {
  const auto choices = choices_of(option);
  for (const auto& choice : choices) add(out, before + choice, "");
  out.files = choices.empty() && before.empty() && option.get_type_name().starts_with("TEXT");
}

void add_options(Completion& out, const Position& at) {
  for (const auto* option : options_of(at)) {
    if (!option->nonpositional() || option->get_group().empty()) continue;
    for (const auto& name : option->get_lnames()) add(out, "--" + name, option->get_description());
    for (const auto& name : option->get_snames()) add(out, "-" + name, option->get_description());
  }
}

void add_verbs(Completion& out, const CLI::App& app) {
  for (const auto* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    if (!verb->get_group().empty()) add(out, verb->get_name(), verb->get_description());
}

void add_positional(Completion& out, const Position& at) {
  std::size_t place = at.positionals;
  for (const auto* option : at.verb->get_options()) {
    if (!option->get_positional()) continue;
    const bool goes_on = option->get_expected_max() > 1;
    if (place-- > 0 && !goes_on) continue;
    const std::string name = option->get_name(true);
    const auto choices = choices_of(*option);
    for (const auto& choice : choices) add(out, choice, "");
    const bool names_files = std::ranges::count(kFilePositionals, name) > 0;
    out.dags = name == "dag";
    // "The DAG's id, or a DAG file"
    out.files =
        names_files || (out.dags && option->get_description().find("file") != std::string::npos);
    return;
  }
}

}  // namespace

Completion complete(const CLI::App& app, const std::vector<std::string>& line) {
  Completion out;
  Position at{.app = &app};
  for (std::size_t i = 0; i + 1 < line.size(); ++i) pass(at, out, line[i]);
  out.typed = line.empty() ? "" : line.back();
  if (at.glued) return out;
  const auto equals = out.typed.find('=');
  if (at.awaiting != nullptr) {
    if (out.typed == "=") out.typed.clear();
    add_values(out, *at.awaiting);
  } else if (out.typed.starts_with("--") && equals != std::string::npos) {
    const std::string name = out.typed.substr(0, equals);
    if (const auto* option = option_named(at, name)) add_values(out, *option, name + "=");
  } else if (out.typed.starts_with('-')) {
    add_options(out, at);
  } else if (at.verb == nullptr) {
    add_verbs(out, app);
  } else {
    add_positional(out, at);
  }
  return out;
}

}  // namespace millrace
