// Exchanges of rows between all ranks by MPI: in one collective call, or as messages in transit.
#pragma once

#include <mpi.h>

#include <span>
#include <vector>

#include "runtime/comm/comm.h"
#include "runtime/comm/mpi_call.h"

namespace switchyard {

// A row as one MPI element. Counts and displacements are then rows, which an int can hold.
class RowType {
 public:
  explicit RowType(std::int64_t bytes) {
    require(bytes < (std::int64_t{1} << 31), "a row of {} bytes", bytes);
    check_mpi(MPI_Type_contiguous(static_cast<int>(bytes), MPI_BYTE, &type_));
    check_mpi(MPI_Type_commit(&type_));
  }
  ~RowType() { MPI_Type_free(&type_); }
  RowType(const RowType&) = delete;
  RowType& operator=(const RowType&) = delete;
  MPI_Datatype get() const { return type_; }

 private:
  MPI_Datatype type_ = MPI_DATATYPE_NULL;
};

struct RowCounts {
  std::vector<int> counts, begins;
  std::int64_t total = 0;

  explicit RowCounts(std::span<const std::int64_t> rows) {
    for (const std::int64_t count : rows) {
      counts.push_back(static_cast<int>(count));
      begins.push_back(static_cast<int>(total));
      total += count;
    }
    require(total < (std::int64_t{1} << 31), "an exchange of {} rows", total);
  }
};

// One all-to-all of rows, checked, with what MPI reads while the rows travel.
struct RowExchange {
  RowCounts sent, received;
  RowType row;
  Tensor in, out;

  RowExchange(Tensor from, std::span<const std::int64_t> send, Tensor to,
              std::span<const std::int64_t> recv, int num_ranks)
      : sent(send), received(recv), row(row_bytes(from.empty() ? to : from)), in(from), out(to) {
    require(std::ssize(send) == num_ranks && std::ssize(recv) == num_ranks,
            "{} and {} row counts for {} ranks", send.size(), recv.size(), num_ranks);
    require(sent.total == in.rows() && received.total == out.rows(),
            "sending {} of {} rows, receiving {} into {}", sent.total, in.rows(), received.total,
            out.rows());
    require(in.empty() || out.empty() || (in.cols() == out.cols() && in.dtype == out.dtype),
            "rows of {} {} arrive as {} {}", in.shape, name_of(in.dtype), out.shape,
            name_of(out.dtype));
  }
  static std::int64_t row_bytes(Tensor filled) { return filled.cols() * bytes_of(filled.dtype); }
  // Leaves out the rank's rows for itself. They keep their places in both tensors.
  void skip_own(int rank) {
    sent.counts[static_cast<std::size_t>(rank)] = 0;
    received.counts[static_cast<std::size_t>(rank)] = 0;
  }
  void run(MPI_Comm comm) const {
    check_mpi(MPI_Alltoallv(in.data, sent.counts.data(), sent.begins.data(), row.get(), out.data,
                            received.counts.data(), received.begins.data(), row.get(), comm));
  }
};

// Sends pairs of messages. MPI_Ialltoallv of Open MPI 4.1.4 hung in the tests when some ranks had
// nothing to send; we did not find the cause. A program with that call alone did not hang: 2 to 8
// ranks, a third of them silent, rows of 80 bytes to 64 KiB, tested from a thread beside
// collectives on another communicator, 800 exchanges each.
class MpiPendingRows final : public PendingRows {
 public:
  MpiPendingRows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                 std::span<const std::int64_t> recv, int my_rank, MPI_Comm comm)
      : exchange_(in, send, out, recv, static_cast<int>(send.size())) {
    exchange_.skip_own(my_rank);
    const std::int64_t bytes = RowExchange::row_bytes(in.empty() ? out : in);
    const auto start = [&](const RowCounts& rows, Tensor tensor, std::size_t rank, auto call) {
      if (rows.counts[rank] == 0) return;
      requests_.push_back(MPI_REQUEST_NULL);
      check_mpi(call(static_cast<std::byte*>(tensor.data) + rows.begins[rank] * bytes,
                     rows.counts[rank], exchange_.row.get(), static_cast<int>(rank), 0, comm,
                     &requests_.back()));
    };
    for (std::size_t rank = 0; rank < recv.size(); ++rank)
      start(exchange_.received, out, rank, MPI_Irecv);
    for (std::size_t rank = 0; rank < send.size(); ++rank)
      start(exchange_.sent, in, rank, MPI_Isend);
  }
  bool arrived() override {
    int done = 0;
    check_mpi(MPI_Testall(static_cast<int>(requests_.size()), requests_.data(), &done,
                          MPI_STATUSES_IGNORE));
    return done != 0;
  }

 private:
  RowExchange exchange_;
  std::vector<MPI_Request> requests_;
};

}  // namespace switchyard
