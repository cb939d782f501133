// Comm for ranks that compute on GPUs. Host tensors travel by `control`. Device tensors travel by
// NCCL if each rank has its own GPU, and through pinned memory of the host if ranks share one.
#pragma once

#include <cstdlib>
#include <memory>
#include <string>

#include "runtime/comm/comm.h"

namespace switchyard {

struct DeviceWorld {
  std::unique_ptr<Comm> comm;
  std::string how;  // a line for the log: "NCCL, a GPU to each rank"
};
// Collective over `world`. For a CPU this returns `world` itself.
DeviceWorld make_device_world(std::unique_ptr<Comm> world, Device device);

// The common part of both ways: host tensors, groups, and the choice by a tensor's device.
class DeviceComm : public Comm {
 public:
  explicit DeviceComm(std::unique_ptr<Comm> control) : control_(std::move(control)) {}

  int rank() const override { return control_->rank(); }
  int size() const override { return control_->size(); }
  void all_reduce(Tensor inout, Reduce reduce, Stream& stream) override;
  void broadcast(Tensor inout, int root, Stream& stream) override;
  void all_gather(Tensor in, Tensor out, Stream& stream) override;
  void reduce_scatter_parts(Tensor inout, std::span<const std::int64_t> sizes,
                            Stream& stream) override;
  void all_gather_parts(Tensor inout, std::span<const std::int64_t> sizes, Stream& stream) override;
  void all_to_all_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                       std::span<const std::int64_t> recv, Stream& stream) override;
  void exchange_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                     std::span<const std::int64_t> recv, Stream& stream) override;
  // Errors: Exit::internal for device tensors.
  std::unique_ptr<PendingRows> start_exchange_rows(Tensor in, std::span<const std::int64_t> send,
                                                   Tensor out,
                                                   std::span<const std::int64_t> recv) override;
  void barrier() override { control_->barrier(); }
  std::unique_ptr<Comm> split(int color, int key) override {
    return beside(control_->split(color, key));
  }
  std::unique_ptr<Comm> split_node() override { return beside(control_->split_node()); }
  std::unique_ptr<SharedWindow> shared_window(std::int64_t bytes) override {
    return control_->shared_window(bytes);
  }
  [[noreturn]] void abort(int exit_code) override {
    control_->abort(exit_code);
    std::exit(exit_code);
  }

 protected:
  Comm& control() { return *control_; }
  // Reduces by `control`, through pinned memory of the host. Waits for the device.
  void reduce_on_host(Tensor inout, Reduce reduce, Stream& stream);

 private:
  // The same kind of communicator for another group. Collective over that group.
  virtual std::unique_ptr<Comm> beside(std::unique_ptr<Comm> control) = 0;
  // The collectives above, for device tensors and more than one rank.
  virtual void reduce_on_device(Tensor inout, Reduce reduce, Stream& stream) = 0;
  virtual void broadcast_on_device(Tensor inout, int root, Stream& stream) = 0;
  virtual void gather_on_device(Tensor in, Tensor out, Stream& stream) = 0;
  virtual void scatter_parts_on_device(Tensor inout, std::span<const std::int64_t> sizes,
                                       Stream& stream) = 0;
  virtual void gather_parts_on_device(Tensor inout, std::span<const std::int64_t> sizes,
                                      Stream& stream) = 0;
  // As exchange_rows, which does not copy a rank's rows for itself.
  virtual void exchange_on_device(Tensor in, std::span<const std::int64_t> send, Tensor out,
                                  std::span<const std::int64_t> recv, Stream& stream) = 0;

  std::unique_ptr<Comm> control_;
};

}  // namespace switchyard
