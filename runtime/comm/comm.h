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

// Memory that the ranks of one node share: one part per rank, all of one size, each on huge pages
// where the system has them.
class SharedWindow {
 public:
  virtual ~SharedWindow() = default;  // Collective.
  SharedWindow() = default;
  SharedWindow(const SharedWindow&) = delete;
  SharedWindow& operator=(const SharedWindow&) = delete;

  virtual std::byte* part(int rank) const = 0;
  // Collective. What any rank wrote before, every rank reads afterwards.
  virtual void fence() = 0;
};

// Rows on their way (Comm::start_exchange_rows). They must arrive before it goes away.
class PendingRows {
 public:
  virtual ~PendingRows() = default;
  PendingRows() = default;
  PendingRows(const PendingRows&) = delete;
  PendingRows& operator=(const PendingRows&) = delete;

  virtual bool arrived() = 0;  // Moves them on, and does not wait.
};

// Collective: every rank of the group calls in the same order. Results are ready for work queued on
// `stream` afterwards. Element types f32, f64, i32, i64, u8; a rank with nothing to give passes
// empty tensors and still calls.
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
  // A tensor of one part for each rank, in rank order, of sizes[rank] elements; all ranks pass the
  // same sizes. reduce_scatter_parts: afterwards my part holds the sum over the ranks, and the
  // other parts are undefined. all_gather_parts: my part is given, and afterwards all are.
  virtual void reduce_scatter_parts(Tensor inout, std::span<const std::int64_t> sizes,
                                    Stream& stream) = 0;
  virtual void all_gather_parts(Tensor inout, std::span<const std::int64_t> sizes,
                                Stream& stream) = 0;
  // Row counts per peer; rows of `in` stand in rank order of their destination, rows of `out` of
  // their source.
  virtual void all_to_all_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                               std::span<const std::int64_t> recv, Stream& stream) = 0;
  // The same, but a rank's rows for itself stay behind: their places in `out` are undefined.
  virtual void exchange_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                             std::span<const std::int64_t> recv, Stream& stream) = 0;
  // exchange_rows without waiting. Both tensors stay as they are until the rows arrived.
  virtual std::unique_ptr<PendingRows> start_exchange_rows(Tensor in,
                                                           std::span<const std::int64_t> send,
                                                           Tensor out,
                                                           std::span<const std::int64_t> recv) = 0;
  virtual void barrier() = 0;
  // Ranks that pass the same color form a group, ordered by key.
  virtual std::unique_ptr<Comm> split(int color, int key) = 0;
  // The ranks that share memory with me.
  virtual std::unique_ptr<Comm> split_node() = 0;
  // `bytes` for each rank, at least. Requires: all ranks of the group are on one node. The window
  // must go away before this does.
  virtual std::unique_ptr<SharedWindow> shared_window(std::int64_t bytes) = 0;
  // Ends every rank of the job, now.
  [[noreturn]] virtual void abort(int exit_code) = 0;
};

std::unique_ptr<Comm> make_single_comm();

// Conveniences over the collectives above; all on the host.
std::int64_t reduce_one(Comm& comm, std::int64_t value, Reduce reduce);
double reduce_one(Comm& comm, double value, Reduce reduce);
std::string broadcast_text(Comm& comm, const std::string& text, int root);
std::vector<std::string> all_gather_text(Comm& comm, const std::string& text);
// On rank 0 the texts of all ranks, elsewhere nothing: what no other rank must hold.
std::vector<std::string> gather_text(Comm& comm, const std::string& text);

}  // namespace switchyard
