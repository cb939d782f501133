#include "runtime/mpi_comm.h"

#include <mpi.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "runtime/mpi_call.h"
#include "runtime/mpi_parts.h"

namespace switchyard {
namespace {

MPI_Op op_of(Reduce reduce) {
  switch (reduce) {
    case Reduce::sum:
      return MPI_SUM;
    case Reduce::min:
      return MPI_MIN;
    case Reduce::max:
      return MPI_MAX;
    case Reduce::bit_or:
      return MPI_BOR;
  }
  fail(Exit::internal, "unknown reduction");
}

// A row as one MPI element, so that counts and displacements are rows and do not overflow an int.
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

bool mpi_is_over() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  return finalized != 0;
}

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
  // The rank's rows for itself keep their places, and do not travel.
  void leave_behind(int rank) {
    sent.counts[static_cast<std::size_t>(rank)] = 0;
    received.counts[static_cast<std::size_t>(rank)] = 0;
  }
  void run(MPI_Comm comm) const {
    check_mpi(MPI_Alltoallv(in.data, sent.counts.data(), sent.begins.data(), row.get(), out.data,
                            received.counts.data(), received.begins.data(), row.get(), comm));
  }
};

// Pairs of messages: with MPI_Ialltoallv of Open MPI 4.1.4 exchanges in which some ranks had
// nothing to send hung in the tests; the cause was not found.
class MpiPendingRows final : public PendingRows {
 public:
  MpiPendingRows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                 std::span<const std::int64_t> recv, int my_rank, MPI_Comm comm)
      : exchange_(in, send, out, recv, static_cast<int>(send.size())) {
    exchange_.leave_behind(my_rank);
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

class MpiWindow final : public SharedWindow {
 public:
  MpiWindow(std::int64_t bytes, int num_ranks, MPI_Comm comm) : comm_(comm) {
    constexpr std::int64_t page_bytes = std::int64_t{2} << 20;
    const std::int64_t rounded = (bytes + page_bytes - 1) / page_bytes * page_bytes;
    void* mine = nullptr;
    check_mpi(MPI_Win_allocate_shared(rounded, 1, MPI_INFO_NULL, comm, &mine, &window_));
    check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_));
    for (int rank = 0; rank < num_ranks; ++rank) {
      MPI_Aint size = 0;
      int unit = 0;
      void* part = nullptr;
      check_mpi(MPI_Win_shared_query(window_, rank, &size, &unit, &part));
      parts_.push_back(static_cast<std::byte*>(part));
    }
    // Only a hint, for the whole pages inside: where huge pages are off, ordinary ones serve.
    const auto address = reinterpret_cast<std::uintptr_t>(mine);
    const std::uintptr_t aligned = (address + page_bytes - 1) / page_bytes * page_bytes;
    const auto skipped = static_cast<std::int64_t>(aligned - address);
    if (rounded > skipped) {
      madvise(static_cast<std::byte*>(mine) + skipped, static_cast<std::size_t>(rounded - skipped),
              MADV_HUGEPAGE);
    }
  }
  ~MpiWindow() override {
    if (mpi_is_over()) return;
    MPI_Win_unlock_all(window_);
    MPI_Win_free(&window_);
  }
  std::byte* part(int rank) const override { return parts_[static_cast<std::size_t>(rank)]; }
  void fence() override {
    check_mpi(MPI_Win_sync(window_));
    check_mpi(MPI_Barrier(comm_));
    check_mpi(MPI_Win_sync(window_));
  }

 private:
  MPI_Comm comm_;
  MPI_Win window_ = MPI_WIN_NULL;
  std::vector<std::byte*> parts_;
};

// Collectives on long vectors go in pieces, below what an int can count.
constexpr std::int64_t longest_piece = std::int64_t{1} << 28;

class MpiComm final : public Comm {
 public:
  MpiComm(MPI_Comm owned, FlightRecord* record) : comm_(owned), record_(record) {
    check_mpi(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN));
    check_mpi(MPI_Comm_rank(comm_, &rank_));
    check_mpi(MPI_Comm_size(comm_, &size_));
  }
  ~MpiComm() override {
    if (!mpi_is_over()) MPI_Comm_free(&comm_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void all_reduce(Tensor inout, Reduce reduce, Stream&) override {
    const InCollective mark(record_, Collective::all_reduce);
    in_pieces(inout, [&](void* data, int count) {
      check_mpi(
          MPI_Allreduce(MPI_IN_PLACE, data, count, mpi_type_of(inout.dtype), op_of(reduce), comm_));
    });
  }

  void broadcast(Tensor inout, int root, Stream&) override {
    const InCollective mark(record_, Collective::broadcast);
    in_pieces(inout, [&](void* data, int count) {
      check_mpi(MPI_Bcast(data, count, mpi_type_of(inout.dtype), root, comm_));
    });
  }

  void all_gather(Tensor in, Tensor out, Stream&) override {
    const InCollective mark(record_, Collective::all_gather);
    require(out.size() == in.size() * size_, "gathering {} of {} elements into {}", size_,
            in.size(), out.size());
    const RowType row(in.bytes());
    check_mpi(MPI_Allgather(in.data, 1, row.get(), out.data, 1, row.get(), comm_));
  }

  void reduce_scatter_parts(Tensor inout, std::span<const std::int64_t> sizes, Stream&) override {
    const InCollective mark(record_, Collective::reduce_scatter_parts);
    mpi_reduce_scatter_parts(inout, sizes, comm_);
  }

  void all_gather_parts(Tensor inout, std::span<const std::int64_t> sizes, Stream&) override {
    const InCollective mark(record_, Collective::all_gather_parts);
    mpi_all_gather_parts(inout, sizes, comm_);
  }

  void all_to_all_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                       std::span<const std::int64_t> recv, Stream&) override {
    const InCollective mark(record_, Collective::all_to_all_rows);
    RowExchange(in, send, out, recv, size_).run(comm_);
  }

  void exchange_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                     std::span<const std::int64_t> recv, Stream&) override {
    const InCollective mark(record_, Collective::exchange_rows);
    RowExchange exchange(in, send, out, recv, size_);
    exchange.leave_behind(rank_);
    exchange.run(comm_);
  }

  std::unique_ptr<PendingRows> start_exchange_rows(Tensor in, std::span<const std::int64_t> send,
                                                   Tensor out,
                                                   std::span<const std::int64_t> recv) override {
    require(std::ssize(send) == size_, "{} row counts for {} ranks", send.size(), size_);
    return std::make_unique<MpiPendingRows>(in, send, out, recv, rank_, comm_);
  }

  void barrier() override {
    const InCollective mark(record_, Collective::barrier);
    check_mpi(MPI_Barrier(comm_));
  }

  std::unique_ptr<Comm> split(int color, int key) override {
    MPI_Comm part = MPI_COMM_NULL;
    check_mpi(MPI_Comm_split(comm_, color, key, &part));
    return std::make_unique<MpiComm>(part, record_);
  }

  std::unique_ptr<Comm> split_node() override {
    MPI_Comm part = MPI_COMM_NULL;
    check_mpi(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &part));
    return std::make_unique<MpiComm>(part, record_);
  }

  std::unique_ptr<SharedWindow> shared_window(std::int64_t bytes) override {
    return std::make_unique<MpiWindow>(bytes, size_, comm_);
  }

  [[noreturn]] void abort(int exit_code) override {
    MPI_Abort(comm_, exit_code);
    std::exit(exit_code);
  }

 private:
  template <class Call>
  static void in_pieces(Tensor tensor, Call call) {
    for (std::int64_t begin = 0; begin < tensor.size(); begin += longest_piece) {
      const std::int64_t end = std::min(tensor.size(), begin + longest_piece);
      call(tensor.range(begin, end).data, static_cast<int>(end - begin));
    }
  }

  MPI_Comm comm_ = MPI_COMM_NULL;
  FlightRecord* record_;
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace

MpiSession::MpiSession(int* argc, char*** argv) {
  int provided = 0;
  check_mpi(MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided));
  // Before the first dup: a communicator inherits its handler, and without this one no call above
  // returns an error.
  check_mpi(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  require(provided == MPI_THREAD_MULTIPLE, Exit::usage,
          "this MPI library offers no MPI_THREAD_MULTIPLE (level {})", provided);
}

MpiSession::~MpiSession() { MPI_Finalize(); }

std::unique_ptr<Comm> MpiSession::world(FlightRecord* record) const {
  MPI_Comm copy = MPI_COMM_NULL;
  check_mpi(MPI_Comm_dup(MPI_COMM_WORLD, &copy));
  return std::make_unique<MpiComm>(copy, record);
}

}  // namespace switchyard
