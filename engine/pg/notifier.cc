#include "engine/pg/notifier.h"

#include <poll.h>

#include "engine/base/log.h"
#include "engine/base/mutex.h"
#include "engine/base/service.h"
#include "engine/pg/failure.h"
#include "engine/pg/session.h"

namespace millrace::pg {
namespace {

constexpr int kTopics = 3;

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kPause{50};       // between two notifications
constexpr seconds kLookAround{5};        // between two calls without a reason
constexpr milliseconds kReconnect{500};  // between two attempts to connect

constexpr std::array<const char*, kTopics> kChannels = {"millrace_journal", "millrace_inbox",
                                                        "millrace_deployment"};

}  // namespace

struct Notifier::State {
  explicit State(std::string given) : dsn(std::move(given)) {}

  using Topics = std::array<bool, kTopics>;

  const std::string dsn;
  std::string own_name;  // in the payload, so that we do not listen to ourselves
  const InterruptPtr interrupt = std::make_shared<Interrupt>();  // of both connections
  std::array<Subscribers<>, kTopics> subscribers;
  Mutex mutex;
  Topics to_send GUARDED_BY(mutex) = {};
  Service speaker{"pg speaker"}, listener{"pg listener"};

  void call(std::size_t topic) { subscribers[topic].call(); }
  void call_all() {
    for (std::size_t topic = 0; topic < kTopics; ++topic) call(topic);
  }

  // --- the speaker ---

  void speak() {
    std::unique_ptr<Session> session;
    while (speaker.wait()) {
      try {
        send(session, take_topics());
      } catch (...) {
        session.reset();  // those who missed it look around by themselves
      }
      if (!speaker.pause(kPause)) return;
    }
  }

  Topics take_topics() {
    const MutexLock lock(mutex);
    return std::exchange(to_send, {});
  }

  void send(std::unique_ptr<Session>& session, const Topics& topics) {
    if (topics == Topics{}) return;
    if (!session || !session->is_open()) {
      session = std::make_unique<Session>(dsn, interrupt);
      session->exec("notify_need_not_last");
    }
    for (std::size_t topic = 0; topic < kTopics; ++topic)
      if (topics[topic]) session->exec("notify", Params().add(kChannels[topic]).add(own_name));
  }

  // --- the listener ---

  void listen() {
    while (!listener.stopping()) {
      try {
        Session session(dsn, interrupt);
        session.listen({kChannels.begin(), kChannels.end()},
                       [this](const std::string& channel, const std::string& payload) {
                         if (payload == own_name) return;
                         for (std::size_t topic = 0; topic < kTopics; ++topic)
                           if (channel == kChannels[topic]) call(topic);
                       });
        call_all();  // for what happened while this was not listening
        hear(session);
      } catch (...) {
        const Failure failure = current_failure();
        log::debug("the listening connection is gone", {{"error", failure.error.message}});
      }
      if (!listener.pause(kReconnect)) return;
    }
  }

  /// Until asked to stop, or the connection is lost (an exception).
  void hear(Session& session) {
    while (!listener.stopping()) {
      std::array<pollfd, 2> events = {
          {{session.descriptor(), POLLIN, 0}, {listener.fd(), POLLIN, 0}}};
      const int ready =
          ::poll(events.data(), events.size(), static_cast<int>(kLookAround / milliseconds{1}));
      if (ready == 0) call_all();
      if (events[0].revents != 0) session.await(Duration{0});
    }
  }
};

Notifier::Notifier(std::string dsn) : state_(std::make_unique<State>(std::move(dsn))) {
  State& state = *state_;
  Rng rng(system_entropy());
  state.own_name = std::to_string(rng.next());
  state.listener.fd();
  state.speaker.start([&state] { state.speak(); });
  state.listener.start([&state] { state.listen(); });
}

Notifier::~Notifier() {
  state_->speaker.request_stop();
  state_->listener.request_stop();
  state_->interrupt->raise();  // a word that is lost is made up for
  state_->speaker.stop();
  state_->listener.stop();
}

Subscription Notifier::subscribe(Topic topic, std::function<void()> callback) {
  return state_->subscribers[static_cast<std::size_t>(topic)].add(std::move(callback));
}

void Notifier::tell(Topic topic) {
  tell_others(topic);
  state_->call(static_cast<std::size_t>(topic));
}

void Notifier::tell_others(Topic topic) {
  {
    const MutexLock lock(state_->mutex);
    state_->to_send[static_cast<std::size_t>(topic)] = true;
  }
  state_->speaker.wake();
}

}  // namespace millrace::pg
