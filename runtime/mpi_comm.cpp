#include "runtime/mpi_comm.h"

#include <mpi.h>

#include <algorithm>
#include <cstdlib>
#include <source_location>
#include <utility>

namespace switchyard {
namespace {

void check(int code, std::source_location where = std::source_location::current()) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING];
  int length = 0;
  MPI_Error_string(code, text, &length);
  fail(Exit::peer, "MPI failed in {}: {}", where.function_name(),
       std::string(text, static_cast<std::size_t>(length)));
}

MPI_Datatype type_of(DType dtype) {
  switch (dtype) {
    case DType::f32:
      return MPI_FLOAT;
    case DType::f64:
      return MPI_DOUBLE;
    case DType::i32:
      return MPI_INT32_T;
    case DType::i64:
      return MPI_INT64_T;
    case DType::u8:
      return MPI_UINT8_T;
  }
  fail(Exit::internal, "MPI has no type for {}", name_of(dtype));
}

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
    check(MPI_Type_contiguous(static_cast<int>(bytes), MPI_BYTE, &type_));
    check(MPI_Type_commit(&type_));
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

// Collectives on long vectors go in pieces, below what an int can count.
constexpr std::int64_t longest_piece = std::int64_t{1} << 28;

class MpiComm final : public Comm {
 public:
  MpiComm(MPI_Comm owned, FlightRecord* record) : comm_(owned), record_(record) {
    check(MPI_Comm_set_errhandler(comm_, MPI_ERRORS_RETURN));
    check(MPI_Comm_rank(comm_, &rank_));
    check(MPI_Comm_size(comm_, &size_));
  }
  ~MpiComm() override {
    int finalized = 0;
    MPI_Finalized(&finalized);
    if (finalized == 0) MPI_Comm_free(&comm_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void all_reduce(Tensor inout, Reduce reduce, Stream&) override {
    const InCollective mark(record_, "all_reduce");
    in_pieces(inout, [&](void* data, int count) {
      check(MPI_Allreduce(MPI_IN_PLACE, data, count, type_of(inout.dtype), op_of(reduce), comm_));
    });
  }

  void broadcast(Tensor inout, int root, Stream&) override {
    const InCollective mark(record_, "broadcast");
    in_pieces(inout, [&](void* data, int count) {
      check(MPI_Bcast(data, count, type_of(inout.dtype), root, comm_));
    });
  }

  void all_gather(Tensor in, Tensor out, Stream&) override {
    const InCollective mark(record_, "all_gather");
    require(out.size() == in.size() * size_, "gathering {} of {} elements into {}", size_,
            in.size(), out.size());
    const RowType row(in.bytes());
    check(MPI_Allgather(in.data, 1, row.get(), out.data, 1, row.get(), comm_));
  }

  void all_to_all_rows(Tensor in, std::span<const std::int64_t> send, Tensor out,
                       std::span<const std::int64_t> recv, Stream&) override {
    require(std::ssize(send) == size_ && std::ssize(recv) == size_,
            "{} and {} row counts for {} ranks", send.size(), recv.size(), size_);
    const InCollective mark(record_, "all_to_all_rows");
    const RowCounts sent(send), received(recv);
    require(sent.total == in.rows() && received.total == out.rows(),
            "sending {} of {} rows, receiving {} into {}", sent.total, in.rows(), received.total,
            out.rows());
    require(in.empty() || out.empty() || (in.cols() == out.cols() && in.dtype == out.dtype),
            "rows of {} {} arrive as {} {}", in.shape, name_of(in.dtype), out.shape,
            name_of(out.dtype));
    const Tensor filled = in.empty() ? out : in;
    const RowType row(filled.cols() * bytes_of(filled.dtype));
    check(MPI_Alltoallv(in.data, sent.counts.data(), sent.begins.data(), row.get(), out.data,
                        received.counts.data(), received.begins.data(), row.get(), comm_));
  }

  void barrier() override {
    const InCollective mark(record_, "barrier");
    check(MPI_Barrier(comm_));
  }

  std::unique_ptr<Comm> split(int color, int key) override {
    MPI_Comm part = MPI_COMM_NULL;
    check(MPI_Comm_split(comm_, color, key, &part));
    return std::make_unique<MpiComm>(part, record_);
  }

  std::unique_ptr<Comm> split_node() override {
    MPI_Comm part = MPI_COMM_NULL;
    check(MPI_Comm_split_type(comm_, MPI_COMM_TYPE_SHARED, rank_, MPI_INFO_NULL, &part));
    return std::make_unique<MpiComm>(part, record_);
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
  check(MPI_Init_thread(argc, argv, MPI_THREAD_MULTIPLE, &provided));
  // Before the first dup: a communicator inherits its handler, and without this one no call above
  // returns an error.
  check(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN));
  require(provided == MPI_THREAD_MULTIPLE, Exit::usage,
          "this MPI library offers no MPI_THREAD_MULTIPLE (level {})", provided);
}

MpiSession::~MpiSession() { MPI_Finalize(); }

std::unique_ptr<Comm> MpiSession::world(FlightRecord* record) const {
  MPI_Comm copy = MPI_COMM_NULL;
  check(MPI_Comm_dup(MPI_COMM_WORLD, &copy));
  return std::make_unique<MpiComm>(copy, record);
}

}  // namespace switchyard
