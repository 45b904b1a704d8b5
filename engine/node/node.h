// Node: one running Millrace process. It creates and connects the database, the runners, the
// engine, the model server and the API, owns them all, and stops them in the reverse order.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/node/node_options.h"
#include "engine/store/store.h"

namespace millrace {

class Engine;

struct NodeParts {
  bool engine = true;  // false: no run starts here; the other parts work
  bool serve = true;   // the model server
  bool api = true;     // REST and dashboard
  bool watch_dags = true;
  DagKey only_dag = {};  // if set, only runs of this DAG continue
};

class Node {
 public:
  /// Locks the state folder, starts the private cluster or connects to the database, migrates it,
  /// and starts the parts. Each error names its fix.
  static Result<std::unique_ptr<Node>> start(const NodeOptions& options, const NodeParts& parts);
  /// Stops everything, the database last.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  Stores stores();
  Engine& engine();
  /// The path of an artifact's bytes.
  Result<std::filesystem::path> artifact_path(std::string_view digest) const;
  int api_port() const;
  int serve_port() const;
  /// Submits a command and waits for its answer.
  Result<Json> ask(Command command, Duration patience);
  /// Calls `callback` after each batch that this engine has made durable. Batches before this call
  /// are not reported.
  void on_journal_change(std::function<void()> callback);

 private:
  struct Body;
  explicit Node(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace millrace
