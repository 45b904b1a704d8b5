// ServerCore: what the connections of one HttpServer share. Lives until the last of them is gone.
// Internal to this module.
#pragma once

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <list>
#include <memory>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/http/guard.h"
#include "engine/http/server.h"
#include "engine/http/worker_pool.h"

namespace millrace::http {

class Session;

struct ServerCore : std::enable_shared_from_this<ServerCore> {
  ServerCore(HttpConfig config_, const Clock& clock_, HttpHandlers handlers_);

  Status start();
  void stop();
  void accept();
  void admit(boost::asio::ip::tcp::socket socket);
  /// A session is gone.
  void leave(const Session* session);
  /// A session waits for its peer to send, or no longer does: the one that has waited for longest
  /// goes first when there are too many.
  void begin_waiting(Session* session);
  void end_waiting(Session* session);
  std::string next_request_id();
  HttpResponse refusal(const Refusal& refusal, const HttpRequest& request) const;
  /// The handler's answer, whatever it throws.
  HttpResponse answer(const HttpRequest& request) const;
  HttpResponse guarded(const HttpRequest& request, const std::function<HttpResponse()>& call) const;

  const HttpConfig config;
  const Clock& clock;
  const HttpHandlers handlers;
  const GuardRules rules;
  std::size_t most_connections;
  boost::asio::io_context context;
  boost::asio::ip::tcp::acceptor acceptor;
  boost::asio::steady_timer retry_timer;
  std::optional<boost::asio::executor_work_guard<boost::asio::io_context::executor_type>> work;
  std::vector<std::thread> threads;
  WorkerPool workers;
  std::atomic<int> port{0};
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> requests{0};

  Mutex mutex;
  ConditionVariable changed;
  std::unordered_map<const Session*, std::weak_ptr<Session>> open GUARDED_BY(mutex);
  std::list<Session*> waiting GUARDED_BY(mutex);  // oldest first
  std::unordered_map<Session*, std::list<Session*>::iterator> waiting_at GUARDED_BY(mutex);
  bool stopped GUARDED_BY(mutex) = false;

 private:
  std::vector<std::shared_ptr<Session>> sessions();
  bool wait_until_gone(std::chrono::milliseconds patience);
};

}  // namespace millrace::http
