#include "runtime/comm/mpi_parts.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "runtime/comm/mpi_call.h"
#include "runtime/comm/mpi_rows.h"

namespace switchyard {
namespace {

// Elements of one message: enough for a network's bandwidth, few enough to be added while they are
// in the cache.
constexpr std::int64_t message_elements = std::int64_t{1} << 17;

// This rank's place in a communicator, and each rank's part of the tensor.
struct PartMap {
  int rank = 0, size = 1;
  std::vector<Tensor> part;

  PartMap(Tensor whole, std::span<const std::int64_t> sizes, MPI_Comm comm) {
    check_mpi(MPI_Comm_rank(comm, &rank));
    check_mpi(MPI_Comm_size(comm, &size));
    require(std::ssize(sizes) == size &&
                std::accumulate(sizes.begin(), sizes.end(), std::int64_t{0}) == whole.size(),
            "{} parts of a tensor of {} for {} ranks", sizes.size(), whole.shape, size);
    std::int64_t begin = 0;
    for (const std::int64_t count : sizes) {
      part.push_back(whole.range(begin, begin + count));
      begin += count;
    }
  }
  int away(int places) const { return ((rank + places) % size + size) % size; }
  Tensor of(int of_rank) const { return part[static_cast<std::size_t>(of_rank)]; }
};

std::int64_t num_messages(Tensor part) {
  return (part.size() + message_elements - 1) / message_elements;
}

Tensor message(Tensor part, std::int64_t number) {
  const std::int64_t begin = number * message_elements;
  return part.range(begin, std::min(part.size(), begin + message_elements));
}

MPI_Request start_receive(Tensor into, int from, MPI_Comm comm) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Irecv(into.data, static_cast<int>(into.size()), mpi_type_of(into.dtype), from, 0,
                      comm, &request));
  return request;
}

std::vector<MPI_Request> start_sends(Tensor part, int to, MPI_Comm comm) {
  std::vector<MPI_Request> requests(static_cast<std::size_t>(num_messages(part)));
  for (std::int64_t i = 0; i < num_messages(part); ++i) {
    const Tensor piece = message(part, i);
    check_mpi(MPI_Isend(piece.data, static_cast<int>(piece.size()), mpi_type_of(piece.dtype), to, 0,
                        comm, &requests[static_cast<std::size_t>(i)]));
  }
  return requests;
}

void wait_for(std::vector<MPI_Request>& requests) {
  check_mpi(MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE));
}

// Adds to the part what `from` sends. scratch holds two messages: one arrives while the other is
// added.
void add_arriving(Tensor part, Tensor scratch, int from, MPI_Comm comm) {
  const auto slot = [&](std::int64_t i) {
    return scratch.row_range(i % 2, i % 2 + 1).range(0, message(part, i).size());
  };
  const std::int64_t count = num_messages(part);
  MPI_Request next = count > 0 ? start_receive(slot(0), from, comm) : MPI_REQUEST_NULL;
  for (std::int64_t i = 0; i < count; ++i) {
    check_mpi(MPI_Wait(&next, MPI_STATUS_IGNORE));
    if (i + 1 < count) next = start_receive(slot(i + 1), from, comm);
    const Tensor piece = message(part, i);
    check_mpi(MPI_Reduce_local(slot(i).data, piece.data, static_cast<int>(piece.size()),
                               mpi_type_of(piece.dtype), MPI_SUM));
  }
}

}  // namespace

void mpi_reduce_scatter_parts(Tensor inout, std::span<const std::int64_t> sizes, MPI_Comm comm) {
  const PartMap map(inout, sizes, comm);
  const std::int64_t longest = std::min(message_elements, map.of(map.rank).size());
  const Buffer scratch(Shape{2, longest}, inout.dtype);
  for (int places = 1; places < map.size; ++places) {
    const int to = map.away(places);
    std::vector<MPI_Request> sends = start_sends(map.of(to), to, comm);
    add_arriving(map.of(map.rank), scratch, map.away(-places), comm);
    wait_for(sends);
  }
}

void mpi_all_gather_parts(Tensor inout, std::span<const std::int64_t> sizes, MPI_Comm comm) {
  const PartMap map(inout, sizes, comm);
  if (inout.empty()) return;
  // As many elements as divide every part make one row, so that int counts reach further.
  std::int64_t row_elements = std::int64_t{1} << 20;
  for (const std::int64_t size : sizes) row_elements = std::gcd(row_elements, size);
  std::vector<std::int64_t> rows;
  for (const std::int64_t size : sizes) rows.push_back(size / row_elements);
  const RowCounts counts(rows);
  const RowType row(row_elements * bytes_of(inout.dtype));
  check_mpi(MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, inout.data, counts.counts.data(),
                           counts.begins.data(), row.get(), comm));
}

}  // namespace switchyard
