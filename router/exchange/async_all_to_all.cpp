#include "router/exchange/courier.h"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "runtime/device/background.h"

namespace switchyard {
namespace {

class ThreadCourier final : public Courier {
 public:
  explicit ThreadCourier(Comm& experts) : travel_(experts.split(0, experts.rank())) {}
  // After an error rows may be under way that no other rank will ever take: leave them.
  ~ThreadCourier() override { abandoned_ = true; }

  // The worker sleeps between looks, so that it takes no core from the thread that computes.
  Arrival send(const Parcel& parcel, Stream&) override {
    const std::shared_future<void> arrived =
        background_.submit(std::packaged_task<void()>([this, parcel] {
          const auto pending = travel_->start_exchange_rows(parcel.leaving, parcel.send,
                                                            parcel.arriving, parcel.receive);
          while (!pending->arrived() && !abandoned_)
            std::this_thread::sleep_for(std::chrono::microseconds(20));
        }));
    return [arrived](Stream&) { arrived.get(); };
  }

 private:
  std::unique_ptr<Comm> travel_;  // the thread's own
  std::atomic<bool> abandoned_ = false;
  Background background_;  // goes first: its jobs use the rest
};

class StreamCourier final : public Courier {
 public:
  StreamCourier(Device device, Comm& experts)
      : stream_(Stream::cuda(device)), travel_(experts.split(0, experts.rank())) {}

  Arrival send(const Parcel& parcel, Stream& stream) override {
    stream_.queue()->wait_for(*stream.queue()->mark());
    send_parcel(*travel_, parcel, stream_);
    const std::shared_ptr<QueueMark> sent = stream_.queue()->mark();
    return [sent](Stream& waiting) { waiting.queue()->wait_for(*sent); };
  }

 private:
  Stream stream_;
  std::unique_ptr<Comm> travel_;
};

}  // namespace

std::unique_ptr<Courier> make_courier(Device device, Comm& experts) {
  if (device.kind == Device::Kind::cpu) return std::make_unique<ThreadCourier>(experts);
  return std::make_unique<StreamCourier>(device, experts);
}

}  // namespace switchyard
