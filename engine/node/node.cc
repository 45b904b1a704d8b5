#include "engine/node/node.h"

#include <optional>

#include "engine/api/api.h"
#include "engine/artifact/artifact_store.h"
#include "engine/base/log.h"
#include "engine/base/mutex.h"
#include "engine/cluster/private_cluster.h"
#include "engine/cluster/state_lock.h"
#include "engine/exec/query_service.h"
#include "engine/exec/runner_pool.h"
#include "engine/follow/feed.h"
#include "engine/http/listener.h"
#include "engine/http/tls.h"
#include "engine/ml/model.h"
#include "engine/node/engine_metrics_text.h"
#include "engine/node/event_log.h"
#include "engine/node/owner.h"
#include "engine/node/resource_folder.h"
#include "engine/pg/database.h"
#include "engine/pg/history.h"
#include "engine/pg/migrate.h"
#include "engine/pg/pg_store.h"
#include "engine/sched/engine.h"
#include "engine/serve/model_server.h"
#include "engine/spec/load.h"
#include "engine/spec/schema.h"
#include "engine/store/command.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

constexpr Duration kSharedLease = std::chrono::milliseconds{1750};
/// At the end. What the database did not take then is done again by the next engine, or is in the
/// spool.
constexpr Duration kLongestSilence = std::chrono::seconds{1};
constexpr std::size_t kMaxModelBytes = std::size_t{512} << 20;

StateLock::Purpose purpose_of(const NodeParts& parts) {
  if (parts.engine) return StateLock::Purpose::engine;
  return parts.serve ? StateLock::Purpose::model_server : StateLock::Purpose::reader;
}

/// `option`: the one that chooses another port.
Result<std::shared_ptr<http::Listener>> listener_on(const std::string& host, int port,
                                                    std::string_view option) {
  auto opened = http::Listener::open(host, port);
  if (opened) return std::make_shared<http::Listener>(*std::move(opened));
  Error error = opened.error();
  if (error.code == ErrorCode::unavailable)
    error.message += "; choose another port with " + std::string(option) + ", 0 for any free one";
  return error;
}

}  // namespace

/// Members are declared in the order in which they start, and end in the opposite order.
struct Node::Body {
  NodeOptions options;
  SystemClock clock;
  Catalog catalog = builtin_catalog();
  std::optional<StateLock> lock;
  std::shared_ptr<http::TlsIdentity> api_tls, serve_tls;
  std::shared_ptr<http::Listener> api_listener, serve_listener;
  std::unique_ptr<PrivateCluster> cluster;
  std::unique_ptr<Database> database;
  std::unique_ptr<PgStore> store;
  std::unique_ptr<ArtifactStore> artifacts;
  std::unique_ptr<QueryService> queries;
  std::unique_ptr<RunnerPool> pool;
  std::unique_ptr<HistoryKeeper> history;
  std::unique_ptr<Engine> engine;
  std::unique_ptr<ResourceFolder> resources;
  std::unique_ptr<serve::ModelServer> server;
  std::unique_ptr<follow::Feed> feed;
  std::unique_ptr<api::Api> api;

  Mutex commits_mutex;
  Status commits GUARDED_BY(commits_mutex);
  std::optional<std::chrono::steady_clock::time_point> commits_at GUARDED_BY(commits_mutex);

  Mutex ids_mutex;
  Rng rng GUARDED_BY(ids_mutex){system_entropy()};
  UuidSource ids GUARDED_BY(ids_mutex);

  Mutex mutex;
  ConditionVariable changed;
  std::int64_t change_count GUARDED_BY(mutex) = 0;
  std::function<void()> on_change GUARDED_BY(mutex);

  Uuid new_id();
  Status load_certificate();
  Status bind_ports(const NodeParts& parts);
  Status open_store();
  Status start_engine(const NodeParts& parts);
  Status start_server();
  void make_api();
  void journal_changed(std::vector<Event> events);
  Status check_commits();
  Result<std::string> load_model(std::string_view digest) const;
  Status roll_back(const serve::TripReport& trip);
};

/// Each server reads a renewed certificate by itself.
Status Node::Body::load_certificate() {
  if (options.tls_cert.empty() && options.tls_key.empty()) return {};
  if (options.tls_cert.empty() || options.tls_key.empty())
    return invalid_argument("HTTPS needs both --tls-cert and --tls-key");
  MR_TRY(api_tls, http::TlsIdentity::load(options.tls_cert, options.tls_key));
  MR_TRY(serve_tls, http::TlsIdentity::load(options.tls_cert, options.tls_key));
  return {};
}

/// Before the database starts and long before this engine leads: who cannot be reached must not
/// take the work of one that can.
Status Node::Body::bind_ports(const NodeParts& parts) {
  if (parts.api) {
    MR_TRY(api_listener, listener_on(options.host, options.port, "--port"));
  }
  if (parts.serve) {
    MR_TRY(serve_listener, listener_on(options.host, options.serve_port, "--serve-port"));
  }
  return {};
}

Status Node::Body::open_store() {
  DatabaseOptions database_options;
  database_options.dsn = options.db;
  if (options.db.empty()) {
    MR_TRY(cluster, PrivateCluster::start(options.state));
    database_options.dsn = cluster->dsn();
  }
  MR_TRY(database, Database::open(database_options));
  MR_CHECK(migrate(*database));
  // What is written from now on finds its period; a session that reads for long is not waited for.
  if (const auto added = History(*database, clock, options.retention).add_periods(); !added)
    log::warning("periods of history could not be made yet", {{"error", added.error().message}});
  store = std::make_unique<PgStore>(*database);
  MR_TRY(ArtifactStore opened, ArtifactStore::open(options.state / "artifacts"));
  artifacts = std::make_unique<ArtifactStore>(std::move(opened));
  MR_TRY(const std::int64_t leavings, artifacts->remove_leavings());
  if (leavings > 0) log::info("removed what killed writers left", {{"files", leavings}});
  return {};
}

Status Node::Body::start_engine(const NodeParts& parts) {
  Stores stores = store->stores();
  queries = std::make_unique<QueryService>(stores);
  RunnerPoolConfig config;
  config.argv = {"/proc/self/exe", "runner", "--state", options.state.string()};
  config.slots = static_cast<std::size_t>(worker_count(options));
  config.work_dir = options.state / "work";
  config.nice = options.nice;
  if (api_listener)
    config.environment = {"MILLRACE_URL=" + local_url(options, api_listener->port())};
  if (auto identity = identity_of(*database))
    config.mark = *std::move(identity);
  else  // its own attempts are still found
    log::warning("processes that a former engine left behind will not be found",
                 {{"error", identity.error().to_string()}});
  pool = std::make_unique<RunnerPool>(
      config, RunnerPoolParts{
                  catalog, *artifacts, stores.logs, clock,
                  [this](const std::string& name_space, std::string_view name, const Json& args) {
                    return queries->answer(name_space, name, args);
                  }});
  EngineOptions engine_options;
  engine_options.owner = owner_name(system_entropy());
  engine_options.former_owner = take_over_state(options.state, engine_options.owner);
  // Nobody else can lead on a private cluster; on a shared one a standby should not wait for long.
  if (!options.db.empty()) engine_options.lease_ttl = kSharedLease;
  PoolOptions& processes = engine_options.planner.pool("process");
  processes.slots = worker_count(options);
  processes.ahead_per_slot = kAttemptsAhead;
  engine_options.planner.executor_of = [this](const std::string& op) {
    return catalog.executor_of(op);
  };
  engine_options.planner.only_dag = parts.only_dag;
  engine = std::make_unique<Engine>(engine_options, stores, *pool, clock, Rng(system_entropy()));
  engine->on_step([this](StepReport& report) {
    log_events(report.durable);
    if (report.events > 0) journal_changed(std::move(report.durable));
  });
  history = std::make_unique<HistoryKeeper>(*database, clock, options.retention);
  engine->add_term_service({"history", std::chrono::minutes{1}, [this] { history->begin_term(); },
                            [this] { history->look(); }});
  engine->start();
  return {};
}

void Node::Body::journal_changed(std::vector<Event> events) {
  std::function<void()> callback;
  {
    const MutexLock guard(mutex);
    ++change_count;
    callback = on_change;
  }
  changed.notify_all();
  if (feed) feed->offer(std::move(events));
  if (callback) callback();
}

/// The server needs some room for each commit, and ends where it cannot write its log.
Status Node::Body::check_commits() {
  constexpr std::uintmax_t kLeastRoom = 8u << 20;
  std::error_code error;
  if (cluster) {
    const auto space = std::filesystem::space(cluster->data_folder(), error);
    if (!error && space.available < kLeastRoom)
      return unavailable("the disk of '" + cluster->data_folder().string() + "' is full");
  }
  const MutexLock guard(commits_mutex);
  if (const auto now = clock.steady();
      !commits_at || now - *commits_at >= std::chrono::seconds{1}) {
    commits = database->check_commits();
    commits_at = clock.steady();
  }
  return commits;
}

Result<std::string> Node::Body::load_model(std::string_view digest) const {
  return artifacts->read(digest, kMaxModelBytes);
}

Uuid Node::Body::new_id() {
  const MutexLock guard(ids_mutex);
  return ids.next(clock.now(), rng);
}

/// The breaker has taken the candidate's traffic already; this makes it everybody's truth.
Status Node::Body::roll_back(const serve::TripReport& trip) {
  const ModelKey model = ModelKey::parse(trip.model);
  RollbackModel back{model.name, "the circuit breaker opened", trip.evidence, trip.artifact};
  back.candidate_only = true;
  Command command = make_command(back, {model.namespace_, {"model server", back.reason}});
  command.id = new_id();
  command.created_at = clock.now();
  const auto submitted = store->stores().inbox.submit(command);
  return submitted ? Status{} : Status{submitted.error()};
}

Status Node::Body::start_server() {
  serve::ModelServerConfig config;
  config.http.listener = serve_listener;
  config.http.tls = serve_tls;
  config.http.host_names = options.allow_hosts;
  config.log.spool_dir = options.state / "spool";
  config.log.sampling = options.log_sampling;
  config.log.when_full = options.log_when_full;
  config.on_trip = [this](const serve::TripReport& trip) { return roll_back(trip); };
  Stores stores = store->stores();
  server = std::make_unique<serve::ModelServer>(
      config, stores.serving, stores.registry,
      [this](std::string_view digest) { return load_model(digest); }, clock, system_entropy());
  return server->start();
}

void Node::Body::make_api() {
  api::ApiConfig config;
  config.http.listener = api_listener;
  config.http.tls = api_tls;
  config.http.host_names = options.allow_hosts;
  config.instance = std::filesystem::absolute(options.state).string();
  api::ApiHooks hooks;
  hooks.artifact_path = [this](std::string_view digest) -> Result<std::filesystem::path> {
    MR_CHECK(artifacts->verify(digest));
    MR_TRY(const StoredArtifact stored, artifacts->get(digest));
    return stored.path;
  };
  hooks.lint = [this](std::string_view text, std::string_view file) {
    const auto found = find_yaml_files(options.dags);
    const Templates templates = found ? Templates::read(found->templates, catalog) : Templates();
    const Resource loaded = load_resource(text, file, catalog, builtin_kinds(), templates);
    return Json::object(
        {{"ok", loaded.ok()}, {"diagnostics", diagnostics_json(loaded.diagnostics, text)}});
  };
  hooks.dag_schema = [this] { return dag_json_schema(catalog); };
  hooks.metrics = [this] {
    return engine ? engine_metrics_text(engine->metrics(), history->metrics()) : std::string();
  };
  hooks.leading = [this] { return engine != nullptr && engine->metrics().leading; };
  hooks.commits = [this] { return check_commits(); };
  hooks.assets = api::web_assets();
  feed = std::make_unique<follow::Feed>(store->stores(), clock);
  api = std::make_unique<api::Api>(config, store->stores(), catalog, clock, *feed, system_entropy(),
                                   hooks);
  feed->start();  // before any request: what it starts is counted
}

Node::Node(std::unique_ptr<Body> body) : body_(std::move(body)) {}

Result<std::unique_ptr<Node>> Node::start(const NodeOptions& options, const NodeParts& parts) {
  auto body = std::make_unique<Body>();
  body->options = options;
  body->options.state = std::filesystem::absolute(options.state);
  MR_CHECK(body->load_certificate());
  MR_TRY(StateLock held, StateLock::acquire(body->options.state, purpose_of(parts)));
  body->lock.emplace(std::move(held));
  MR_CHECK(body->bind_ports(parts));
  MR_CHECK(body->open_store());
  if (parts.serve) MR_CHECK(body->start_server());
  if (parts.api) body->make_api();  // the engine offers each batch to its feed
  if (parts.engine) MR_CHECK(body->start_engine(parts));
  if (parts.api) MR_CHECK(body->api->start());
  if (parts.engine && parts.watch_dags) {
    body->resources = std::make_unique<ResourceFolder>(ResourceFolderParts{
        options.dags, body->catalog,
        [&engine = *body->engine](SyncDags folder) { engine.put_folder(std::move(folder)); }});
    body->resources->start();
  }
  return std::unique_ptr<Node>(new Node(std::move(body)));
}

Node::~Node() {
  Body& body = *body_;
  if (body.database) body.database->end_waits_after(kLongestSilence);
  if (body.resources) body.resources->stop();
  // First, so that a standby leads at once, whatever the clients of the servers do.
  if (body.engine) body.engine->stop();
  if (body.api) body.api->stop();
  if (body.server) body.server->stop();
  if (body.store) {
    if (const auto marked = body.store->write_marks(); !marked)
      log::warning("the marks could not be written", {{"error", marked.error().message}});
  }
  if (body.feed) body.feed->stop();
  body.api.reset();
  body.engine.reset();
}

Stores Node::stores() { return body_->store->stores(); }
Engine& Node::engine() { return *body_->engine; }
int Node::api_port() const { return body_->api ? body_->api->port() : 0; }
int Node::serve_port() const { return body_->server ? body_->server->port() : 0; }

Result<std::filesystem::path> Node::artifact_path(std::string_view digest) const {
  MR_TRY(const StoredArtifact stored, body_->artifacts->get(digest));
  return stored.path;
}

void Node::on_journal_change(std::function<void()> callback) {
  const MutexLock guard(body_->mutex);
  body_->on_change = std::move(callback);
}

Result<Json> Node::ask(Command command, Duration patience) {
  Body& body = *body_;
  if (command.id.is_nil()) command.id = body.new_id();
  command.created_at = body.clock.now();
  MR_TRY(const Command stored, stores().inbox.submit(command));
  const auto deadline = body.clock.steady() + patience;
  MutexLock guard(body.mutex);
  for (;;) {
    const std::int64_t seen = body.change_count;
    guard.unlock();
    MR_TRY(const auto result, stores().inbox.result(stored.id));
    if (result) {
      if (result->ok) return result->result;
      return error_from_json(result->result);
    }
    guard.lock();
    if (!body.changed.wait_until(guard, deadline,
                                 [&]() REQUIRES(body.mutex) { return body.change_count != seen; }))
      return make_error(ErrorCode::timeout, "the engine did not answer in time");
  }
}

}  // namespace millrace
