#include "engine/http/server.h"

#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "engine/base/log.h"
#include "engine/http/core.h"
#include "engine/http/encoding.h"
#include "engine/http/session.h"
#include "engine/http/tls.h"

namespace millrace::http {
namespace {

constexpr std::string_view kFull =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    "Connection: close\r\nContent-Length: 32\r\n\r\n{\"error\":\"too many connections\"}";
static_assert(std::string_view("{\"error\":\"too many connections\"}").size() == 32);

/// Half of what the process may have open: a server never takes the last descriptor from the rest.
std::size_t half_of_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 256;
  return std::max<std::size_t>(16, static_cast<std::size_t>(limit.rlim_cur) / 2);
}

}  // namespace

ServerCore::ServerCore(HttpConfig config_, const Clock& clock_, HttpHandlers handlers_)
    : config(std::move(config_)),
      clock(clock_),
      handlers(std::move(handlers_)),
      rules{config.host_names, config.max_body_bytes, config.any_type_below},
      most_connections(std::min(config.max_connections, half_of_descriptors())),
      acceptor(boost::asio::make_strand(context)),
      retry_timer(acceptor.get_executor()),
      // What waits and streams needs one worker even where no handler blocks.
      workers(std::max<std::size_t>(1, config.workers), config.max_waiting) {}

Status ServerCore::start() {
  {
    const MutexLock lock(mutex);
    if (port != 0) return conflict("the HTTP server was started already");
  }
  auto listener = config.listener;
  if (!listener) {
    MR_TRY(Listener opened, Listener::open(config.host, config.port));
    listener = std::make_shared<Listener>(std::move(opened));
  }
  boost::system::error_code error;
  acceptor.assign(listener->is_v6() ? boost::asio::ip::tcp::v6() : boost::asio::ip::tcp::v4(),
                  listener->release(), error);
  if (error) return internal_error("the listening socket was not taken: " + error.message());
  port = listener->port();
  workers.start();
  work.emplace(context.get_executor());
  boost::asio::post(acceptor.get_executor(), [self = shared_from_this()] { self->accept(); });
  for (std::size_t i = 0; i < std::max<std::size_t>(1, config.io_threads); ++i)
    threads.emplace_back([this] { context.run(); });
  return {};
}

void ServerCore::accept() {
  acceptor.async_accept(
      boost::asio::make_strand(context),
      boost::asio::bind_executor(acceptor.get_executor(), [self = shared_from_this()](
                                                              boost::system::error_code error,
                                                              boost::asio::ip::tcp::socket socket) {
        if (!self->acceptor.is_open()) return;
        if (!error) {
          self->admit(std::move(socket));
          return self->accept();
        }
        // Out of file descriptors, mostly: try again when some connections may have ended.
        log::warning("cannot accept a connection", {{"error", error.message()}});
        self->retry_timer.expires_after(std::chrono::milliseconds(100));
        self->retry_timer.async_wait([self](boost::system::error_code cancelled) {
          if (!cancelled) self->accept();
        });
      }));
}

void ServerCore::admit(boost::asio::ip::tcp::socket socket) {
  boost::system::error_code ignored;
  socket.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
  const auto tls = config.tls ? config.tls->context() : nullptr;
  std::shared_ptr<Session> session, oldest;
  {
    const MutexLock lock(mutex);
    if (open.size() >= most_connections && !waiting.empty()) {
      const auto found = open.find(waiting.front());
      if (found != open.end()) oldest = found->second.lock();
      waiting_at.erase(waiting.front());
      waiting.pop_front();
    }
    if (open.size() < most_connections || oldest) {
      session = std::make_shared<Session>(std::move(socket), tls, shared_from_this());
      open.emplace(session.get(), session);
    }
  }
  if (oldest) oldest->evict();
  if (session) return session->run();
  if (tls) return;  // a handshake for a refusal would cost more than the refusal is worth
  socket.non_blocking(true, ignored);
  socket.write_some(boost::asio::buffer(kFull), ignored);
}

void ServerCore::leave(const Session* session) {
  const MutexLock lock(mutex);
  open.erase(session);
  changed.notify_all();
}

void ServerCore::begin_waiting(Session* session) {
  const MutexLock lock(mutex);
  const auto [at, added] = waiting_at.try_emplace(session);
  if (added) at->second = waiting.insert(waiting.end(), session);
}

void ServerCore::end_waiting(Session* session) {
  const MutexLock lock(mutex);
  const auto found = waiting_at.find(session);
  if (found == waiting_at.end()) return;
  waiting.erase(found->second);
  waiting_at.erase(found);
}

std::string ServerCore::next_request_id() {
  return "r" + std::to_string(to_micros(clock.now())) + "-" + std::to_string(++requests);
}

HttpResponse ServerCore::guarded(const HttpRequest& request,
                                 const std::function<HttpResponse()>& call) const {
  std::string what;
  try {
    HttpResponse response = call();
    if (config.compress && !response.later && !response.stream) compress(request, response);
    return response;
  } catch (const std::exception& error) {
    what = error.what();
  } catch (...) {
    what = "something that is no std::exception";
  }
  log::error("a request's handler threw", {{"what", what},
                                           {"method", request.method},
                                           {"path", request.path},
                                           {"request_id", request.request_id}});
  return refusal({500, "internal",
                  "Something went wrong inside; the server's log has it under this request id."},
                 request);
}

HttpResponse ServerCore::answer(const HttpRequest& request) const {
  return guarded(request, [&] { return handlers.answer(request); });
}

HttpResponse ServerCore::refusal(const Refusal& refusal, const HttpRequest& request) const {
  HttpResponse response = handlers.refuse(refusal, request);
  const bool said = std::ranges::any_of(
      response.headers, [](const auto& one) { return same_name(one.first, "Retry-After"); });
  if (refusal.status == 503 && !said) response.headers.emplace_back("Retry-After", "1");
  return response;
}

std::vector<std::shared_ptr<Session>> ServerCore::sessions() {
  std::vector<std::shared_ptr<Session>> out;
  const MutexLock lock(mutex);
  for (const auto& [key, weak] : open)
    if (auto session = weak.lock()) out.push_back(std::move(session));
  return out;
}

bool ServerCore::wait_until_gone(std::chrono::milliseconds patience) {
  MutexLock lock(mutex);
  return changed.wait_for(lock, patience, [this]() REQUIRES(mutex) { return open.empty(); });
}

void ServerCore::stop() {
  {
    const MutexLock lock(mutex);
    if (stopped || threads.empty()) return;
    stopped = true;
  }
  draining = true;
  boost::asio::post(acceptor.get_executor(), [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->acceptor.close(ignored);
    self->retry_timer.cancel();
  });
  for (const auto& session : sessions()) session->drain();
  wait_until_gone(config.drain_timeout);
  for (const auto& session : sessions()) session->abort();
  workers.stop();
  work.reset();  // the threads end with the last operation
  for (auto& thread : threads) thread.join();
}

HttpServer::HttpServer(HttpConfig config, const Clock& clock, HttpHandlers handlers)
    : core_(std::make_shared<ServerCore>(std::move(config), clock, std::move(handlers))) {}
HttpServer::~HttpServer() { stop(); }
Status HttpServer::start() { return core_->start(); }
void HttpServer::stop() { core_->stop(); }
int HttpServer::port() const { return core_->port; }
std::size_t HttpServer::connections() const {
  const MutexLock lock(core_->mutex);
  return core_->open.size();
}

}  // namespace millrace::http
