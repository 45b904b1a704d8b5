#include "tests/chaos/load.h"

#include <httplib.h>

#include <array>

#include "engine/base/file.h"
#include "engine/base/json.h"

namespace millrace::chaos {
namespace {

constexpr std::array<const char*, 10> kDags = {"light", "commands", "flaky", "strays",
                                               "waits", "tables",   "mixed", "vandals",
                                               "hang",  "stubborn"};
constexpr std::size_t kSlowDags = 2;  // at the end: they hold a runner until they are out of time

/// Lines for the shell: note the begin, do what is between, note the end, and hand out the mark.
std::string noting(const std::filesystem::path& effects, const std::string& between) {
  const auto note = [&](const char* what) {
    return std::string("echo \"") + what + " $mark\" >> '" + effects.string() + "'; ";
  };
  return "mark=\"$MILLRACE_IDEMPOTENCY_KEY#$MILLRACE_ATTEMPT@$MILLRACE_EPOCH\"; " + note("begin") +
         between + note("end") + "echo \"{\\\"mark\\\": \\\"$mark\\\"}\" > \"$MILLRACE_OUTPUTS\"";
}

/// A lock that every process of the attempt inherits: it is free when the last one is dead.
std::string alone(const std::filesystem::path& locks, const std::filesystem::path& overlaps) {
  return "exec 9>>\"" + locks.string() +
         "/$(echo \"$MILLRACE_IDEMPOTENCY_KEY\" | tr / _)\"\nflock -n 9 || "
         "echo \"$MILLRACE_IDEMPOTENCY_KEY#$MILLRACE_ATTEMPT\" >> \"" +
         overlaps.string() + "\"\n";
}

void write_dag(const std::filesystem::path& folder, const std::string& dag,
               const std::string& tasks) {
  const std::string text =
      "dag: " + dag + "\nmax_active_runs: 100\ndefaults: {timeout: 30m}\ntasks:\n" + tasks;
  if (const Status written = write_file_atomic(folder / (dag + ".yaml"), text); !written)
    throw std::runtime_error(written.error().message);
}

std::string task(const std::string& name, const std::string& script, const std::string& more = "") {
  return "  " + name + ": {operator: command, with: {run: " + Json(script).dump() + "}" + more +
         "}\n";
}

}  // namespace

void write_bad_dags(const std::filesystem::path& folder, const std::filesystem::path& locks,
                    const std::filesystem::path& overlaps) {
  std::filesystem::create_directories(locks);
  const std::string lock = alone(locks, overlaps);
  // A shell that is killed after its child goes on to the next line.
  const std::string after_death = "sleep 600; echo after its death >> " + overlaps.string();
  write_dag(folder, "strays",
            task("a", lock + "setsid /bin/sh -c '" + after_death + "' &\nsleep 0.1\ntrue\n") +
                task("b", lock + "(env -i setsid /bin/sh -c 'sleep 600 & " + after_death +
                              "' &)\nsleep 0.2\ntrue\n") +
                task("c", lock + "trap '' TERM\nsleep 0.3\ntrue\n", ", needs: [a, b]"));
  // The second finds the folder of another, if there is such a thing.
  const std::string work = "work=\"$(dirname \"$MILLRACE_OUTPUTS\")\"\n";
  write_dag(folder, "vandals",
            task("a", lock + work +
                          "rm -rf \"$work\"\nmkdir \"$work\"\n"
                          "echo '{\"rows\": 41}' > \"$MILLRACE_OUTPUTS\"\n") +
                task("b", lock + work + "rm -rf \"$work\"\nln -s /etc \"$work\"\n") +
                task("c", "true", ", needs: [a, b], foreach: [1, 2, 3, 4]"));
  write_dag(folder, "stubborn",
            task("a", lock + "trap '' TERM\n(trap '' TERM; setsid sleep 600) &\nsleep 600\n",
                 ", timeout: 1s, kill_grace: 300ms"));
  // Short ones, after which many are handed out ahead, and then long ones that have to wait.
  write_dag(
      folder, "mixed",
      task("a", "true", ", foreach: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]") +
          task("b", "sleep 0.4; :", ", needs: a, timeout: 8s, foreach: [1, 2, 3, 4, 5, 6, 7, 8]"));
}

bool may_time_out(const std::string& dag) { return dag == "hang" || dag == "stubborn"; }

bool has_no_outputs(const std::string& dag, int task) {
  return dag == "mixed" || dag == "strays" || (dag == "vandals" && task > 0);
}

void write_dags(const std::filesystem::path& folder, const std::filesystem::path& effects) {
  std::filesystem::create_directories(folder);
  const auto write = [&](const std::string& dag, const std::string& tasks) {
    write_dag(folder, dag, tasks);
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
  write("hang", "  a: {" + command + "\"exec sleep 600\"}, timeout: 1s, kill_grace: 200ms}\n");
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
  constexpr std::size_t kUsual = kDags.size() - kSlowDags;
  for (std::size_t n = 0; !stop_; ++n) {
    const std::string dag = n % 12 == 11 ? kDags[kUsual + n / 12 % kSlowDags] : kDags[n % kUsual];
    const std::string key = "chaos-" + std::to_string(n);
    const std::string run = trigger(dag, key);
    if (run.empty()) return;
    {
      const std::lock_guard lock(mutex_);
      accepted_[run] = dag;
      open_.push_back(run);
    }
    // Now and then an upstream system repeats a request that had been answered.
    if (n % 7 == 0) {
      const std::string again = trigger(dag, key);
      const std::lock_guard lock(mutex_);
      if (!again.empty() && again != run) broken_key_ = key;
    }
    while (!stop_) {
      std::string oldest;
      {
        const std::lock_guard lock(mutex_);
        if (static_cast<int>(open_.size()) < most_open_runs) break;
        oldest = open_.front();
      }
      if (has_ended(oldest)) {
        const std::lock_guard lock(mutex_);
        open_.pop_front();
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

int Load::post(const std::string& path) {
  for (std::size_t engine = 0; engine < Engines::kCount; ++engine) {
    const std::string api = engines_.api(engine);
    if (api.empty()) continue;
    httplib::Client client(api);
    client.set_connection_timeout(std::chrono::seconds{1});
    client.set_read_timeout(std::chrono::seconds{3});
    if (const auto answer = client.Post(path, "{}", "application/json")) return answer->status;
  }
  return 0;
}

bool Load::cancel_and_retry(Rng& rng, int times) {
  std::string run;
  {
    const std::lock_guard lock(mutex_);
    if (open_.empty()) return false;
    run = "/api/v1/runs/" + open_[rng.below(open_.size())];
  }
  bool answered = false;
  for (int i = 0; i < times; ++i) answered |= post(run + "/cancel") == 200;
  if (answered) post(run + "/retry");
  return answered;
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
