#include "router/exchange/async_all_to_all.h"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "runtime/device/background.h"

namespace switchyard {
namespace {

class ThreadAllToAll final : public AsyncAllToAll {
 public:
  explicit ThreadAllToAll(Comm& experts) : travel_(experts.split(0, experts.rank())) {}
  // After an error no other rank may ever take the rows under way: the thread gives them up.
  ~ThreadAllToAll() override { abandoned_ = true; }

  // The thread sleeps between checks, so that it takes no core from the thread that computes.
  Arrival start(const PackedRows& packed, Stream&) override {
    const std::shared_future<void> arrived =
        background_.submit(std::packaged_task<void()>([this, packed] {
          const auto pending = travel_->start_exchange_rows(packed.leaving, packed.send,
                                                            packed.arriving, packed.receive);
          while (!pending->arrived() && !abandoned_)
            std::this_thread::sleep_for(std::chrono::microseconds(20));
        }));
    return [arrived](Stream&) { arrived.get(); };
  }

 private:
  std::unique_ptr<Comm> travel_;  // used by the thread alone
  std::atomic<bool> abandoned_ = false;
  Background background_;  // destroyed first: its jobs use the other members
};

class StreamAllToAll final : public AsyncAllToAll {
 public:
  StreamAllToAll(Device device, Comm& experts)
      : stream_(Stream::cuda(device)), travel_(experts.split(0, experts.rank())) {}

  Arrival start(const PackedRows& packed, Stream& stream) override {
    stream_.queue()->wait_for(*stream.queue()->mark());
    send_packed(*travel_, packed, stream_);
    const std::shared_ptr<QueueMark> sent = stream_.queue()->mark();
    return [sent](Stream& waiting) { waiting.queue()->wait_for(*sent); };
  }

 private:
  Stream stream_;
  std::unique_ptr<Comm> travel_;
};

}  // namespace

std::unique_ptr<AsyncAllToAll> make_async_all_to_all(Device device, Comm& experts) {
  if (device.kind == Device::Kind::cpu) return std::make_unique<ThreadAllToAll>(experts);
  return std::make_unique<StreamAllToAll>(device, experts);
}

}  // namespace switchyard
