#include "engine/pg/connection_string.h"

#include <libpq-fe.h>

#include <array>
#include <map>
#include <memory>
#include <utility>

namespace millrace::pg {
namespace {

using Options = std::map<std::string, std::string, std::less<>>;

// A statement or a lock that takes longer than this has met a fault; so has a peer that is silent
// for so long. No transaction of ours waits for us: one that idles is of a process that has been
// stopped or cut off, and delays the next leader.
constexpr std::array<std::pair<const char*, const char*>, 7> kDefaults = {{
    {"connect_timeout", "5"},
    {"keepalives_idle", "5"},
    {"keepalives_interval", "2"},
    {"keepalives_count", "3"},
    {"tcp_user_timeout", "10000"},
    {"client_encoding", "UTF8"},
    {"options",
     "-c statement_timeout=60s -c lock_timeout=20s -c idle_in_transaction_session_timeout=1s "
     "-c plan_cache_mode=force_generic_plan -c client_min_messages=warning -c jit=off"},
}};

Result<Options> parse(std::string_view dsn) {
  char* problem = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(std::string(dsn).c_str(), &problem), PQconninfoFree);
  if (problem != nullptr) PQfreemem(problem);  // it may quote the password
  if (!parsed)
    return invalid_argument(
        "the database address cannot be read; write postgresql://user@host:port/database or "
        "\"host=… dbname=…\"");
  Options out;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) out[option->keyword] = option->val;
  return out;
}

std::string text_of(const Options& options) {
  std::string out;
  for (const auto& [name, value] : options) {
    if (!out.empty()) out += ' ';
    out += name + "='";
    for (const char c : value) {
      if (c == '\'' || c == '\\') out += '\\';
      out += c;
    }
    out += '\'';
  }
  return out;
}

}  // namespace

Result<std::string> complete_dsn(std::string_view dsn, std::string_view application) {
  MR_TRY(Options options, parse(dsn));
  for (const auto& [name, value] : kDefaults) {
    const auto [entry, is_new] = options.try_emplace(name, value);
    if (!is_new && std::string_view(name) == "options")
      entry->second = std::string(value) + " " + entry->second;  // the later one wins
  }
  options.try_emplace("application_name", application);
  return text_of(options);
}

Result<std::string> with_database(std::string_view dsn, std::string_view database) {
  MR_TRY(Options options, parse(dsn));
  options["dbname"] = database;
  return text_of(options);
}

std::string describe_dsn(std::string_view dsn) {
  const auto options = parse(dsn);
  if (!options) return "(unreadable)";
  const auto value = [&](const char* name, const char* other) {
    const auto found = options->find(name);
    return found == options->end() ? std::string(other) : found->second;
  };
  return value("user", "") + "@" + value("host", "local") + ":" + value("port", "5432") + "/" +
         value("dbname", "");
}

}  // namespace millrace::pg
