#include "engine/http/worker_pool.h"

#include <utility>

namespace millrace::http {

void WorkerPool::start() {
  for (std::size_t i = 0; i < wanted_; ++i) threads_.emplace_back([this] { work(); });
}

bool WorkerPool::post(std::function<void()> job, bool always) {
  {
    const MutexLock lock(mutex_);
    if (stopping_ || (!always && jobs_.size() >= most_waiting_)) return false;
    jobs_.push_back(std::move(job));
  }
  changed_.notify_one();
  return true;
}

void WorkerPool::stop() {
  std::deque<std::function<void()>> dropped;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    dropped.swap(jobs_);
  }
  changed_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable()) thread.join();
}

void WorkerPool::work() {
  for (;;) {
    std::function<void()> job;
    {
      MutexLock lock(mutex_);
      changed_.wait(lock, [this]() REQUIRES(mutex_) { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    job();
  }
}

}  // namespace millrace::http
