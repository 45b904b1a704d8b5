#include "tests/chaos/load.h"

#include <httplib.h>

#include <array>
#include <deque>

#include "engine/base/file.h"
#include "engine/base/json.h"

namespace millrace::chaos {
namespace {

constexpr std::array<const char*, 6> kDags = {"light", "commands", "flaky",
                                              "waits", "tables",   "hang"};

/// Lines for the shell: note the begin, do what is between, note the end, and hand out the mark.
std::string noting(const std::filesystem::path& effects, const std::string& between) {
  const auto note = [&](const char* what) {
    return std::string("echo \"") + what + " $mark\" >> '" + effects.string() + "'; ";
  };
  return "mark=\"$MILLRACE_IDEMPOTENCY_KEY#$MILLRACE_ATTEMPT@$MILLRACE_EPOCH\"; " + note("begin") +
         between + note("end") + "echo \"{\\\"mark\\\": \\\"$mark\\\"}\" > \"$MILLRACE_OUTPUTS\"";
}

}  // namespace

void write_dags(const std::filesystem::path& folder, const std::filesystem::path& effects) {
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& dag, const std::string& tasks) {
    const std::string text =
        "dag: " + dag + "\nmax_active_runs: 100\ndefaults: {timeout: 30m}\ntasks:\n" + tasks;
    if (const Status written = write_file_atomic(folder / (dag + ".yaml"), text); !written)
      throw std::runtime_error(written.error().message);
  };
  const std::string command = "operator: command, with: {run: ";
  const auto run = [&](const std::string& between) {
    return command + Json(noting(effects, between)).dump() + "}";
  };
  write("light",
        "  a: {operator: noop}\n"
        "  b: {operator: noop, needs: a, foreach: [1, 2, 3, 4, 5, 6, 7, 8]}\n"
        "  c: {operator: noop, needs: b}\n");
  write("commands", "  a: {" + run("") + "}\n  b: {" + run("sleep 0.02; ") +
                        ", needs: a, foreach: [1, 2, 3, 4]}\n  c: {" + run("") + ", needs: b}\n");
  write("flaky", "  a: {" + run("test \"$MILLRACE_ATTEMPT\" -gt 1 || exit 75; ") +
                     ", retries: {max: 3, initial: 100ms}}\n  b: {operator: noop, needs: a}\n");
  write("waits", "  a: {operator: wait, with: {for: 300ms}}\n  b: {" + run("") + ", needs: a}\n");
  if (const Status written = write_file_atomic(folder / "rows.csv", "a,b\n1,2\n3,4\n"); !written)
    throw std::runtime_error(written.error().message);
  write("tables", "  a: {operator: ingest.file, with: {path: rows.csv}}\n");
  write("hang", "  a: {" + command + "\"exec sleep 600\"}, timeout: 1s}\n");
}

Load::Load(Engines& engines, int most_open_runs)
    : engines_(engines), thread_([this, most_open_runs] { run(most_open_runs); }) {}

void Load::stop() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

std::map<std::string, std::string> Load::accepted() const {
  const std::lock_guard lock(mutex_);
  return accepted_;
}

std::string Load::broken_key() const {
  const std::lock_guard lock(mutex_);
  return broken_key_;
}

void Load::run(int most_open_runs) {
  std::deque<std::string> open;
  for (std::size_t n = 0; !stop_; ++n) {
    // A hanging task holds a runner for as long as its timeout.
    const std::string dag = n % 12 == 11 ? kDags.back() : kDags[n % (kDags.size() - 1)];
    const std::string key = "chaos-" + std::to_string(n);
    const std::string run = trigger(dag, key);
    if (run.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      accepted_[run] = dag;
    }
    open.push_back(run);
    // Now and then an upstream system repeats a request that had been answered.
    if (n % 7 == 0) {
      const std::string again = trigger(dag, key);
      const std::lock_guard lock(mutex_);
      if (!again.empty() && again != run) broken_key_ = key;
    }
    while (!stop_ && static_cast<int>(open.size()) >= most_open_runs) {
      if (has_ended(open.front())) {
        open.pop_front();
        ++ended_;
      } else {
        std::this_thread::sleep_for(std::chrono::milliseconds{20});
      }
    }
  }
}

std::string Load::trigger(const std::string& dag, const std::string& key) {
  for (std::size_t engine = 0; !stop_; engine = (engine + 1) % Engines::kCount) {
    if (const std::string api = engines_.api(engine); !api.empty()) {
      httplib::Client client(api);
      client.set_connection_timeout(std::chrono::seconds{1});
      client.set_read_timeout(std::chrono::seconds{3});
      const auto answer = client.Post("/api/v1/dags/" + dag + "/runs", {{"Idempotency-Key", key}},
                                      "{}", "application/json");
      if (answer && answer->status >= 200 && answer->status < 300)
        if (const auto body = Json::parse(answer->body); body && (*body)["run"].is_string())
          return (*body)["run"].as_string();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  return "";
}

bool Load::has_ended(const std::string& run) {
  for (std::size_t engine = 0; engine < Engines::kCount; ++engine) {
    const std::string api = engines_.api(engine);
    if (api.empty()) continue;
    httplib::Client client(api);
    client.set_connection_timeout(std::chrono::seconds{1});
    client.set_read_timeout(std::chrono::seconds{3});
    const auto answer = client.Get("/api/v1/runs/" + run);
    if (!answer || answer->status != 200) continue;
    const auto body = Json::parse(answer->body);
    if (!body) continue;
    return (*body)["status"].as_view() != "running";
  }
  return false;
}

}  // namespace millrace::chaos
