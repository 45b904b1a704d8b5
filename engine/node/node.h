// Node: one running Millrace: database, runners, engine, model server, API, put together. The
// composition root; owns everything, in the order in which it can be taken down.
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
  bool engine = true;  // plan and run; `false`: only read, serve and answer
  bool serve = true;   // the model server
  bool api = true;     // REST and dashboard
  bool watch_dags = true;
  DagKey only_dag = {};  // the engine carries on runs of this DAG alone; empty: all
};

class Node {
 public:
  /// Takes the state folder's lock, starts or joins the database, migrates it, starts the parts.
  /// Errors name the cure.
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
  /// Hands a command in and waits for its answer.
  Result<Json> ask(Command command, Duration patience);
  /// Calls back after each batch that this engine made durable. Set before the first run matters.
  void on_journal_change(std::function<void()> callback);

 private:
  struct Body;
  explicit Node(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace millrace
