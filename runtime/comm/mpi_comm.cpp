#include "runtime/comm/mpi_comm.h"

#include <mpi.h>
#include <sys/mman.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

#include "runtime/comm/mpi_call.h"
#include "runtime/comm/mpi_parts.h"
#include "runtime/comm/mpi_rows.h"

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

bool mpi_is_over() {
  int finalized = 0;
  MPI_Finalized(&finalized);
  return finalized != 0;
}

std::int64_t to_next(std::int64_t boundary, const void* address) {
  const auto place = static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(address));
  return (boundary - place % boundary) % boundary;
}

constexpr std::int64_t page_bytes = std::int64_t{2} << 20, small_page = 4096;

// Open MPI 4.1.4 begins parts 8 bytes past a cache line, so that every row would straddle lines,
// and copies could not stream. Ranks map whole pages, so they agree where the next one begins.
std::int64_t part_bytes(std::int64_t bytes) {
  return (bytes + small_page + page_bytes - 1) / page_bytes * page_bytes;
}

// MPI keeps shared windows in /dev/shm. An implementation that finds no room there fails on one
// rank, while the others wait for it forever. Where there is no such folder, MPI has to know.
bool has_shared_room(std::int64_t bytes) {
  constexpr std::int64_t state_of_a_window = std::int64_t{1} << 20;
  struct statvfs found {};
  if (statvfs("/dev/shm", &found) != 0) return true;
  return bytes + state_of_a_window <= static_cast<std::int64_t>(found.f_bavail * found.f_frsize);
}

class MpiWindow final : public SharedWindow {
 public:
  MpiWindow(std::int64_t bytes, int num_ranks, MPI_Comm comm) : comm_(comm) {
    const std::int64_t rounded = part_bytes(bytes);
    void* mine = nullptr;
    check_mpi(MPI_Win_allocate_shared(rounded, 1, MPI_INFO_NULL, comm, &mine, &window_));
    check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, window_));
    for (int rank = 0; rank < num_ranks; ++rank) {
      MPI_Aint size = 0;
      int unit = 0;
      void* part = nullptr;
      check_mpi(MPI_Win_shared_query(window_, rank, &size, &unit, &part));
      parts_.push_back(static_cast<std::byte*>(part) + to_next(small_page, part));
    }
    // This is only a hint, for the whole pages inside: where huge pages are off, the system uses
    // ordinary ones.
    const std::int64_t skipped = to_next(page_bytes, mine);
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

// Collectives on long vectors go in pieces whose elements an int can count.
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
    if (in.size() == 0)
      return;  // true on all ranks or none; MPICH takes two null pointers for aliases
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
    exchange.skip_own(rank_);
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
    const std::int64_t fits = has_shared_room(size_ * part_bytes(bytes)) ? 1 : 0;
    if (reduce_one(*this, fits, Reduce::min) == 0) return nullptr;
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
  // This comes before the first dup, because a communicator inherits its handler. With MPI's own
  // handler no call would return an error.
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
