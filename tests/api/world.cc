#include "tests/api/world.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace millrace::testing {

void ScriptedExecutor::start(std::vector<StartAttempt> attempts) {
  for (auto& attempt : attempts) {
    Play play = script_ ? script_(attempt) : Play{};
    if (!play.log.empty()) {
      const LogChunk chunk{
          attempt.key.run, attempt.info.task_id, attempt.key.ref.map_index, attempt.key.attempt, 0,
          play.log,        clock_.now()};
      EXPECT_TRUE(logs_.append({&chunk, 1}).ok());
    }
    began_.push_back({attempt.key, clock_.now()});
    if (play.outcome)
      running_.push_back({clock_.now() + play.takes, {attempt.key, *std::move(play.outcome)}});
  }
}

void ScriptedExecutor::cancel(const AttemptKey& key, bool) {
  std::erase_if(running_, [&](const Running& one) { return one.result.key == key; });
  running_.push_back({clock_.now(), {key, make_error(ErrorCode::cancelled, "cancelled")}});
}

std::optional<Time> ScriptedExecutor::next_end() const {
  std::optional<Time> first;
  if (!began_.empty()) first = clock_.now();
  for (const auto& one : running_)
    if (!first || one.end < *first) first = one.end;
  return first;
}

std::vector<AttemptReport> ScriptedExecutor::take_reports() {
  const Time now = clock_.now();  // once: it goes on between two looks
  std::vector<AttemptReport> ended;
  for (auto& one : std::exchange(began_, {})) ended.emplace_back(std::move(one));
  for (auto& one : running_)
    if (one.end <= now) ended.emplace_back(std::move(one.result));
  std::erase_if(running_, [&](const Running& one) { return one.end <= now; });
  return ended;
}

World::World(Script script, Time start)
    : clock_(start), store_(clock_), executor_(clock_, store_.stores().logs, std::move(script)) {
  const auto lease = stores()
                         .leadership.acquire("main", "test", std::chrono::hours{24 * 365})
                         .value_or(std::nullopt);
  PlannerOptions options;
  options.pool("process").slots = 64;
  auto leader = Leader::take_office(options, *lease, stores(), executor_, clock_, rng_);
  leader_ = *std::move(leader);
  commands_ = stores().inbox.subscribe([this](const AcceptedCommand*) {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  });
}

World::~World() { stop(); }

void World::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void World::step(std::vector<Input> inputs) {
  const std::lock_guard lock(stepping_);
  for (auto& report : executor_.take_reports())
    std::visit([&](auto& one) { inputs.emplace_back(std::move(one)); }, report);
  const auto report = leader_->step(std::move(inputs));
  EXPECT_TRUE(report.ok()) << report.error().to_string();
  if (on_step_) on_step_();
}

void World::add_dag(DagSpec spec, std::string source) {
  auto dag = Dag::make(std::move(spec));
  ASSERT_TRUE(dag.ok()) << dag.error().to_string();
  step({RegisterDag{std::make_shared<const Dag>(*std::move(dag)), std::move(source), "", {}}});
}

void World::report_file(std::string source, Json diagnostics) {
  file_errors_.insert_or_assign(std::move(source), std::move(diagnostics));
  SyncDags folder;
  folder.errors = file_errors_;  // what it does not name counts as good again
  folder.complete = false;
  step({std::move(folder)});
}

Command World::put(Command command) {
  command.id = Uuid::v7(clock_.now(), rng_);
  EXPECT_TRUE(stores().inbox.submit(command).ok());
  return command;
}

void World::advance(Duration duration) {
  const Time target = clock_.now() + duration;
  step({CommandsWaiting{}});
  for (;;) {
    Time next = target;
    if (const auto end = executor_.next_end()) next = std::min(next, *end);
    if (const auto wake = leader_->next_wakeup()) next = std::min(next, *wake);
    clock_.move_to(std::max(next, clock_.now()));
    const auto end = executor_.next_end();
    const bool idle = next == target && (!end || *end > clock_.now());
    step({});
    if (idle) return;
  }
}

void World::go_live() {
  clock_.run();
  thread_ = std::thread([this] { live(); });
}

void World::pause(bool paused) {
  const std::lock_guard lock(mutex_);
  paused_ = paused;
  woken_ = true;
  changed_.notify_all();
}

void World::live() {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait_for(lock, std::chrono::milliseconds{20},
                        [this] { return woken_ || stopping_; });
      if (stopping_) return;
      if (paused_) {
        woken_ = false;
        continue;
      }
      woken_ = false;
    }
    step({CommandsWaiting{}});
    std::optional<Time> next_end;
    {
      const std::lock_guard lock(stepping_);
      next_end = executor_.next_end();
    }
    if (next_end) {  // what ends at once needs no wait
      const std::lock_guard lock(mutex_);
      woken_ = woken_ || *next_end <= clock_.now();
    }
  }
}

DagSpec make_dag(std::string id, const std::vector<std::string>& tasks) {
  DagSpec spec;
  spec.id = std::move(id);
  for (const auto& text : tasks) {
    TaskSpec task;
    const auto colon = text.find(':');
    task.id = text.substr(0, colon);
    task.op = "noop";
    std::string needs = colon == std::string::npos ? "" : text.substr(colon + 1);
    while (!needs.empty()) {
      const auto comma = needs.find(',');
      task.needs.push_back(needs.substr(0, comma));
      needs = comma == std::string::npos ? "" : needs.substr(comma + 1);
    }
    spec.tasks.push_back(std::move(task));
  }
  return spec;
}

}  // namespace millrace::testing
