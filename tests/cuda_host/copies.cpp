// Copies to shared memory that run beside the arithmetic (cp.async), by thread. They happen as late
// as can be: when the thread waits for them.
#include <cstring>
#include <deque>

#include "tests/cuda_host/device.h"

namespace cuda_host {
namespace {

constexpr std::size_t copied = 16;

struct Copy {
  const void* from;  // nullptr: zeros
  void* to;
};

struct Copies {
  std::vector<Copy> begun;
  std::deque<std::vector<Copy>> groups;
};

std::vector<Copies>& copies_of_block() {
  static std::vector<Copies> by_thread;
  return by_thread;
}

Copies& mine() {
  const auto [x, y, z] = place.thread;
  return copies_of_block()[x + place.block_dim.x * (y + place.block_dim.y * z)];
}

void need_whole(const void* address) {
  if (reinterpret_cast<std::uintptr_t>(address) % copied != 0)
    die("a copy of 16 bytes at an address that is no multiple of 16");
}

}  // namespace

void forget_copies(unsigned threads) { copies_of_block().assign(threads, {}); }

void begin_copy16(const void* from, bool zeros, void* to) {
  need_whole(from);
  need_whole(to);
  std::memset(to, 0xFF, copied);
  mine().begun.push_back({zeros ? nullptr : from, to});
}

void end_copy_group() {
  mine().groups.push_back(std::move(mine().begun));
  mine().begun.clear();
}

void wait_for_copies(int groups) {
  Copies& copies = mine();
  while (copies.groups.size() > static_cast<std::size_t>(groups)) {
    for (const Copy& copy : copies.groups.front()) {
      if (copy.from == nullptr) {
        std::memset(copy.to, 0, copied);
      } else {
        std::memcpy(copy.to, copy.from, copied);
      }
    }
    copies.groups.pop_front();
  }
}

}  // namespace cuda_host
