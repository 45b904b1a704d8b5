#include "engine/serve/model_host.h"

#include <algorithm>

#include "engine/base/log.h"

namespace millrace::serve {
namespace {

constexpr std::size_t kMaxOthers = 8;   // versions of one model, besides champion and candidate
constexpr std::size_t kMaxWanted = 16;  // a flood of made-up version numbers stops here

bool same(const DeploymentRow& a, const DeploymentRow& b) {
  return a.revision == b.revision && a.champion == b.champion && a.candidate == b.candidate &&
         a.weight == b.weight && a.last_good == b.last_good;
}

std::vector<int> sorted_numbers(const std::vector<ModelVersionRow>& rows) {
  std::vector<int> out;
  for (const auto& row : rows) out.push_back(row.version);
  std::ranges::sort(out);
  return out;
}

/// Longest pauses between two tries to load what failed, in scans: what is away may come back soon,
/// what is broken will not.
constexpr int kLongestPauseAway = 4, kLongestPauseBroken = 256;

ServedModelPtr find_loaded(const Route* route, const std::string& artifact) {
  if (route == nullptr) return nullptr;
  for (const auto& known : {route->champion, route->candidate})
    if (known && known->artifact == artifact) return known;
  for (const auto& known : route->others)
    if (known->artifact == artifact) return known;
  return nullptr;
}

void add_other(Route& route, ServedModelPtr served) {
  const auto is_it = [&](const ServedModelPtr& known) {
    return known->artifact == served->artifact && known->version == served->version;
  };
  if (std::ranges::any_of(route.others, is_it)) return;
  route.others.insert(route.others.begin(), std::move(served));
  if (route.others.size() > kMaxOthers) route.others.pop_back();
}

}  // namespace

ServedModelPtr Route::version(int number) const {
  if (champion && champion->version == number) return champion;
  if (candidate && candidate->version == number) return candidate;
  for (const auto& other : others)
    if (other->version == number) return other;
  return nullptr;
}

std::string_view Route::role(const ServedModel& served) const {
  if (candidate && served.artifact == candidate->artifact) return "candidate";
  return share > 0 ? "baseline" : "champion";
}

ModelHost::ModelHost(ServingStore& serving, Registry& registry, LoadModel load,
                     BreakerConfig breaker, std::chrono::milliseconds scan)
    : serving_(serving),
      registry_(registry),
      load_(std::move(load)),
      breaker_(breaker),
      scan_(scan) {}

ModelHost::~ModelHost() { stop(); }

void ModelHost::start() {
  deployments_ = serving_.subscribe([this] { service_.wake(); });
  service_.start([this] { follow(); });
}

void ModelHost::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    published_.notify_all();
  }
  service_.stop();
}

void ModelHost::follow() {
  auto pause = scan_;
  do {
    const bool settled = refresh();
    pause = settled ? scan_ : std::min(scan_, std::chrono::milliseconds(1000));
  } while (service_.wait(pause));
}

/// False if something is worth an early second try.
bool ModelHost::refresh() {
  auto rows = serving_.deployments();
  if (!rows) {
    const MutexLock lock(mutex_);
    if (refresh_failures_++ % 60 == 0)
      log::warning("cannot read the deployments; what is loaded goes on answering",
                   {{"error", rows.error().to_string()}});
    return false;
  }
  const auto old = snapshot();
  const auto wanted = take_wanted();
  Snapshot next;
  next.loaded = true;
  bool settled = true;
  for (const auto& row : *rows) {
    const std::string name = row.key().text();
    const auto found = old->routes.find(name);
    const auto before = found == old->routes.end() ? nullptr : found->second;
    const auto asked = wanted.find(name);
    std::string failure;
    auto route = before;
    if (before == nullptr || !same(before->row, row) || !before->problem.empty())
      route = route_for(row, before.get(), failure);
    if (route && asked != wanted.end()) route = with_versions(*route, asked->second);
    if (route) settled = settled && route->problem.empty();
    if (route)
      next.routes.emplace(name, std::move(route));
    else
      next.failed.emplace(name, failure);
  }
  settled = settled && next.failed.empty();
  publish(std::move(next));
  return settled;
}

ModelHost::Wanted ModelHost::take_wanted() {
  const MutexLock lock(mutex_);
  Wanted out;
  for (const auto& [model, version] : std::exchange(wanted_, {})) out[model].push_back(version);
  return out;
}

std::shared_ptr<const Route> ModelHost::route_for(const DeploymentRow& row, const Route* old,
                                                  std::string& failure) {
  forget_ended_trip(row);
  auto route = std::make_shared<Route>();
  route->model = row.key().text();
  route->row = row;
  if (old != nullptr) route->others = old->others;
  if (const auto seen = revisions_.find(route->model);
      seen == revisions_.end() || seen->second != row.revision) {
    revisions_[route->model] = row.revision;  // what failed before is tried at once
    for (const auto& artifact : {row.champion, row.candidate, row.last_good})
      failed_loads_.erase(artifact);
  }
  load_champion(*route, old, failure);
  load_candidate(*route, old);
  if (!route->champion && !route->candidate) {
    if (failure.empty()) failure = route->problem;
    return nullptr;
  }
  if (!row.last_good.empty())
    if (auto last_good = load(row.key(), row.last_good, row.last_good_version, old))
      add_other(*route, *last_good);
  if (old != nullptr) route->versions = old->versions;
  if (const auto rows = registry_.model_versions(row.key()))
    route->versions = sorted_numbers(*rows);
  return route;
}

void ModelHost::load_champion(Route& route, const Route* old, std::string& failure) {
  const auto& row = route.row;
  if (row.champion.empty()) return;
  auto champion = load(row.key(), row.champion, row.champion_version, old);
  if (champion) {
    route.champion = *std::move(champion);
    return;
  }
  failure = "its champion cannot be loaded: " + champion.error().message;
  route.problem = failure;
  if (old != nullptr && old->champion) {
    route.champion = old->champion;
  } else if (!row.last_good.empty()) {
    auto last_good = load(row.key(), row.last_good, row.last_good_version, old);
    if (last_good) route.champion = *std::move(last_good);
  }
}

void ModelHost::load_candidate(Route& route, const Route* old) {
  const auto& row = route.row;
  if (row.candidate.empty()) return;
  auto candidate = load(row.key(), row.candidate, row.candidate_version, old);
  if (!candidate) {
    route.problem += (route.problem.empty() ? "" : "; ") +
                     ("its candidate cannot be loaded: " + candidate.error().message);
    return;
  }
  route.candidate = *std::move(candidate);
  route.seed = route.model + ":" + row.candidate;
  route.share = std::clamp(row.weight / 100, 0.0, 1.0);
  const MutexLock lock(mutex_);
  const bool same_canary = old != nullptr && old->breaker && old->row.candidate == row.candidate &&
                           (!old->breaker->tripped() || trips_.contains(route.model));
  route.breaker = same_canary ? old->breaker : std::make_shared<CircuitBreaker>(breaker_);
}

Result<ServedModelPtr> ModelHost::load(const ModelKey& model, const std::string& artifact,
                                       int version, const Route* old) {
  if (auto known = find_loaded(old, artifact)) {
    if (version == 0 || known->version == version) return known;
    return std::make_shared<const ServedModel>(
        ServedModel{model, model.text(), artifact, version, known->predictor});
  }
  const auto failed = failed_loads_.find(artifact);
  if (failed != failed_loads_.end() && failed->second.left > 0) {
    --failed->second.left;
    return failed->second.error;
  }
  auto served = read_model(model, artifact, version);
  if (served) {
    failed_loads_.erase(artifact);
    log::info("model loaded",
              {{"model", model.text()}, {"version", (*served)->version}, {"artifact", artifact}});
    return served;
  }
  FailedLoad& failure = failed_loads_[artifact];
  const bool away = served.error().transient();
  failure.error = served.error();
  failure.pause = std::clamp(failure.pause * 2, 1, away ? kLongestPauseAway : kLongestPauseBroken);
  failure.left = failure.pause;
  log::error("model not loaded", {{"model", model.text()},
                                  {"artifact", artifact},
                                  {"scans_until_next_try", failure.pause},
                                  {"error", served.error().to_string()}});
  const MutexLock lock(mutex_);
  ++load_failures_;
  return served;
}

Result<ServedModelPtr> ModelHost::read_model(const ModelKey& model, const std::string& artifact,
                                             int version) {
  MR_TRY(const std::string text, load_(artifact));
  MR_TRY(ml::Model predictor, ml::Model::parse(text));
  if (version == 0) {
    const auto row = registry_.model_version(model, artifact);
    if (!row && row.error().code != ErrorCode::not_found) return row.error();
    if (row) version = row->version;
  }
  return std::make_shared<const ServedModel>(
      ServedModel{model, model.text(), artifact, version, std::move(predictor)});
}

std::shared_ptr<const Route> ModelHost::with_versions(const Route& route,
                                                      const std::vector<int>& numbers) {
  auto next = std::make_shared<Route>(route);
  const auto rows = registry_.model_versions(route.row.key());
  if (!rows) return next;
  next->versions = sorted_numbers(*rows);
  for (const int number : numbers) {
    if (next->version(number)) continue;
    for (const auto& row : *rows)
      if (row.version == number)
        if (auto served = load(row.key(), row.artifact, number, next.get()))
          add_other(*next, *served);
  }
  return next;
}

/// A tripped candidate stays without traffic while its canary lasts: until the row names another
/// candidate or none, or the history shows that it was taken back and sent out anew.
void ModelHost::forget_ended_trip(const DeploymentRow& row) {
  Trip trip;
  {
    const MutexLock lock(mutex_);
    const auto found = trips_.find(row.key().text());
    if (found == trips_.end()) return;
    trip = found->second;
  }
  bool ended = row.candidate != trip.artifact;
  if (!ended && row.revision > trip.revision) {
    const auto history = serving_.deployment_history(row.key(), 50);
    if (history)
      ended = std::ranges::any_of(*history, [&](const DeploymentEventRow& event) {
        return event.revision > trip.revision && event.revision <= row.revision &&
               (event.action == "promote" || event.action == "rollback");
      });
  }
  if (!ended) return;
  const MutexLock lock(mutex_);
  trips_.erase(row.key().text());
}

void ModelHost::publish(Snapshot next) {
  const MutexLock lock(mutex_);
  for (auto& [model, route] : next.routes) {
    const auto trip = trips_.find(model);
    if (trip == trips_.end() || trip->second.artifact != route->row.candidate) continue;
    auto without = std::make_shared<Route>(*route);
    without->share = 0;
    without->tripped = true;
    route = std::move(without);
  }
  snapshot_ = std::make_shared<const Snapshot>(std::move(next));
  published_.notify_all();
}

std::shared_ptr<const Snapshot> ModelHost::snapshot() const {
  const MutexLock lock(mutex_);
  return snapshot_;
}

bool ModelHost::trip(std::string_view model, std::string_view artifact) {
  const MutexLock lock(mutex_);
  const auto found = snapshot_->routes.find(model);
  if (found == snapshot_->routes.end() || found->second->row.candidate != artifact) return false;
  if (found->second->tripped || !found->second->champion) return false;
  auto next = std::make_shared<Snapshot>(*snapshot_);
  auto route = std::make_shared<Route>(*found->second);
  route->share = 0;
  route->tripped = true;
  trips_[std::string(model)] = {std::string(artifact), route->row.revision};
  next->routes[std::string(model)] = std::move(route);
  snapshot_ = std::move(next);
  published_.notify_all();
  return true;
}

void ModelHost::want_version(std::string_view model, int version) {
  {
    const MutexLock lock(mutex_);
    if (wanted_.size() >= kMaxWanted) return;
    wanted_.emplace(std::string(model), version);
  }
  service_.wake();
}

bool ModelHost::wait(const std::function<bool(const Snapshot&)>& done,
                     std::chrono::milliseconds timeout) {
  MutexLock lock(mutex_);
  return published_.wait_for(lock, timeout, [&]() REQUIRES(mutex_) {
    return stopping_ || done(*snapshot_);
  }) && done(*snapshot_);
}

std::int64_t ModelHost::load_failures() const {
  const MutexLock lock(mutex_);
  return load_failures_;
}
std::int64_t ModelHost::refresh_failures() const {
  const MutexLock lock(mutex_);
  return refresh_failures_;
}

}  // namespace millrace::serve
