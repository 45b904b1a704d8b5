#include "engine/api/journal_tail.h"

#include <algorithm>

#include "engine/base/log.h"
#include "engine/base/time.h"

namespace millrace::api {
namespace {

constexpr std::size_t kReadPage = 1'000;
/// Beyond, the batches are dropped and read from the journal.
constexpr std::size_t kMostOffered = 50'000;
/// How far a stream may be behind before it has to read for itself.
constexpr std::size_t kMostLines = 2'000, kMostLineBytes = 1u << 20;
/// How long to trust the store's callbacks before looking again.
constexpr std::chrono::milliseconds kBackupLook{1'000};
/// Streams are woken no more often: eyes see no more.
constexpr std::chrono::milliseconds kStreamPause{10};
constexpr std::size_t kForgetAt = 1'000;

}  // namespace

std::optional<CommandResult> Awaited::answer() const {
  const MutexLock lock(mutex_);
  return answer_;
}

std::optional<RunStatus> Awaited::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

void Awaited::take(CommandResult answer) {
  {
    const MutexLock lock(mutex_);
    answer_ = std::move(answer);
  }
  wake_->notify();
}

void Awaited::take(RunStatus status) {
  {
    const MutexLock lock(mutex_);
    status_ = status;
  }
  wake_->notify();
}

bool EventFilter::wants(const Event& event) const {
  if (run && event.run != *run) return false;
  return kinds.empty() || std::ranges::find(kinds, kind_of(event.body)) != kinds.end();
}

std::int64_t Follower::after() const {
  const MutexLock lock(mutex_);
  return after_;
}

void Follower::read_up_to(std::int64_t seq) {
  const MutexLock lock(mutex_);
  after_ = std::max(after_, seq);
}

bool Follower::behind() const {
  const MutexLock lock(mutex_);
  return !live_;
}

std::vector<Follower::Line> Follower::take() {
  const MutexLock lock(mutex_);
  bytes_ = 0;
  return std::exchange(lines_, {});
}

std::uint64_t Follower::count() const {
  const MutexLock lock(mutex_);
  return count_;
}

/// `after_` stays where the last line taken is: what is dropped here is read from the journal.
void Follower::push(std::int64_t seq, const std::shared_ptr<const std::string>& text) {
  const MutexLock lock(mutex_);
  if (!live_ || seq <= after_) return;
  ++count_;
  if (lines_.size() >= kMostLines || bytes_ + text->size() > kMostLineBytes) {
    live_ = false;
    if (!lines_.empty()) after_ = lines_.front().seq - 1;
    lines_.clear();
    bytes_ = 0;
    return;
  }
  lines_.push_back({seq, text});
  bytes_ += text->size();
  after_ = seq;
}

std::string event_text(const Event& event) {
  Json json = Json::object({{"seq", event.seq}, {"at", format_rfc3339(event.at)}});
  if (!event.run.is_nil()) json.set("run", event.run.to_string());
  const Json body = to_json(event.body);
  for (const auto& [name, value] : body.members()) json.set(name, value);
  std::string text("event: ");
  text.append(kind_of(event.body)).append("\nid: ").append(std::to_string(event.seq));
  text.append("\ndata: ").append(json.dump()).append("\n\n");
  return text;
}

/// What the store's callbacks hold: they live as long as the store.
struct JournalTail::Door {
  Mutex mutex;
  JournalTail* tail GUARDED_BY(mutex);  // null once it is gone
};

JournalTail::JournalTail(Stores stores, const Clock& clock, OnEvent on_event)
    : stores_(stores),
      clock_(clock),
      on_event_(std::move(on_event)),
      door_(std::make_shared<Door>()) {
  door_->tail = this;
  appended_ = stores_.journal.subscribe([door = door_] {
    const MutexLock lock(door->mutex);
    if (door->tail != nullptr) door->tail->look();
  });
}

JournalTail::~JournalTail() {
  {
    const MutexLock lock(door_->mutex);
    door_->tail = nullptr;
  }
  stop();
}

void JournalTail::start() {
  begin();  // if the store is away, the thread tries again
  thread_ = std::thread([this] { work(); });
}

void JournalTail::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void JournalTail::offer(std::vector<Event> events) {
  if (events.empty()) return;
  {
    const MutexLock lock(mutex_);
    offered_events_ += events.size();
    if (offered_events_ > kMostOffered) {
      offered_.clear();
      offered_events_ = 0;
      look_ = true;
    } else {
      offered_.push_back(std::move(events));
    }
  }
  changed_.notify_all();
}

void JournalTail::look() {
  {
    const MutexLock lock(mutex_);
    look_ = true;
  }
  changed_.notify_all();
}

std::shared_ptr<Awaited> JournalTail::await_command(const Uuid& command,
                                                    std::shared_ptr<http::Wake> wake) {
  auto awaited = std::make_shared<Awaited>(std::move(wake));
  const MutexLock lock(mutex_);
  forget_gone(commands_);
  commands_.emplace(command, awaited);
  return awaited;
}

std::shared_ptr<Awaited> JournalTail::await_run(const Uuid& run, std::shared_ptr<http::Wake> wake) {
  auto awaited = std::make_shared<Awaited>(std::move(wake));
  const MutexLock lock(mutex_);
  forget_gone(runs_);
  runs_.emplace(run, awaited);
  return awaited;
}

/// Those whose request is over; looked for when there are many, so that each is paid for once.
void JournalTail::forget_gone(Waiters& waiters) {
  if (waiters.size() < kForgetAt || waiters.size() % kForgetAt != 0) return;
  std::erase_if(waiters, [](const auto& one) { return one.second.expired(); });
}

std::shared_ptr<Follower> JournalTail::follow(EventFilter filter, std::int64_t after) {
  auto follower = std::make_shared<Follower>(std::move(filter), after);
  const MutexLock lock(mutex_);
  std::erase_if(followers_, [](const auto& one) { return one.expired(); });
  followers_.push_back(follower);
  return follower;
}

void JournalTail::join(Follower& follower) {
  const MutexLock lock(mutex_);
  const MutexLock inner(follower.mutex_);
  if (seq_ >= 0 && follower.after_ >= seq_) follower.live_ = true;
}

std::int64_t JournalTail::seq() const {
  const MutexLock lock(mutex_);
  return std::max<std::int64_t>(seq_, 0);
}

bool JournalTail::store_up() const {
  const MutexLock lock(mutex_);
  return store_up_;
}

std::size_t JournalTail::open_runs() const {
  const MutexLock lock(mutex_);
  return open_runs_.size();
}

void JournalTail::work() {
  for (;;) {
    std::vector<Event> batch;
    bool reads = false;
    {
      MutexLock lock(mutex_);
      const auto ready = [&]() REQUIRES(mutex_) {
        return stopping_ || look_ || (seq_ >= 0 && !offered_.empty());
      };
      changed_.wait_for(lock, to_wake_.empty() ? kBackupLook : kStreamPause, ready);
      if (stopping_) return;
      if (!offered_.empty() && seq_ >= 0) {
        batch = std::move(offered_.front());
        offered_.pop_front();
        offered_events_ -= batch.size();
      }
      reads = batch.empty() && (look_ || to_wake_.empty());
      if (reads) look_ = false;
      // What comes between was appended by others.
      if (!batch.empty() && batch.front().seq > seq_ + 1) reads = true;
    }
    if (reads)
      read_on();
    else
      take(batch);
    wake_followers();
  }
}

/// The end of the journal, and what is open there. Runs that begin meanwhile are counted from their
/// events as well, which changes nothing.
bool JournalTail::begin() {
  const auto last = stores_.journal.last_seq();
  const auto open = last ? stores_.runs.open_runs() : Result<std::vector<RunRow>>(last.error());
  const MutexLock lock(mutex_);
  store_up_ = open.ok();
  if (!open) return false;
  seq_ = *last;
  for (const auto& row : *open) open_runs_.emplace(row.run, row.dag);
  return true;
}

void JournalTail::read_on() {
  if (seq_ < 0 && !begin()) return;
  for (;;) {
    const auto events = stores_.journal.read(seq_, kReadPage);
    {
      const MutexLock lock(mutex_);
      store_up_ = events.ok();
      if (stopping_) return;
    }
    if (!events) return;
    take(*events);
    if (events->size() < kReadPage) return;
  }
}

void JournalTail::take(const std::vector<Event>& events) {
  for (const auto& event : events) {
    if (event.seq <= seq_) continue;
    const std::string dag = dag_of(event);
    // First: a client that was told may ask for the counts.
    if (on_event_) on_event_(event, dag);
    tell_waiters(event);
  }
  if (!events.empty()) tell_followers(events);
}

void JournalTail::tell_waiters(const Event& event) {
  std::vector<std::shared_ptr<Awaited>> found;
  const auto extract = [&found](Waiters& waiters, const Uuid& key) {
    const auto [begin, end] = waiters.equal_range(key);
    for (auto at = begin; at != end; ++at)
      if (auto awaited = at->second.lock()) found.push_back(std::move(awaited));
    waiters.erase(begin, end);
  };
  if (const auto* handled = std::get_if<CommandHandled>(&event.body)) {
    {
      const MutexLock lock(mutex_);
      extract(commands_, handled->command);
    }
    for (const auto& awaited : found)
      awaited->take(CommandResult{handled->command, handled->ok, handled->result, event.at});
  } else if (const auto* finished = std::get_if<RunFinished>(&event.body)) {
    {
      const MutexLock lock(mutex_);
      extract(runs_, event.run);
    }
    for (const auto& awaited : found) awaited->take(finished->status);
  }
  close_run(event);
}

/// Opens the run as well, if the event does.
std::string JournalTail::dag_of(const Event& event) {
  if (event.run.is_nil()) return "";
  std::string dag;
  if (const auto* created = std::get_if<RunCreated>(&event.body)) {
    dag = created->dag;
  } else if (std::holds_alternative<TasksCleared>(event.body)) {
    if (const auto row = stores_.runs.run(event.run)) dag = row->dag;  // it had finished
  } else {
    const MutexLock lock(mutex_);
    const auto found = open_runs_.find(event.run);
    return found == open_runs_.end() ? "" : found->second;
  }
  const MutexLock lock(mutex_);
  open_runs_.emplace(event.run, dag);
  return dag;
}

void JournalTail::close_run(const Event& event) {
  if (!std::holds_alternative<RunFinished>(event.body)) return;
  const MutexLock lock(mutex_);
  open_runs_.erase(event.run);
}

void JournalTail::tell_followers(const std::vector<Event>& events) {
  std::vector<std::shared_ptr<Follower>> followers;
  {
    // Both under one lock: who joins before is handed these events, who joins after has read them.
    const MutexLock lock(mutex_);
    seq_ = std::max(seq_, events.back().seq);
    for (const auto& one : followers_)
      if (auto follower = one.lock()) followers.push_back(std::move(follower));
  }
  if (followers.empty()) return;
  std::vector<bool> told(followers.size());
  for (const auto& event : events) {
    std::shared_ptr<const std::string> text;  // once for all that want it
    for (std::size_t i = 0; i < followers.size(); ++i) {
      if (!followers[i]->filter.wants(event)) continue;
      if (!text) text = std::make_shared<const std::string>(event_text(event));
      followers[i]->push(event.seq, text);
      told[i] = true;
    }
  }
  for (std::size_t i = 0; i < followers.size(); ++i)
    if (told[i]) to_wake_.push_back(std::move(followers[i]));
}

void JournalTail::wake_followers() {
  const auto now = clock_.steady();
  if (to_wake_.empty() || now - woken_at_ < kStreamPause) return;
  woken_at_ = now;
  std::ranges::sort(to_wake_);
  to_wake_.erase(std::unique(to_wake_.begin(), to_wake_.end()), to_wake_.end());
  for (const auto& follower : to_wake_) follower->wake->notify();
  to_wake_.clear();
}

}  // namespace millrace::api
