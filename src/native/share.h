/** Shares work among threads that wait for it. */
#pragma once
#include <algorithm>
#include <atomic>
#include <cfenv>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace sharing {

/** Units of work that any thread may take. */
struct Job {
  void (*run)(const void *body, int64_t unit);
  const void *body;
  int64_t units;
  std::atomic<int64_t> next{0};
  /** How the caller rounds, and whether it reads the smallest numbers as 0, as TensorFlow's threads do. */
  std::fenv_t environment;
  // guarded by the pool
  int helpers = 0;
  std::exception_ptr error;

  void work() {
    for (int64_t unit; (unit = next++) < units;) run(body, unit);
  }
};

/** Threads that help with jobs. It is never destroyed: they wait until the process ends. */
class Pool {
public:
  static Pool &common() {
    static Pool *pool = new Pool;
    return *pool;
  }

  /** Works on a job, with others' help, until it is done; rethrows what a unit threw. */
  void finish(Job &job, int64_t threads) {
    std::fegetenv(&job.environment);
    {
      const std::lock_guard<std::mutex> lock(mutex);
      grow(threads - 1);
      jobs.push_back(&job);
    }
    for (int64_t t = 1; t < std::min(threads, job.units); t++) waiting.notify_one();
    std::exception_ptr error = attempt(job);
    std::unique_lock<std::mutex> lock(mutex);
    jobs.erase(std::find(jobs.begin(), jobs.end(), &job));
    left.wait(lock, [&] { return job.helpers == 0; });
    if (!error) error = job.error;
    lock.unlock();
    if (error) std::rethrow_exception(error);
  }

private:
  std::mutex mutex;
  std::condition_variable waiting, left;
  std::vector<Job *> jobs;
  int64_t size = 0;

  /** Works on a job until its end, or until a unit fails, after which no other begins. */
  static std::exception_ptr attempt(Job &job) {
    try {
      job.work();
      return nullptr;
    } catch (...) {
      job.next = job.units;
      return std::current_exception();
    }
  }

  void grow(int64_t wanted) {
    try {
      for (; size < wanted; size++) std::thread([this] { help(); }).detach();
    } catch (const std::system_error &) {
      // The system gives no further threads: the present ones do the work.
    }
  }

  void help() {
    std::unique_lock<std::mutex> lock(mutex);
    for (;;) {
      const auto open = [](const Job *job) { return job->next < job->units; };
      const auto found = std::find_if(jobs.begin(), jobs.end(), open);
      if (found == jobs.end()) {
        waiting.wait(lock);
        continue;
      }
      Job *job = *found;
      job->helpers++;
      lock.unlock();
      std::fesetenv(&job->environment);
      const std::exception_ptr error = attempt(*job);
      lock.lock();
      if (error) job->error = error;
      if (--job->helpers == 0) left.notify_all();
    }
  }
};

} // namespace sharing

/** Calls `body` with 0 .. `units` - 1, each once, on this thread and on the pool's, which has at least `threads` - 1. */
template <class Body> void share(int64_t threads, int64_t units, const Body &body) {
  if (threads <= 1 || units <= 1) {
    for (int64_t unit = 0; unit < units; unit++) body(unit);
    return;
  }
  const auto run = [](const void *given, int64_t unit) { (*static_cast<const Body *>(given))(unit); };
  sharing::Job job;
  job.run = run;
  job.body = &body;
  job.units = units;
  sharing::Pool::common().finish(job, threads);
}
