#include "engine/pg/notifier.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/base/log.h"
#include "engine/pg/failure.h"
#include "engine/pg/session.h"

namespace millrace::pg {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPause{50};       // between two notifications
constexpr seconds kLookAround{5};        // between two calls without a reason
constexpr milliseconds kReconnect{500};  // between two attempts to connect

constexpr std::array<const char*, kTopics> kChannels = {"millrace_journal", "millrace_inbox",
                                                        "millrace_deployment"};

}  // namespace

struct Notifier::State {
  explicit State(std::string given)
      : dsn(std::move(given)), stop_event(::eventfd(0, EFD_CLOEXEC)) {}

  const std::string dsn;
  const int stop_event;
  const InterruptPtr interrupt = std::make_shared<Interrupt>();  // of both connections
  std::mutex mutex;                                              // guards what follows
  std::condition_variable changed;
  std::array<std::vector<std::function<void()>>, kTopics> subscribers;
  std::array<bool, kTopics> to_send{};
  bool stopping = false;
  std::string own_name;  // in the payload, so that we do not listen to ourselves
  std::thread speaker, listener;

  void call(std::size_t topic) {
    std::vector<std::function<void()>> callbacks;
    {
      const std::lock_guard lock(mutex);
      callbacks = subscribers[topic];
    }
    for (const auto& callback : callbacks) callback();
  }
  void call_all() {
    for (std::size_t topic = 0; topic < kTopics; ++topic) call(topic);
  }

  bool stop_within(Duration pause) {
    pollfd event{stop_event, POLLIN, 0};
    return ::poll(&event, 1, static_cast<int>(pause / milliseconds{1})) > 0;
  }

  // --- the speaker ---

  void speak() {
    std::unique_ptr<Session> session;
    while (true) {
      std::array<bool, kTopics> topics{};
      {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stopping || to_send != decltype(to_send){}; });
        if (stopping) return;
        topics = std::exchange(to_send, {});
      }
      try {
        send(session, topics);
      } catch (...) {
        session.reset();  // those who missed it look around by themselves
      }
      if (stop_within(kPause)) return;
    }
  }

  void send(std::unique_ptr<Session>& session, const std::array<bool, kTopics>& topics) {
    if (!session || !session->is_open()) {
      session = std::make_unique<Session>(dsn, interrupt);
      session->exec("notify_need_not_last");
    }
    for (std::size_t topic = 0; topic < kTopics; ++topic)
      if (topics[topic]) session->exec("notify", Params().add(kChannels[topic]).add(own_name));
  }

  // --- the listener ---

  void listen() {
    while (!stop_within({})) {
      try {
        Session session(dsn, interrupt);
        session.listen({kChannels.begin(), kChannels.end()},
                       [this](const std::string& channel, const std::string& payload) {
                         if (payload == own_name) return;
                         for (std::size_t topic = 0; topic < kTopics; ++topic)
                           if (channel == kChannels[topic]) call(topic);
                       });
        call_all();  // for what happened while nobody listened
        hear(session);
      } catch (...) {
        const Failure failure = current_failure();
        log::debug("the listening connection is gone", {{"error", failure.error.message}});
      }
      if (stop_within(kReconnect)) return;
    }
  }

  /// Until asked to stop, or the connection is lost (an exception).
  void hear(Session& session) {
    while (true) {
      std::array<pollfd, 2> events = {{{session.descriptor(), POLLIN, 0}, {stop_event, POLLIN, 0}}};
      const int ready =
          ::poll(events.data(), events.size(), static_cast<int>(kLookAround / milliseconds{1}));
      if (events[1].revents != 0) return;
      if (ready == 0) call_all();
      if (events[0].revents != 0) session.await(Duration{0});
    }
  }
};

Notifier::Notifier(std::string dsn) : state_(std::make_unique<State>(std::move(dsn))) {
  State& state = *state_;
  Rng rng(system_entropy());
  state.own_name = std::to_string(rng.next());
  state.speaker = std::thread([&state] { state.speak(); });
  state.listener = std::thread([&state] { state.listen(); });
}

Notifier::~Notifier() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t n = ::write(state_->stop_event, &one, sizeof one);
  state_->interrupt->raise();  // a word that is lost is made up for
  state_->speaker.join();
  state_->listener.join();
  ::close(state_->stop_event);
}

void Notifier::subscribe(Topic topic, std::function<void()> callback) {
  const std::lock_guard lock(state_->mutex);
  state_->subscribers[static_cast<std::size_t>(topic)].push_back(std::move(callback));
}

void Notifier::tell(Topic topic) {
  tell_others(topic);
  state_->call(static_cast<std::size_t>(topic));
}

void Notifier::tell_others(Topic topic) {
  const auto index = static_cast<std::size_t>(topic);
  const std::lock_guard lock(state_->mutex);
  if (state_->to_send[index]) return;
  state_->to_send[index] = true;
  state_->changed.notify_one();
}

}  // namespace millrace::pg
