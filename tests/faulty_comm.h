// FaultyComm: a communicator between whose calls memory is damaged: what a broken processor or
// memory chip does to what a rank sends and receives.
#pragma once

#include <cstdlib>
#include <functional>
#include <memory>
#include <numeric>
#include <span>
#include <utility>

#include "runtime/comm/comm.h"

namespace switchyard {

// What a damage may befall: rows of activations or of their gradients as they arrive from other
// ranks, in f32 or packed as bytes, and the gradients of parameters before they are summed.
enum class Struck : std::uint8_t { rows, packed, gradients };
using Damage = std::function<void(Struck, Tensor)>;

class FaultyComm final : public Comm {
 public:
  // shared_room: whether the node has room for shared windows.
  FaultyComm(std::unique_ptr<Comm> inner, Damage damage, bool shared_room = true)
      : inner_(std::move(inner)), damage_(std::move(damage)), shared_room_(shared_room) {}

  int rank() const override { return inner_->rank(); }
  int size() const override { return inner_->size(); }
  void all_reduce(Tensor inout, Reduce reduce, Stream& stream) override {
    inner_->all_reduce(inout, reduce, stream);
  }
  void broadcast(Tensor inout, int root, Stream& stream) override {
    inner_->broadcast(inout, root, stream);
  }
  void all_gather(Tensor in, Tensor out, Stream& stream) override {
    inner_->all_gather(in, out, stream);
  }
  void reduce_scatter_parts(Tensor inout, std::span<const std::int64_t> sizes,
                            Stream& stream) override {
    if (inout.size() > 0) damage_(Struck::gradients, inout);
    inner_->reduce_scatter_parts(inout, sizes, stream);
  }
  void all_gather_parts(Tensor inout, std::span<const std::int64_t> sizes,
                        Stream& stream) override {
    inner_->all_gather_parts(inout, sizes, stream);
  }
  void all_to_all_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                       std::span<const std::int64_t> recv, Stream& stream) override {
    inner_->all_to_all_rows(in, send, out, recv, stream);
    strike(out, recv);
  }
  void exchange_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                     std::span<const std::int64_t> recv, Stream& stream) override {
    inner_->exchange_rows(in, send, out, recv, stream);
    strike(out, recv);
  }
  std::unique_ptr<PendingRows> start_exchange_rows(Tensor in, std::span<const std::int64_t> send,
                                                   Tensor out,
                                                   std::span<const std::int64_t> recv) override {
    return inner_->start_exchange_rows(in, send, out, recv);
  }
  void barrier() override { inner_->barrier(); }
  std::unique_ptr<Comm> split(int color, int key) override {
    return std::make_unique<FaultyComm>(inner_->split(color, key), damage_, shared_room_);
  }
  std::unique_ptr<Comm> split_node() override {
    return std::make_unique<FaultyComm>(inner_->split_node(), damage_, shared_room_);
  }
  std::unique_ptr<SharedWindow> shared_window(std::int64_t bytes) override {
    return shared_room_ ? inner_->shared_window(bytes) : nullptr;
  }
  [[noreturn]] void abort(int exit_code) override {
    inner_->abort(exit_code);
    std::exit(exit_code);
  }

 private:
  void strike(Tensor out, std::span<const std::int64_t> recv) {
    const std::int64_t rows = std::accumulate(recv.begin(), recv.end(), std::int64_t{0});
    if (out.dtype == DType::f32 && out.size() > 0) damage_(Struck::rows, out);
    if (out.dtype == DType::u8 && rows > 0) damage_(Struck::packed, out.row_range(0, rows));
  }

  std::unique_ptr<Comm> inner_;
  Damage damage_;
  bool shared_room_;
};

}  // namespace switchyard
