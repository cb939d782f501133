// NCCL as messages of MPI between the ranks of a group. A call drains its stream at once: a GPU
// would get there without the host, and a host that waits for its peer's host meanwhile would wait
// for ever.
#include <mpi.h>
#include <nccl.h>

#include <cstring>
#include <memory>
#include <vector>

#include "tests/cuda_host/device.h"

namespace cuda_host {

struct Nccl {
  int size, rank;
  int tag;                         // of this group's messages
  std::vector<int> rank_in_world;  // by rank of the group
  std::shared_ptr<bool> aborted = std::make_shared<bool>(false);
};

namespace {

struct Message {
  std::byte* memory;
  std::size_t bytes;
  int peer;
  bool sent;
};

struct Group {
  bool open = false;
  Nccl* comm = nullptr;
  cudaStream_t stream = nullptr;
  std::vector<Message> messages;
  std::vector<Nccl*> aborted;
};
Group group;
Peers state_of_peers = Peers::alive;

std::size_t bytes_of(ncclDataType_t type) {
  constexpr std::size_t bytes[] = {1, 1, 4, 8, 4, 8, 2};
  return bytes[type];
}

void exchange(const Nccl& comm, const std::vector<Message>& messages) {
  std::vector<MPI_Request> requests(messages.size());
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Message& m = messages[i];
    const int peer = comm.rank_in_world[static_cast<std::size_t>(m.peer)],
              bytes = static_cast<int>(m.bytes);
    if (m.sent) {
      MPI_Isend(m.memory, bytes, MPI_BYTE, peer, comm.tag, MPI_COMM_WORLD, &requests[i]);
    } else {
      MPI_Irecv(m.memory, bytes, MPI_BYTE, peer, comm.tag, MPI_COMM_WORLD, &requests[i]);
    }
  }
  MPI_Waitall(static_cast<int>(requests.size()), requests.data(), MPI_STATUSES_IGNORE);
}

// Everyone's `bytes` at `from`, in rank order.
std::vector<std::byte> gather(const Nccl& comm, const void* from, std::size_t bytes) {
  std::vector<std::byte> mine(bytes), all(bytes * static_cast<std::size_t>(comm.size));
  std::memcpy(mine.data(), from, bytes);
  std::vector<Message> messages;
  for (int peer = 0; peer < comm.size; ++peer) {
    messages.push_back({all.data() + static_cast<std::size_t>(peer) * bytes, bytes, peer, false});
    messages.push_back({mine.data(), bytes, peer, true});
  }
  exchange(comm, messages);
  return all;
}

template <class T>
std::vector<std::byte> reduce(const std::vector<std::byte>& all, std::size_t count,
                              ncclRedOp_t op) {
  std::vector<T> sum(count);
  for (std::size_t begin = 0; begin < all.size(); begin += count * sizeof(T)) {
    for (std::size_t i = 0; i < count; ++i) {
      T value;
      std::memcpy(&value, all.data() + begin + i * sizeof(T), sizeof value);
      sum[i] = begin == 0      ? value
               : op == ncclSum ? sum[i] + value
               : op == ncclMin ? std::min(sum[i], value)
                               : std::max(sum[i], value);
    }
  }
  std::vector<std::byte> bytes(count * sizeof(T));
  std::memcpy(bytes.data(), sum.data(), bytes.size());
  return bytes;
}

// What goes where.
struct Arrival {
  std::vector<std::byte> bytes;
  void* to;
};

// What arrives lies in its place no sooner than the queue comes to it: work that does not wait for
// that finds what was there before.
void run(const Nccl& comm, cudaStream_t stream, const std::function<std::vector<Arrival>()>& work) {
  if (!starts_first(stream)) die("NCCL on a stream of usual priority");
  if (state_of_peers != Peers::alive) {
    enqueue(stream, [aborted = comm.aborted] {
      if (!*aborted) die("the host waits for what a dead peer never sends");
    });
    return;
  }
  std::vector<Arrival> arrived;
  enqueue(stream, [&] { arrived = work(); });
  drain(stream);
  enqueue(stream, [arrived] {
    for (const Arrival& arrival : arrived)
      std::memcpy(arrival.to, arrival.bytes.data(), arrival.bytes.size());
  });
}

// Between copies: a peer's process that reads here opens no device memory.
std::vector<Arrival> exchange_aside(const Nccl& comm, std::vector<Message> messages) {
  std::vector<Arrival> arrived;
  std::vector<std::vector<std::byte>> leaving;
  arrived.reserve(messages.size());  // the messages name the bytes
  leaving.reserve(messages.size());
  for (Message& message : messages) {
    if (message.sent) {
      leaving.emplace_back(message.memory, message.memory + message.bytes);
      message.memory = leaving.back().data();
    } else {
      arrived.push_back({std::vector<std::byte>(message.bytes), message.memory});
      message.memory = arrived.back().bytes.data();
    }
  }
  exchange(comm, messages);
  return arrived;
}

// Giving back its memory waits for the device.
void free_aborted(Nccl* comm) {
  cudaDeviceSynchronize();
  delete comm;
}

ncclResult_t add(Message message, ncclComm_t comm, cudaStream_t stream) {
  if (!group.open) return ncclInvalidArgument;
  if (state_of_peers == Peers::noticed) return ncclRemoteError;
  check_argument(message.memory);
  group.comm = comm;
  group.stream = stream;
  group.messages.push_back(message);
  return ncclSuccess;
}

}  // namespace

void set_peers(Peers now) { state_of_peers = now; }
Peers peers() { return state_of_peers; }

}  // namespace cuda_host

using namespace cuda_host;

const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclRemoteError ? "remote process exited" : "invalid argument";
}

// Who made the id, and a tag that it has not used.
ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static int next = 1;
  int words[2] = {0, 0};
  MPI_Comm_rank(MPI_COMM_WORLD, &words[0]);
  words[1] = (next++ * 64 + words[0]) % 30000;
  std::memcpy(id->internal, words, sizeof words);
  return ncclSuccess;
}

ncclResult_t ncclCommInitRankConfig(ncclComm_t* comm, int size, ncclUniqueId id, int rank,
                                    ncclConfig_t* config) {
  if (config->blocking != 0) die("a communicator that blocks cannot be left when a peer is dead");
  int words[2], mine = 0;
  std::memcpy(words, id.internal, sizeof words);
  MPI_Comm_rank(MPI_COMM_WORLD, &mine);
  auto* made = new Nccl{size, rank, words[1], std::vector<int>(static_cast<std::size_t>(size))};
  int pair[2] = {rank, mine};
  MPI_Request request;
  MPI_Isend(pair, 2, MPI_INT, words[0], words[1], MPI_COMM_WORLD, &request);
  std::vector<int>& table = made->rank_in_world;
  if (mine == words[0]) {
    for (int i = 0; i < size; ++i) {
      int other[2];
      MPI_Recv(other, 2, MPI_INT, MPI_ANY_SOURCE, words[1], MPI_COMM_WORLD, MPI_STATUS_IGNORE);
      table[static_cast<std::size_t>(other[0])] = other[1];
    }
    for (const int peer : table)
      if (peer != mine) MPI_Send(table.data(), size, MPI_INT, peer, words[1], MPI_COMM_WORLD);
  } else {
    MPI_Recv(table.data(), size, MPI_INT, words[0], words[1], MPI_COMM_WORLD, MPI_STATUS_IGNORE);
  }
  MPI_Wait(&request, MPI_STATUS_IGNORE);
  *comm = made;
  return ncclInProgress;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t, ncclResult_t* state) {
  *state = state_of_peers == Peers::noticed ? ncclRemoteError : ncclSuccess;
  return ncclSuccess;
}
ncclResult_t ncclCommAbort(ncclComm_t comm) {
  *comm->aborted = true;
  if (group.open) {
    group.aborted.push_back(comm);
  } else {
    free_aborted(comm);
  }
  return ncclSuccess;
}

ncclResult_t ncclGroupStart() {
  if (group.open) die("a group of NCCL's within another, which begins when that one ends");
  group = {true, nullptr, nullptr, {}, {}};
  return ncclSuccess;
}
ncclResult_t ncclGroupEnd() {
  group.open = false;
  if (group.comm != nullptr) {
    run(*group.comm, group.stream,
        [comm = group.comm, messages = group.messages] { return exchange_aside(*comm, messages); });
  }
  for (Nccl* comm : group.aborted) free_aborted(comm);
  return ncclInProgress;
}
ncclResult_t ncclSend(const void* from, std::size_t count, ncclDataType_t type, int peer,
                      ncclComm_t comm, cudaStream_t stream) {
  return add({static_cast<std::byte*>(const_cast<void*>(from)), count * bytes_of(type), peer, true},
             comm, stream);
}
ncclResult_t ncclRecv(void* to, std::size_t count, ncclDataType_t type, int peer, ncclComm_t comm,
                      cudaStream_t stream) {
  return add({static_cast<std::byte*>(to), count * bytes_of(type), peer, false}, comm, stream);
}

ncclResult_t ncclReduce(const void* from, void* to, std::size_t count, ncclDataType_t type,
                        ncclRedOp_t op, int root, ncclComm_t comm, cudaStream_t stream) {
  check_argument(from);
  check_argument(to);
  run(*comm, stream, [=]() -> std::vector<Arrival> {
    const std::vector<std::byte> all = gather(*comm, from, count * bytes_of(type));
    if (root >= 0 && root != comm->rank) return {};
    if (type == ncclFloat32) return {{reduce<float>(all, count, op), to}};
    if (type == ncclFloat64) return {{reduce<double>(all, count, op), to}};
    if (type == ncclInt32) return {{reduce<std::int32_t>(all, count, op), to}};
    if (type == ncclInt64) return {{reduce<std::int64_t>(all, count, op), to}};
    if (type == ncclInt8) return {{reduce<std::int8_t>(all, count, op), to}};
    if (type == ncclUint8) return {{reduce<std::uint8_t>(all, count, op), to}};
    die("a reduction of a type that no test double adds");
  });
  return ncclInProgress;
}
ncclResult_t ncclAllReduce(const void* from, void* to, std::size_t count, ncclDataType_t type,
                           ncclRedOp_t op, ncclComm_t comm, cudaStream_t stream) {
  constexpr int everyone = -1;
  return ncclReduce(from, to, count, type, op, everyone, comm, stream);
}
ncclResult_t ncclBroadcast(const void* from, void* to, std::size_t count, ncclDataType_t type,
                           int root, ncclComm_t comm, cudaStream_t stream) {
  const std::size_t bytes = count * bytes_of(type);
  run(*comm, stream, [=]() -> std::vector<Arrival> {
    const std::vector<std::byte> all = gather(*comm, from, bytes);
    const auto begin =
        all.begin() + static_cast<std::ptrdiff_t>(static_cast<std::size_t>(root) * bytes);
    return {{{begin, begin + static_cast<std::ptrdiff_t>(bytes)}, to}};
  });
  return ncclInProgress;
}
ncclResult_t ncclAllGather(const void* from, void* to, std::size_t count, ncclDataType_t type,
                           ncclComm_t comm, cudaStream_t stream) {
  run(*comm, stream, [=]() -> std::vector<Arrival> {
    return {{gather(*comm, from, count * bytes_of(type)), to}};
  });
  return ncclInProgress;
}
