// SlowComm: a communicator over a link of a given rate: each collective takes at least the time
// that its bytes need. What a test or a bench sees of a network that this machine does not have.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <numeric>
#include <span>
#include <thread>
#include <utility>

#include "runtime/comm/comm.h"

namespace switchyard {

// What joins a rank to the others. Transfers pass one after the other, also those of communicators
// that share the link and of several threads.
class Link {
 public:
  using Clock = std::chrono::steady_clock;
  explicit Link(double bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  // When `bytes` that are ready at `now` have passed.
  Clock::time_point pass(std::int64_t bytes, Clock::time_point now) {
    const std::lock_guard lock(guard_);
    bytes_ += bytes;
    const std::chrono::duration<double> takes(static_cast<double>(bytes) / bytes_per_second_);
    free_at_ = std::max(free_at_, now) + std::chrono::duration_cast<Clock::duration>(takes);
    return free_at_;
  }
  std::int64_t bytes() const {  // that have passed or are under way
    const std::lock_guard lock(guard_);
    return bytes_;
  }

 private:
  double bytes_per_second_;
  mutable std::mutex guard_;
  std::int64_t bytes_ = 0;
  Clock::time_point free_at_{};
};

// A link carries both directions at once, so a collective takes it for the larger of what the rank
// sends and what it receives; an all-reduce is taken for a reduce-scatter and an all-gather.
class SlowComm final : public Comm {
 public:
  SlowComm(std::unique_ptr<Comm> inner, std::shared_ptr<Link> link)
      : inner_(std::move(inner)), link_(std::move(link)) {}

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  void all_reduce(Tensor inout, Reduce reduce, Stream& stream) override {
    const Passing passing(*link_, 2 * inout.bytes() * others() / size());
    inner_->all_reduce(inout, reduce, stream);
  }
  void broadcast(Tensor inout, int root, Stream& stream) override {
    const Passing passing(*link_, others() > 0 ? inout.bytes() : 0);
    inner_->broadcast(inout, root, stream);
  }
  void all_gather(Tensor in, Tensor out, Stream& stream) override {
    const Passing passing(*link_, in.bytes() * others());
    inner_->all_gather(in, out, stream);
  }
  void reduce_scatter_parts(Tensor inout, std::span<const std::int64_t> sizes,
                            Stream& stream) override {
    const Passing passing(*link_, parts_bytes(inout, sizes));
    inner_->reduce_scatter_parts(inout, sizes, stream);
  }
  void all_gather_parts(Tensor inout, std::span<const std::int64_t> sizes,
                        Stream& stream) override {
    const Passing passing(*link_, parts_bytes(inout, sizes));
    inner_->all_gather_parts(inout, sizes, stream);
  }
  void all_to_all_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                       std::span<const std::int64_t> recv, Stream& stream) override {
    const Passing passing(*link_, row_bytes(in, send, out, recv));
    inner_->all_to_all_rows(in, send, out, recv, stream);
  }
  void exchange_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                     std::span<const std::int64_t> recv, Stream& stream) override {
    const Passing passing(*link_, row_bytes(in, send, out, recv));
    inner_->exchange_rows(in, send, out, recv, stream);
  }
  std::unique_ptr<PendingRows> start_exchange_rows(Tensor in, std::span<const std::int64_t> send,
                                                   Tensor out,
                                                   std::span<const std::int64_t> recv) override {
    const auto passed = link_->pass(row_bytes(in, send, out, recv), Link::Clock::now());
    return std::make_unique<SlowRows>(inner_->start_exchange_rows(in, send, out, recv), passed);
  }
  void barrier() override { inner_->barrier(); }
  std::unique_ptr<Comm> split(int color, int key) override {
    return std::make_unique<SlowComm>(inner_->split(color, key), link_);
  }
  std::unique_ptr<Comm> split_node() override {
    return std::make_unique<SlowComm>(inner_->split_node(), link_);
  }
  std::unique_ptr<SharedWindow> shared_window(std::int64_t bytes) override {
    return inner_->shared_window(bytes);
  }
  [[noreturn]] void abort(int exit_code) override {
    inner_->abort(exit_code);
    std::exit(exit_code);
  }

 private:
  // Lives as long as a collective, and ends once the link has passed its bytes.
  class Passing {
   public:
    Passing(Link& link, std::int64_t bytes) : passed_(link.pass(bytes, Link::Clock::now())) {}
    ~Passing() { std::this_thread::sleep_until(passed_); }
    Passing(const Passing&) = delete;
    Passing& operator=(const Passing&) = delete;

   private:
    Link::Clock::time_point passed_;
  };

  class SlowRows final : public PendingRows {
   public:
    SlowRows(std::unique_ptr<PendingRows> inner, Link::Clock::time_point passed)
        : inner_(std::move(inner)), passed_(passed) {}
    bool arrived() override { return inner_->arrived() && Link::Clock::now() >= passed_; }

   private:
    std::unique_ptr<PendingRows> inner_;
    Link::Clock::time_point passed_;
  };

  std::int64_t others() const { return size() - 1; }
  // Either way: what all the others have, and this rank's part once for each of them.
  std::int64_t parts_bytes(Tensor all, std::span<const std::int64_t> sizes) const {
    const std::int64_t own = sizes[static_cast<std::size_t>(rank())];
    return std::max(all.size() - own, own * others()) * bytes_of(all.dtype);
  }
  std::int64_t row_bytes(Tensor in, std::span<const std::int64_t> send, Tensor out,
                         std::span<const std::int64_t> recv) const {
    const auto bytes = [&](Tensor rows, std::span<const std::int64_t> counts) {
      const std::int64_t all = std::accumulate(counts.begin(), counts.end(), std::int64_t{0});
      const std::int64_t travel = all - counts[static_cast<std::size_t>(rank())];
      return travel == 0 ? 0 : travel * rows.cols() * bytes_of(rows.dtype);
    };
    return std::max(bytes(in, send), bytes(out, recv));
  }

  std::unique_ptr<Comm> inner_;
  std::shared_ptr<Link> link_;
};

}  // namespace switchyard
