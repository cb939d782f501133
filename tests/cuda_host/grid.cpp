// Blocks one after another; the threads of a block as fibers that take turns in an order drawn anew
// for each round, so that a kernel that leans on an order fails.
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <numeric>

#include "tests/cuda_host/device.h"
#include "tests/cuda_host/fibers.h"

namespace cuda_host {
namespace {

constexpr unsigned lanes = 32;
enum class At { running, block_barrier, warp_barrier, end };

struct Block {
  unsigned size = 0;
  int current = 0;
  std::vector<At> at;
  std::vector<uint3> thread;
  std::vector<unsigned> shuffles;  // by thread: how many it has called
  std::vector<std::array<std::uint64_t, 2>>
      deposited;  // by thread; two, since a fast lane may be one ahead
};

Block block;
Fibers fibers;
std::uint64_t order_state = 0x9E3779B97F4A7C15ULL;
std::byte* shared = nullptr;
constexpr std::size_t max_shared = std::size_t{232}
                                   << 10;  // 227 KiB, as on Hopper, and what rounds it to pages

std::uint64_t draw() {
  order_state ^= order_state << 13;
  order_state ^= order_state >> 7;
  return order_state ^= order_state << 17;
}

// The block's bytes end where a page begins that nobody may touch.
void renew_shared(std::size_t bytes) {
  if (bytes > max_shared - 5 * 1024)
    die("a kernel asks for more shared memory than a block can have");
  static std::byte* const end = [] {
    auto* memory = static_cast<std::byte*>(
        mmap(nullptr, max_shared + 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    mprotect(memory, max_shared, PROT_READ | PROT_WRITE);
    return memory + max_shared;
  }();
  shared = end - (bytes + 15) / 16 * 16;
  __builtin_memset(shared, 0xFF, static_cast<std::size_t>(end - shared));
}

void wait(At barrier) {
  const auto me = static_cast<std::size_t>(block.current);
  block.at[me] = barrier;
  fibers.pause();
}

unsigned first_of_warp(int thread) { return static_cast<unsigned>(thread) / lanes * lanes; }

// All threads of [begin, end) that have not ended stand at `barrier`, and one does.
bool complete(unsigned begin, unsigned end, At barrier) {
  bool any = false;
  for (unsigned i = begin; i < end; ++i) {
    if (block.at[i] != barrier && block.at[i] != At::end) return false;
    any |= block.at[i] == barrier;
  }
  return any;
}

bool release_barriers() {
  bool released = false;
  const auto release = [&](unsigned begin, unsigned end, At barrier) {
    if (!complete(begin, end, barrier)) return;
    for (unsigned i = begin; i < end; ++i)
      if (block.at[i] == barrier) block.at[i] = At::running;
    released = true;
  };
  for (unsigned begin = 0; begin < block.size; begin += lanes)
    release(begin, std::min(block.size, begin + lanes), At::warp_barrier);
  release(0, block.size, At::block_barrier);
  return released;
}

void run_block(const std::function<void()>& thread) {
  const std::function<void(int)> body = [&](int) { thread(); };
  fibers.start(static_cast<int>(block.size), body);
  std::vector<int> order(block.size);
  std::iota(order.begin(), order.end(), 0);
  while (true) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[draw() % i]);
    for (const int fiber : order) {
      const auto at = static_cast<std::size_t>(fiber);
      if (block.at[at] != At::running) continue;
      block.current = fiber;
      cuda_host::place.thread = block.thread[at];
      if (fibers.resume(fiber)) block.at[at] = At::end;
    }
    if (!release_barriers()) break;
  }
  for (const At at : block.at) {
    if (at != At::end)
      die("a kernel's threads wait at a barrier that others of their block or warp never reach");
  }
}

void start_block(dim3 size) {
  block.size = size.x * size.y * size.z;
  if (block.size == 0 || block.size > 1024) die("a block needs 1 to 1,024 threads");
  block.at.assign(block.size, At::running);
  block.shuffles.assign(block.size, 0);
  block.deposited.assign(block.size, {});
  forget_copies(block.size);
  block.thread.clear();
  for (unsigned z = 0; z < size.z; ++z)
    for (unsigned y = 0; y < size.y; ++y)
      for (unsigned x = 0; x < size.x; ++x) block.thread.push_back({x, y, z});
}

}  // namespace

Place place;
void* shared_memory() { return shared; }
void block_barrier() { wait(At::block_barrier); }
void warp_barrier() { wait(At::warp_barrier); }

std::uint64_t exchange(std::uint64_t value, unsigned from) {
  const auto me = static_cast<std::size_t>(block.current);
  const unsigned turn = block.shuffles[me]++ % 2;
  block.deposited[me][turn] = value;
  warp_barrier();
  const unsigned other = first_of_warp(static_cast<int>(me)) + from;
  if (other >= block.size) die("a shuffle reads a lane that the block does not have");
  return block.deposited[other][turn];
}

std::uint32_t ballot(bool value) {
  const auto me = static_cast<std::size_t>(block.current);
  const unsigned turn = block.shuffles[me]++ % 2;
  block.deposited[me][turn] = value;
  warp_barrier();
  std::uint32_t votes = 0;
  const unsigned first = first_of_warp(static_cast<int>(me));
  for (unsigned lane = 0; lane < lanes && first + lane < block.size; ++lane)
    votes |= static_cast<std::uint32_t>(block.deposited[first + lane][turn] & 1U) << lane;
  return votes;
}

void gather_bits(std::uint64_t value, std::uint64_t (&of_lane)[32]) {
  const auto me = static_cast<std::size_t>(block.current);
  const unsigned turn = block.shuffles[me]++ % 2, first = first_of_warp(static_cast<int>(me));
  block.deposited[me][turn] = value;
  warp_barrier();
  if (first + lanes > block.size) die("all lanes of a warp that the block does not fill");
  for (unsigned lane = 0; lane < lanes; ++lane) of_lane[lane] = block.deposited[first + lane][turn];
}

void enqueue_grid(Queue* queue, dim3 grid, dim3 threads, std::size_t shared_bytes,
                  std::function<void()> thread) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || grid.y > 65535 || grid.z > 65535)
    die("a grid without blocks, or too large");
  ++calls.launches;
  enqueue(queue, [=, body = std::move(thread)] {
    place.block_dim = threads;
    place.grid_dim = grid;
    for (unsigned z = 0; z < grid.z; ++z)
      for (unsigned y = 0; y < grid.y; ++y)
        for (unsigned x = 0; x < grid.x; ++x) {
          place.block = {x, y, z};
          start_block(threads);
          renew_shared(shared_bytes);
          run_block(body);
        }
  });
}

void enqueue_sort(Queue* queue, const std::uint64_t* keys, const std::int32_t* values,
                  std::uint64_t* sorted_keys, std::int32_t* sorted_values, std::int64_t count,
                  int bits) {
  for (const void* pointer :
       {static_cast<const void*>(keys), static_cast<const void*>(values),
        static_cast<const void*>(sorted_keys), static_cast<const void*>(sorted_values)})
    check_argument(pointer);
  ++calls.launches;
  enqueue(queue, [=] {
    const std::uint64_t mask = bits >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    std::vector<std::int64_t> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), std::int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
      return (keys[a] & mask) < (keys[b] & mask);
    });
    for (std::size_t i = 0; i < order.size(); ++i) {
      sorted_keys[i] = keys[order[i]];
      sorted_values[i] = values[order[i]];
    }
  });
}

}  // namespace cuda_host
