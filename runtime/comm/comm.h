// Comm: a group of ranks and the collectives Switchyard needs. MPI and a single rank implement it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/device/stream.h"

namespace switchyard {

enum class Reduce : std::uint8_t { sum, min, max, bit_or };

// Memory that the ranks of one node share: one part per rank, all of the same size, on huge pages
// where the system has them.
class SharedWindow {
 public:
  virtual ~SharedWindow() = default;  // Collective.
  SharedWindow() = default;
  SharedWindow(const SharedWindow&) = delete;
  SharedWindow& operator=(const SharedWindow&) = delete;

  virtual std::byte* part(int rank) const = 0;
  // Collective. Afterwards every rank reads what any rank wrote before.
  virtual void fence() = 0;
};

// Rows in transit (Comm::start_exchange_rows). They must arrive before this object is destroyed.
class PendingRows {
 public:
  virtual ~PendingRows() = default;
  PendingRows() = default;
  PendingRows(const PendingRows&) = delete;
  PendingRows& operator=(const PendingRows&) = delete;

  virtual bool arrived() = 0;  // Makes progress, and does not wait.
};

// Collective: every rank of the group calls in the same order. Work that is
// queued on `stream` afterwards sees the results. Element types: f32, f64, i32, i64, u8. A rank
// without data passes empty tensors and still calls.
class Comm {
 public:
  virtual ~Comm() = default;
  Comm() = default;
  Comm(const Comm&) = delete;
  Comm& operator=(const Comm&) = delete;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  virtual void all_reduce(Tensor inout, Reduce reduce, Stream& stream) = 0;
  virtual void broadcast(Tensor inout, int root, Stream& stream) = 0;
  // out: [size * in.size()], in rank order.
  virtual void all_gather(Tensor in, Tensor out, Stream& stream) = 0;
  // The tensor has a part of sizes[rank] elements for each rank, in rank order; all ranks pass the
  // same sizes. After reduce_scatter_parts a rank's own part holds the sum over the ranks, and the
  // other parts are undefined. all_gather_parts fills the other parts from their ranks.
  virtual void reduce_scatter_parts(Tensor inout, std::span<const std::int64_t> sizes,
                                    Stream& stream) = 0;
  virtual void all_gather_parts(Tensor inout, std::span<const std::int64_t> sizes,
                                Stream& stream) = 0;
  // send, recv: row counts per peer. The rows of `in` are in rank order of their destinations, the
  // rows of `out` in rank order of their sources.
  virtual void all_to_all_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                               std::span<const std::int64_t> recv, Stream& stream) = 0;
  // The same, but does not copy a rank's rows for itself: their places in `out` are undefined.
  virtual void exchange_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                             std::span<const std::int64_t> recv, Stream& stream) = 0;
  // exchange_rows without waiting. Both tensors must stay unchanged until the rows have arrived.
  virtual std::unique_ptr<PendingRows> start_exchange_rows(Tensor in,
                                                           std::span<const std::int64_t> send,
                                                           Tensor out,
                                                           std::span<const std::int64_t> recv) = 0;
  virtual void barrier() = 0;
  // Ranks that pass the same color form a group, ordered by key.
  virtual std::unique_ptr<Comm> split(int color, int key) = 0;
  // Groups the ranks that share memory.
  virtual std::unique_ptr<Comm> split_node() = 0;
  // Gives each rank at least `bytes`. Returns nullptr, on all ranks, if the node has no room for
  // them in /dev/shm. Requires: all ranks of the group are on one node. The window must be
  // destroyed before this object.
  virtual std::unique_ptr<SharedWindow> shared_window(std::int64_t bytes) = 0;
  // Ends every rank of the job at once.
  [[noreturn]] virtual void abort(int exit_code) = 0;
};

std::unique_ptr<Comm> make_single_comm();

// Conveniences over the collectives above; all on the host.
std::int64_t reduce_one(Comm& comm, std::int64_t value, Reduce reduce);
double reduce_one(Comm& comm, double value, Reduce reduce);
std::string broadcast_text(Comm& comm, const std::string& text, int root);
std::vector<std::string> all_gather_text(Comm& comm, const std::string& text);
// Returns the texts of all ranks on rank 0, and nothing elsewhere, to save memory.
std::vector<std::string> gather_text(Comm& comm, const std::string& text);

}  // namespace switchyard
