#include "tests/chaos/single.h"

#include <fcntl.h>
#include <httplib.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <pqxx/pqxx>
#include <stdexcept>

#include "engine/base/file.h"
#include "engine/cluster/private_cluster.h"
#include "tests/chaos/engines.h"
#include "tests/chaos/processes.h"

namespace millrace::chaos {
namespace {

namespace fs = std::filesystem;

constexpr Seconds kStart{90};

pid_t start(std::vector<std::string> words, std::vector<std::string> environment,
            const fs::path& log) {
  auto entries = environment_with(environment);
  auto argv = pointers_to(words), envp = pointers_to(entries);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  pid_t pid = 0;
  if (posix_spawn(&pid, argv[0], &actions, nullptr, argv.data(), envp.data()) != 0) pid = 0;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

httplib::Client client(const std::string& address) {
  httplib::Client out(address);
  out.set_connection_timeout(std::chrono::seconds{2});
  out.set_read_timeout(std::chrono::seconds{10});
  return out;
}

bool has_ended(const std::string& status) {
  return status == "success" || status == "failed" || status == "cancelled";
}

void add_with_descendants(pid_t pid, std::vector<pid_t>& out) {
  out.push_back(pid);
  for (const pid_t child : children_of(pid)) add_with_descendants(child, out);
}

}  // namespace

Single::Single(fs::path state, const fs::path& dags, std::vector<std::string> options,
               const std::vector<std::string>& environment)
    : state_(std::move(state)) {
  std::error_code ignored;  // there is none
  fs::remove(state_ / "engine.json", ignored);
  std::vector<std::string> words = {program(),      "--state",     state_.string(), "up",
                                    "--dags",       dags.string(), "--port",        "0",
                                    "--serve-port", "0",           "--workers",     "2"};
  words.insert(words.end(), options.begin(), options.end());
  const char* ready_when = std::ranges::count(options, "--db") > 0 ? "/healthz" : "/readyz";
  pid_ = start(words, environment, state_.string() + ".log");
  const auto ready = time_until(
      [&] {
        const auto file = read_file(state_ / "engine.json", 1 << 16);
        const auto endpoint = file ? Json::parse(*file) : Result<Json>(Json::object());
        if (!endpoint || !(*endpoint)["api"].is_string()) return false;
        api_ = (*endpoint)["api"].as_string();
        serve_ = (*endpoint)["serve"].as_string();
        return text(ready_when).has_value();
      },
      kStart);
  if (ready) return;
  kill_all();
  throw std::runtime_error("the engine did not become ready; see " + state_.string() + ".log");
}

Single::~Single() { kill_all(); }

void Single::kill_all() {
  if (pid_ <= 0) return;
  std::vector<pid_t> all;
  add_with_descendants(pid_, all);
  if (const auto data = PrivateCluster::data_of(state_)) {
    const auto text = read_file(*data / "postmaster.pid", 4096);
    if (text && std::atoi(text->c_str()) > 0) add_with_descendants(std::atoi(text->c_str()), all);
  }
  for (const pid_t pid : all) kill(pid, SIGKILL);
  waitpid(pid_, nullptr, 0);
  for (const pid_t pid : all) time_until([&] { return !is_alive(pid); }, Seconds{10});
  pid_ = 0;
}

int Single::stop() {
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

std::string Single::answer(const std::string& path) const {
  const auto answer = client(api_).Get(path);
  return answer ? answer->body : "";
}

std::optional<std::string> Single::text(const std::string& path) const {
  const auto answer = client(api_).Get(path);
  if (!answer || answer->status != 200) return std::nullopt;
  return answer->body;
}

Json Single::get(const std::string& path) const {
  const auto json = Json::parse(text("/api/v1" + path).value_or("null"));
  return json ? *json : Json();
}

std::string Single::trigger(const std::string& dag, const std::string& key,
                            const Json& params) const {
  const auto answer =
      client(api_).Post("/api/v1/dags/" + dag + "/runs", {{"Idempotency-Key", key}},
                        Json::object({{"params", params}}).dump(), "application/json");
  if (!answer || answer->status < 200 || answer->status >= 300) return "";
  const auto body = Json::parse(answer->body);
  return body && (*body)["run"].is_string() ? (*body)["run"].as_string() : "";
}

std::string Single::trigger_once_read(const std::string& dag, const std::string& key,
                                      const Json& params) const {
  std::string run;
  time_until([&] { return !(run = trigger(dag, key, params)).empty(); }, kStart);
  if (run.empty()) throw std::runtime_error("no trigger of '" + dag + "' was accepted");
  return run;
}

std::string Single::wait_for(const std::string& run, double seconds) const {
  std::string status;
  time_until(
      [&] {
        const Json row = get("/runs/" + run);
        status = row["status"].as_string();
        return has_ended(status);
      },
      Seconds{seconds});
  return has_ended(status) ? status : "";
}

bool Single::infer() const {
  const auto answer = client(serve_).Post("/v2/models/flights/infer", R"({"inputs": [
      {"name": "hour", "shape": [1, 1], "datatype": "FP64", "data": [7]},
      {"name": "distance", "shape": [1, 1], "datatype": "FP64", "data": [500]}]})",
                                          "application/json");
  return answer && answer->status == 200;
}

double Single::metric(const std::string& name) const {
  const auto answer = client(serve_).Get("/metrics");
  if (!answer || answer->status != 200) return -1;
  const auto at = answer->body.find("\n" + name + " ");
  return at == std::string::npos ? -1 : std::atof(answer->body.c_str() + at + name.size() + 2);
}

Told tell(const fs::path& state, std::vector<std::string> words) {
  words.insert(words.begin(), {program(), "--state", state.string()});
  const fs::path log = state.string() + ".told";
  fs::remove(log);
  const pid_t pid = start(words, {}, log);
  int status = 0;
  waitpid(pid, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          read_file(log, 1 << 24).value_or("")};
}

std::string ask(const fs::path& state, const std::string& sql) {
  try {
    const auto dsn = PrivateCluster::dsn_of(state);
    if (!dsn) return "";
    pqxx::connection connection(*dsn);
    pqxx::nontransaction query(connection);
    const auto rows = query.exec(sql);
    return rows.empty() || rows[0][0].is_null() ? "" : rows[0][0].as<std::string>();
  } catch (const pqxx::failure&) {
    return "";
  }
}

}  // namespace millrace::chaos
