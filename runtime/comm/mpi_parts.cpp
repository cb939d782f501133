#include "runtime/comm/mpi_parts.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "runtime/comm/mpi_call.h"

namespace switchyard {
namespace {

// Elements of one message: large enough for a network's bandwidth, small enough to be added from
// the cache.
constexpr std::int64_t message_elements = std::int64_t{1} << 17;

// Who I am in a communicator, and where each rank's part of the tensor lies.
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

// part += what `from` sends of it. scratch: two messages; one arrives while the other is added.
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
  for (int places = 0; places + 1 < map.size; ++places) {
    const Tensor arriving = map.of(map.away(-places - 1));
    std::vector<MPI_Request> requests = start_sends(map.of(map.away(-places)), map.away(1), comm);
    for (std::int64_t i = 0; i < num_messages(arriving); ++i)
      requests.push_back(start_receive(message(arriving, i), map.away(-1), comm));
    wait_for(requests);
  }
}

}  // namespace switchyard
