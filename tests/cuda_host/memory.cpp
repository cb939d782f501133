// Device memory: an address range of its own that only work from a queue may touch. Every
// allocation ends at a page that nobody may touch, is full of ones (a NaN in any place that nobody
// wrote), and its addresses are never used again.
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <vector>

#include "tests/cuda_host/device.h"

namespace cuda_host {
namespace {

constexpr std::size_t page = 4096;
constexpr std::size_t range_bytes = std::size_t{1} << 40;

struct DeviceMemory {
  std::byte* begin;
  std::byte* next;
  std::map<std::byte*, std::size_t> pages;  // of live allocations, by first page
  std::map<const void*, std::byte*> first_page;
  std::map<const void*, std::size_t> pinned;  // bytes by address
  std::vector<std::byte*> open;               // first pages of what the work that runs has touched
  int users = 0;                              // OnDevice
  std::int64_t held = 0;                      // bytes

  DeviceMemory() {
    begin = next = static_cast<std::byte*>(
        mmap(nullptr, range_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    if (begin == MAP_FAILED) die("no address range for device memory");
  }
  // Opens the allocation that holds the address, if one does.
  bool open_at(std::byte* address) {
    auto found = pages.upper_bound(address);
    if (found == pages.begin()) return false;
    --found;
    if (address >= found->first + found->second) return false;
    open.push_back(found->first);
    return mprotect(found->first, found->second, PROT_READ | PROT_WRITE) == 0;
  }
  void close_all() {
    for (std::byte* first : open) {
      const auto found = pages.find(first);
      if (found != pages.end()) mprotect(first, found->second, PROT_NONE);
    }
    open.clear();
  }
};

DeviceMemory& memory();

// The first touch of an allocation by work that a queue runs opens it; any other touch ends the
// program.
void on_fault(int, siginfo_t* info, void*) {
  if (is_device_memory(info->si_addr)) {
    if (memory().users > 0 && memory().open_at(static_cast<std::byte*>(info->si_addr))) return;
    static constexpr char text[] =
        "cuda_host: host code touched device memory, or a kernel touched what lies beside its "
        "tensors\n";
    [[maybe_unused]] const auto written = write(2, text, sizeof text - 1);
  }
  signal(SIGSEGV, SIG_DFL);
}

// Never destroyed: a stream may live as long as the program, and be older than this.
DeviceMemory& memory() {
  static DeviceMemory& all = *new DeviceMemory;
  static const bool explained = [] {
    struct sigaction action {};
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    sigaction(SIGSEGV, &action, nullptr);
    return true;
  }();
  (void)explained;
  return all;
}

}  // namespace

void die(const char* what) {
  std::fprintf(stderr, "cuda_host: %s\n", what);
  std::abort();
}

OnDevice::OnDevice() { ++memory().users; }
OnDevice::~OnDevice() {
  if (--memory().users == 0) memory().close_all();
}

bool is_device_memory(const void* address) {
  const auto* at = static_cast<const std::byte*>(address);
  return at >= memory().begin && at < memory().begin + range_bytes;
}

bool is_pinned(const void* address) {
  auto found = memory().pinned.upper_bound(address);
  if (found == memory().pinned.begin()) return false;
  --found;
  return static_cast<const std::byte*>(address) <
         static_cast<const std::byte*>(found->first) + found->second;
}

void check_argument(const void* pointer) {
  if (pointer != nullptr && !is_device_memory(pointer))
    die("a kernel is given an address of the host");
}

}  // namespace cuda_host

using namespace cuda_host;

cudaError_t cudaMalloc(void** result, std::size_t bytes) {
  ++calls.allocations;
  DeviceMemory& all = memory();
  const std::size_t room = (bytes + 15) / 16 * 16, pages = (room + page - 1) / page * page;
  if (all.held + static_cast<std::int64_t>(pages) > sizes.memory) return refuse_memory();
  all.held += static_cast<std::int64_t>(pages);
  std::byte* first = all.next;
  all.next += pages + page;
  *result = first + (pages - room);
  mprotect(first, pages, PROT_READ | PROT_WRITE);
  std::memset(first, 0xFF, pages);
  mprotect(first, pages, PROT_NONE);
  if (pages > 0) all.pages[first] = pages;
  all.first_page[*result] = first;
  return cudaSuccess;
}

cudaError_t cudaFree(void* address) {
  if (address == nullptr) return cudaSuccess;
  ++calls.allocations;
  cudaDeviceSynchronize();
  DeviceMemory& all = memory();
  const auto found = all.first_page.find(address);
  if (found == all.first_page.end()) die("cudaFree of what cudaMalloc did not give");
  const auto pages = all.pages.find(found->second);
  if (pages != all.pages.end()) {
    madvise(pages->first, pages->second, MADV_DONTNEED);
    mprotect(pages->first, pages->second, PROT_NONE);
    all.held -= static_cast<std::int64_t>(pages->second);
    all.pages.erase(pages);
  }
  all.first_page.erase(found);
  return cudaSuccess;
}

cudaError_t cudaMallocHost(void** result, std::size_t bytes) {
  ++calls.allocations;
  *result = std::aligned_alloc(4096, (bytes + 4096) / 4096 * 4096);
  std::memset(*result, 0xFF, bytes);
  memory().pinned[*result] = bytes;
  return cudaSuccess;
}

cudaError_t cudaFreeHost(void* address) {
  ++calls.allocations;
  memory().pinned.erase(address);
  std::free(address);
  return cudaSuccess;
}
