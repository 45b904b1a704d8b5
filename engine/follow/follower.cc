#include "engine/follow/follower.h"

#include <algorithm>

#include "engine/base/log.h"
#include "engine/base/service.h"

namespace millrace::follow {
namespace {

constexpr std::size_t kPage = 1'000;
constexpr std::size_t kRingBytes = 1u << 20;
constexpr std::chrono::milliseconds kSaveEvery{1'000};
/// How long to trust the feed before looking again; and to ask whether this engine leads.
constexpr std::chrono::milliseconds kLookAgain{1'000};
constexpr std::chrono::milliseconds kFirstRetry{100}, kLastRetry{10'000};

}  // namespace

/// One follower and its thread.
class Followers::Worker {
 public:
  Worker(std::unique_ptr<Follower> follower, Feed& feed, Stores stores, const Clock& clock,
         const FollowersOptions& options)
      : follower_(std::move(follower)),
        feed_(feed),
        stores_(stores),
        clock_(clock),
        options_(options),
        key_(follower_->runs_on() == RunsOn::leader
                 ? std::string(follower_->name())
                 : std::string(follower_->name()) + "@" + options.engine) {}

  void start() {
    changes_ = feed_.on_change([this] { service_.wake(); });
    service_.start([this] { work(); });
  }
  void stop() {
    changes_.end();
    service_.stop();
  }

 private:
  bool may_run() const {
    return follower_->runs_on() == RunsOn::every_engine || !options_.leading || options_.leading();
  }

  void work() {
    while (!service_.stopping()) {
      if (!may_run()) {
        at_.reset();  // the next leader moves the cursor on
        service_.wait(kLookAgain);
        continue;
      }
      const auto moved = step();
      if (!moved) {
        log::warning("a follower of the journal cannot go on yet",
                     {{"follower", key_}, {"error", moved.error().to_string()}});
        service_.pause(retry_);
        retry_ = std::min(retry_ * 2, kLastRetry);
        continue;
      }
      retry_ = kFirstRetry;
      if (!*moved) service_.wait(kLookAgain);
    }
    static_cast<void>(save(true));
  }

  /// True if there may be more at once.
  Result<bool> step() {
    if (!at_) {
      MR_TRY(const auto cursor, stores_.cursors.cursor(key_));
      at_ = saved_ = cursor.value_or(0);
    }
    bool any = false;
    if (feed_.ring().reaches_back_to(*at_)) {
      const auto read = feed_.ring().read(*at_, kRingBytes);
      for (const auto& span : read.spans) {
        const auto& events = span->events();
        const auto first = std::ranges::upper_bound(events, *at_, {}, &Event::seq);
        MR_CHECK(hand_over({first, events.end()}));
        any = true;
      }
    } else {
      MR_TRY(const auto events, stores_.journal.read(*at_, kPage));
      if (!events.empty()) MR_CHECK(hand_over(events));
      any = !events.empty();
    }
    MR_CHECK(save(!any));
    return any;
  }

  Status hand_over(std::span<const Event> events) {
    MR_CHECK(follower_->take(events));
    at_ = events.back().seq;
    return {};
  }

  /// Where it is now; not too often, unless `now`.
  Status save(bool now) {
    if (!at_ || *at_ == saved_) return {};
    const auto time = clock_.steady();
    if (!now && saved_at_ && time - *saved_at_ < kSaveEvery) return {};
    MR_CHECK(stores_.cursors.save_cursor(key_, *at_));
    saved_ = *at_;
    saved_at_ = time;
    return {};
  }

  const std::unique_ptr<Follower> follower_;
  Feed& feed_;
  const Stores stores_;
  const Clock& clock_;
  const FollowersOptions& options_;
  const std::string key_;

  // Of the thread.
  std::optional<std::int64_t> at_;  // taken up to here; none: the cursor is not read yet
  std::int64_t saved_ = 0;
  std::optional<std::chrono::steady_clock::time_point> saved_at_;
  std::chrono::milliseconds retry_ = kFirstRetry;

  Service service_{"follower"};
  Subscription changes_;
};

Followers::Followers(Feed& feed, Stores stores, const Clock& clock, FollowersOptions options)
    : feed_(feed), stores_(stores), clock_(clock), options_(std::move(options)) {}

Followers::~Followers() { stop(); }

void Followers::add(std::unique_ptr<Follower> follower) {
  workers_.push_back(
      std::make_unique<Worker>(std::move(follower), feed_, stores_, clock_, options_));
}

void Followers::start() {
  for (const auto& worker : workers_) worker->start();
}

void Followers::stop() {
  for (const auto& worker : workers_) worker->stop();
}

}  // namespace millrace::follow
